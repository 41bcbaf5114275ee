/* SPDX-License-Identifier: Apache-2.0 */

/* Log records of a runtime without a channel, cut as the first byte says. */

#include "fuzz.h"

#include "base/limits.h"
#include "base/must.h"
#include "invoke/log_records.h"

static size_t read_piece(struct log_records *records, struct str piece)
{
    struct runtime_log record;
    size_t given = 0;

    while (log_records_read(records, &piece, &record)) {
        must(record.message.len > 0);
        must(record.message.len <= LIMIT_LOG_EVENT_BYTES);
        must(record.level <= 6);
        given += record.message.len;
    }
    return given;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_records records = {0};
    struct str rest = str_make((const char *)data, size);
    size_t step = size ? (size_t)data[0] + 1 : 1;
    size_t given = 0;
    struct runtime_log record;

    rest = str_sub(rest, 1, rest.len);
    for (; rest.len; rest = str_sub(rest, step, rest.len))
        given += read_piece(&records, str_sub(rest, 0, step));
    if (log_records_flush(&records, &record))
        given += record.message.len;
    must(given + records.dropped <= size); /* nothing is told twice */
    log_records_deinit(&records);
    return 0;
}
