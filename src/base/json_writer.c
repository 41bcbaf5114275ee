/* SPDX-License-Identifier: Apache-2.0 */

#include "base/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { DOUBLE_TEXT_BYTES = 40 };

void json_writer_init(struct json_writer *writer, struct buf *out)
{
    *writer = (struct json_writer){.out = out};
}

/* Every value starts here: after another value comes a comma first. */
static struct buf *value_begin(struct json_writer *writer)
{
    if (writer->needs_comma)
        (void)buf_append_char(writer->out, ','); /* failures stay in the buffer, here and below */
    writer->needs_comma = true;
    return writer->out;
}

void json_write_object_begin(struct json_writer *writer)
{
    (void)buf_append_char(value_begin(writer), '{');
    writer->needs_comma = false;
}

void json_write_object_end(struct json_writer *writer)
{
    (void)buf_append_char(writer->out, '}');
    writer->needs_comma = true;
}

void json_write_array_begin(struct json_writer *writer)
{
    (void)buf_append_char(value_begin(writer), '[');
    writer->needs_comma = false;
}

void json_write_array_end(struct json_writer *writer)
{
    (void)buf_append_char(writer->out, ']');
    writer->needs_comma = true;
}

void json_write_key(struct json_writer *writer, struct str key)
{
    json_append_quoted(value_begin(writer), key);
    (void)buf_append_char(writer->out, ':');
    writer->needs_comma = false;
}

void json_write_str(struct json_writer *writer, struct str value)
{
    json_append_quoted(value_begin(writer), value);
}

void json_write_i64(struct json_writer *writer, int64_t value)
{
    (void)buf_printf(value_begin(writer), "%" PRId64, value);
}

void json_write_double(struct json_writer *writer, double value)
{
    char text[DOUBLE_TEXT_BYTES];

    if (!isfinite(value)) {
        json_write_null(writer);
        return;
    }
    value += 0.0; /* "-0" would read back as an integer, which has no negative zero */
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    (void)buf_append_str(value_begin(writer), str_of(text));
}

void json_write_bool(struct json_writer *writer, bool value)
{
    (void)buf_append_str(value_begin(writer), value ? STR("true") : STR("false"));
}

void json_write_null(struct json_writer *writer)
{
    (void)buf_append_str(value_begin(writer), STR("null"));
}

void json_write_raw(struct json_writer *writer, struct str json)
{
    (void)buf_append_str(value_begin(writer), json);
}

void json_write_member(struct json_writer *writer, struct str key, struct str value)
{
    if (!str_is_set(value))
        return;
    json_write_key(writer, key);
    json_write_str(writer, value);
}

static void append_escaped(struct buf *out, char c)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof(short_forms); i += 2) {
        if (short_forms[i] == c) {
            (void)buf_append(out, (char[]){'\\', short_forms[i + 1]}, 2);
            return;
        }
    }
    (void)buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
}

/* Length of the run at the start of s that needs neither escaping nor a look at UTF-8. */
static size_t plain_bytes(struct str s)
{
    size_t i = 0;

    while (i < s.len && (unsigned char)s.ptr[i] >= 0x20 && (unsigned char)s.ptr[i] < 0x7F &&
           s.ptr[i] != '"' && s.ptr[i] != '\\')
        i++;
    return i;
}

void json_append_quoted(struct buf *out, struct str value)
{
    (void)buf_append_char(out, '"');
    while (value.len > 0) {
        size_t taken = plain_bytes(value);

        (void)buf_append(out, value.ptr, taken);
        value = str_sub(value, taken, value.len);
        if (value.len == 0)
            break;
        taken = utf8_char_bytes(value);
        if (taken > 1)
            (void)buf_append(out, value.ptr, taken);
        else if (taken == 0)
            (void)buf_append_str(out, STR("\xEF\xBF\xBD"));
        else
            append_escaped(out, value.ptr[0]);
        value = str_sub(value, taken > 0 ? taken : 1, value.len);
    }
    (void)buf_append_char(out, '"');
}
