/* SPDX-License-Identifier: Apache-2.0 */

/* What the JSON checker found, in the words of the parser that the Lambda service uses. */

#include "base/buf.h"
#include "base/json_check.h"

static void append_place(struct buf *out, uint32_t line, uint32_t column)
{
    (void)buf_printf(out,
                     "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
                     "line: %u, column: %u]",
                     line, column);
}

/* A byte as the service shows it: it takes bytes for Latin-1 characters. */
static void append_byte(struct buf *out, uint8_t c)
{
    if (c < 0x20 || (c >= 0x7F && c < 0xA0))
        (void)buf_printf(out, "(CTRL-CHAR, code %u)", c);
    else if (c < 0x80)
        (void)buf_printf(out, "'%c' (code %u)", c, c);
    else
        (void)buf_printf(out, "'%c%c' (code %u)", 0xC0 | c >> 6, 0x80 | (c & 0x3F), c);
}

static void append_character(struct buf *out, const char *prefix, uint8_t c, const char *suffix)
{
    (void)buf_append_str(out, str_of(prefix));
    append_byte(out, c);
    (void)buf_append_str(out, str_of(suffix));
}

/* Without a text of its own the open container is named, and where it began. */
static void append_end(const struct json_check *check, struct buf *out)
{
    const struct json_check_open *open;

    (void)buf_append_str(out, STR("Unexpected end-of-input"));
    if (check->expected != NULL || check->depth == 0) {
        (void)buf_append_str(out, str_of(check->expected));
        return;
    }
    open = &check->open[check->depth - 1];
    (void)buf_printf(out, ": expected close marker for %s (start marker at ",
                     open->is_array ? "Array" : "Object");
    append_place(out, open->line, open->column);
    (void)buf_append_char(out, ')');
}

static void append_close(const struct json_check *check, struct buf *out)
{
    const struct json_check_open *open = &check->open[check->depth - 1];

    (void)buf_printf(out, "Unexpected close marker '%c': expected '%c' (for %s starting at ",
                     check->byte, open->is_array ? ']' : '}', open->is_array ? "Array" : "Object");
    append_place(out, open->line, open->column);
    (void)buf_append_char(out, ')');
}

/* The texts that name the byte. */
static void append_byte_error(const struct json_check *check, struct buf *out)
{
    switch (check->error) {
    case JSON_CHECK_CHARACTER:
        append_character(out, "Unexpected character (", check->byte, "): ");
        break;
    case JSON_CHECK_CONTROL:
        append_character(out, "Illegal unquoted character (", check->byte,
                         "): has to be escaped using backslash to be included in ");
        break;
    case JSON_CHECK_DIGIT:
        append_character(out, "Unexpected character (", check->byte, ") in numeric value: ");
        break;
    default: /* JSON_CHECK_ESCAPE */
        append_character(out, "Unrecognized character escape ", check->byte, "");
        return;
    }
    (void)buf_append_str(out, str_of(check->expected));
}

static void append_error(const struct json_check *check, struct buf *out)
{
    switch (check->error) {
    case JSON_CHECK_OK:
        break;
    case JSON_CHECK_CHARACTER:
    case JSON_CHECK_CONTROL:
    case JSON_CHECK_DIGIT:
    case JSON_CHECK_ESCAPE:
        append_byte_error(check, out);
        break;
    case JSON_CHECK_WORD:
        (void)buf_printf(out, "Unrecognized token '%.*s%s': was expecting %s", (int)check->word_len,
                         check->word, check->word_len == JSON_CHECK_WORD_MAX ? "..." : "",
                         check->expected);
        break;
    case JSON_CHECK_END:
        append_end(check, out);
        break;
    case JSON_CHECK_END_NUMBER:
        (void)buf_printf(out, "Unexpected end-of-input in numeric value: %s", check->expected);
        break;
    case JSON_CHECK_CLOSE:
        append_close(check, out);
        break;
    case JSON_CHECK_NUMBER:
        (void)buf_append_str(out, STR("Invalid numeric value: Leading zeroes not allowed"));
        break;
    case JSON_CHECK_UTF8_START:
        (void)buf_printf(out, "Invalid UTF-8 start byte 0x%02x", check->byte);
        break;
    case JSON_CHECK_UTF8_MIDDLE:
        (void)buf_printf(out, "Invalid UTF-8 middle byte 0x%02x", check->byte);
        break;
    case JSON_CHECK_DEPTH:
        (void)buf_printf(out,
                         "Document nesting depth (%d) exceeds the maximum allowed (%d, from "
                         "`StreamReadConstraints.getMaxNestingDepth()`)",
                         JSON_CHECK_DEPTH_MAX + 1, JSON_CHECK_DEPTH_MAX);
        break;
    }
}

void json_check_describe(const struct json_check *check, struct buf *out)
{
    append_error(check, out);
    (void)buf_append_str(out, STR("\n at "));
    append_place(out, check->line, check->column);
}
