/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_records.h"

#include <string.h>

#include "base/endian.h"
#include "base/limits.h"
#include "invoke/log_level.h"

enum { FORMAT_FIRST = 1, FORMAT_JSON = 2 };

static const uint8_t magic[] = {0xa5, 0x5a, 0x00};

static unsigned format_of(uint8_t byte)
{
    return byte & 3;
}

static unsigned level_of(uint8_t byte)
{
    return byte >> 2;
}

static bool is_kind(uint8_t byte)
{
    if (format_of(byte) == FORMAT_FIRST)
        return level_of(byte) == LOG_LEVEL_NONE;
    return format_of(byte) && level_of(byte) <= LOG_LEVEL_FATAL;
}

/* Can a record begin with what is in the head? */
static bool is_beginning(const struct log_records *records)
{
    size_t len = records->head_len < sizeof(magic) ? records->head_len : sizeof(magic);

    return memcmp(records->head, magic, len) == 0 &&
           (records->head_len <= sizeof(magic) || is_kind(records->head[sizeof(magic)]));
}

static size_t head_need(const struct log_records *records)
{
    bool is_first = records->head_len > sizeof(magic) &&
                    format_of(records->head[sizeof(magic)]) == FORMAT_FIRST;

    return is_first ? LOG_RECORDS_HEAD_BYTES - sizeof(uint64_t) : LOG_RECORDS_HEAD_BYTES;
}

/* True when the head is complete. */
static bool feed_head(struct log_records *records, uint8_t byte)
{
    records->head[records->head_len++] = byte;
    while (!is_beginning(records)) {
        memmove(records->head, records->head + 1, --records->head_len);
        records->dropped++;
    }
    return records->head_len == head_need(records);
}

static void begin_message(struct log_records *records)
{
    uint8_t kind = records->head[sizeof(magic)];
    bool has_time = format_of(kind) != FORMAT_FIRST;

    records->record = (struct runtime_log){
        .real_ms = has_time ? be64_get(records->head + 8) / 1000 : 0,
        .json = format_of(kind) == FORMAT_JSON,
        .level = level_of(kind),
    };
    records->left = be32_get(records->head + 4);
    records->head_len = 0;
}

/* True with a piece that is as long as one may be, or the last one. */
static bool feed_message(struct log_records *records, struct str *bytes,
                         struct runtime_log *ret_record)
{
    size_t room = LIMIT_LOG_EVENT_BYTES - records->message.len;
    size_t want = records->left < room ? records->left : room;
    struct str piece = str_sub(*bytes, 0, want);

    *bytes = str_sub(*bytes, piece.len, bytes->len);
    records->left -= (uint32_t)piece.len;
    if (records->message.len || piece.len < want) {
        if (buf_append_str(&records->message, piece) < 0) {
            records->message.failed = false; /* no memory: this much is lost */
            records->dropped += piece.len;
        }
        if (piece.len < want)
            return false;
        piece = buf_str(&records->message);
        buf_clear(&records->message); /* the bytes stay until the next append */
    }
    *ret_record = records->record;
    ret_record->message = piece;
    return piece.len > 0;
}

void log_records_deinit(struct log_records *records)
{
    buf_deinit(&records->message);
}

bool log_records_read(struct log_records *records, struct str *bytes,
                      struct runtime_log *ret_record)
{
    while (bytes->len) {
        if (records->left) {
            if (feed_message(records, bytes, ret_record))
                return true;
            continue;
        }
        if (feed_head(records, (uint8_t)bytes->ptr[0]))
            begin_message(records);
        *bytes = str_sub(*bytes, 1, bytes->len);
    }
    return false;
}

bool log_records_flush(struct log_records *records, struct runtime_log *ret_record)
{
    if (!records->message.len)
        return false;
    *ret_record = records->record;
    ret_record->message = buf_str(&records->message);
    buf_clear(&records->message);
    return true;
}
