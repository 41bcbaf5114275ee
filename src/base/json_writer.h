/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON text appended to a buffer, compact, in the order of the calls. The writer puts the commas;
 * the caller keeps objects, arrays and keys balanced. Failures stay in the buffer: check
 * buf_failed() once at the end. Text is escaped as JSON requires; UTF-8 passes through, bytes that
 * are not UTF-8 become U+FFFD.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct buf;

struct json_writer {
    struct buf *out;  /* borrowed */
    bool needs_comma; /* a value stands before the next one */
};

void json_writer_init(struct json_writer *writer, struct buf *out);

void json_write_object_begin(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array_begin(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_key(struct json_writer *writer, struct str key);

void json_write_str(struct json_writer *writer, struct str value);
void json_write_i64(struct json_writer *writer, int64_t value);
/* The shortest text that reads back as the same number; what JSON cannot say (NaN, infinity) is
 * null. */
void json_write_double(struct json_writer *writer, double value);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
/* Text that is JSON already. */
void json_write_raw(struct json_writer *writer, struct str json);

/* A key with a text; nothing when the value is absent. */
void json_write_member(struct json_writer *writer, struct str key, struct str value);

/* Only the quoted text, outside of a writer. */
void json_append_quoted(struct buf *out, struct str value);
