/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The log records that runtimes without a channel write to the descriptor that
 * _LAMBDA_TELEMETRY_LOG_FD names (spec: runtimes, section 10). Pure: bytes in, records out.
 *
 *   u32 type, u32 length, u64 microseconds since the epoch (not in the first version), message
 *
 * big-endian; the type is 0xa55a00 and a byte of which bits 0-1 are the format (1 the first
 * version, 2 JSON, 3 text) and bits 2-4 the level.
 *
 * The writer is hostile: a message longer than LIMIT_LOG_EVENT_BYTES comes out in pieces, and what
 * is no record is passed over up to the next beginning of one, and counted. Memory: one piece.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "runtime/session.h"

enum { LOG_RECORDS_HEAD_BYTES = 16 };

struct log_records {
    uint8_t head[LOG_RECORDS_HEAD_BYTES]; /* of the next record, as far as it came */
    size_t head_len;
    struct runtime_log record; /* whose message is coming */
    uint32_t left;             /* bytes of that message still to come */
    struct buf message;        /* the piece of it that is being gathered */
    uint64_t dropped;          /* bytes that were no record; the reader of it resets it */
};

void log_records_deinit(struct log_records *records);

/*
 * Take the next record, or piece of one, out of bytes, advancing it. False: all bytes are used up.
 * The message of *ret_record is never empty, and valid until the next call and while the bytes are;
 * its real_ms is 0 when the writer gave no time.
 */
bool log_records_read(struct log_records *records, struct str *bytes,
                      struct runtime_log *ret_record);

/* What there is of an unfinished message; the rest of it will be a piece of its own. False: none.
 */
bool log_records_flush(struct log_records *records, struct runtime_log *ret_record);
