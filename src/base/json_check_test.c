/* SPDX-License-Identifier: Apache-2.0 */

#include "base/json_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define PLACE(line, column)                                                                        \
    "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: " line     \
    ", column: " column "]"
#define AT(line, column) "\n at " PLACE(line, column)
#define TOKENS "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

/* Feed in pieces of `step` bytes; the description, or "" when valid. Caller frees. */
static char *check_text(const char *text, size_t len, size_t step)
{
    struct json_check *check = malloc(sizeof(*check));
    struct buf out = {0};
    char *result;
    bool ok = true;

    assert_non_null(check);
    json_check_init(check);
    for (size_t at = 0; at < len && ok; at += step)
        ok = json_check_feed(check, text + at, len - at < step ? len - at : step);
    ok = json_check_end(check) && ok;
    if (!ok)
        json_check_describe(check, &out);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    result = strdup(out.ptr);
    buf_deinit(&out);
    free(check);
    return result;
}

static void expect(const char *text, const char *wanted)
{
    for (size_t step = 1; step <= 64; step = step * 2 + 1) {
        char *got = check_text(text, strlen(text), step);

        if (strcmp(got, wanted) != 0)
            fail_msg("%s in pieces of %zu:\n got  %s\n want %s", text, step, got, wanted);
        free(got);
    }
}

static void test_valid(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"\"",
        "0",
        "-0",
        "1.5e+10",
        "1E5",
        "true",
        "false",
        "null",
        " [1 , 2]\n",
        "{\"a\":{\"b\":[{}, [] ,null]}}",
        "\"\\u00e9\\n\\/\\\"\"",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
        "\"a long string without anything special in it, and then some\"",
        "\r\n\t1\r\n",
        "123456789012345678901234567890",
        "\"\x7F\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect(texts[i], "");
}

static void test_characters(void **state)
{
    (void)state;
    expect("\x99",
           "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value " TOKENS AT("1",
                                                                                             "1"));
    expect("{\"a\":1,}", "Unexpected character ('}' (code 125)): was expecting double-quote to "
                         "start field name" AT("1", "8"));
    expect("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array "
                    "entries" AT("1", "4"));
    expect("{\"a\" 1}", "Unexpected character ('1' (code 49)): was expecting a colon to separate "
                        "field name and value" AT("1", "6"));
    expect("{\n\"a\":1\r\n \"b\"}", "Unexpected character ('\"' (code 34)): was expecting comma to "
                                    "separate Object entries" AT("3", "2"));
    expect("{}x", "Unexpected character ('x' (code 120)): Expected space separating root-level "
                  "values" AT("1", "3"));
    expect("\xC3",
           "Unexpected character ('\xC3\x83' (code 195)): expected a valid value " TOKENS AT("1",
                                                                                             "1"));
    expect("\"\\u12g4\"", "Unexpected character ('g' (code 103)): expected a hex-digit for "
                          "character escape sequence" AT("1", "6"));
}

static void test_words(void **state)
{
    (void)state;
    expect("hello", "Unrecognized token 'hello': was expecting " TOKENS AT("1", "6"));
    expect("[trueX]", "Unrecognized token 'trueX': was expecting " TOKENS AT("1", "7"));
    expect("nul", "Unrecognized token 'nul': was expecting " TOKENS AT("1", "4"));
}

static void test_ends(void **state)
{
    (void)state;
    expect("{", "Unexpected end-of-input: expected close marker for Object (start marker at " PLACE(
                    "1", "1") ")" AT("1", "2"));
    expect("{\"a\":[1",
           "Unexpected end-of-input: expected close marker for Array (start marker at " PLACE(
               "1", "6") ")" AT("1", "8"));
    expect("{\"a", "Unexpected end-of-input in field name" AT("1", "4"));
    expect("{\"a\":", "Unexpected end-of-input within/between Object entries" AT("1", "6"));
    expect("\"abc",
           "Unexpected end-of-input: was expecting closing quote for a string value" AT("1", "5"));
    expect("\"\xC3",
           "Unexpected end-of-input: was expecting closing quote for a string value" AT("1", "3"));
    expect("  ", "Unexpected end-of-input" AT("1", "3"));
}

static void test_strings(void **state)
{
    (void)state;
    expect("\"a\nb\"", "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using "
                       "backslash to be included in string value" AT("1", "3"));
    expect("\"\\x\"", "Unrecognized character escape 'x' (code 120)" AT("1", "3"));
    expect("\"12345678\x87\"", "Invalid UTF-8 start byte 0x87" AT("1", "10"));
    expect("\"\xC0\x80\"", "Invalid UTF-8 start byte 0xc0" AT("1", "2"));
    expect("\"\xE2\x28\"", "Invalid UTF-8 middle byte 0x28" AT("1", "3"));
    expect("\"\xED\xA0\x80\"", "Invalid UTF-8 middle byte 0xa0" AT("1", "3"));
    expect("\"\xF4\x90\x80\x80\"", "Invalid UTF-8 middle byte 0x90" AT("1", "3"));
}

static void test_numbers(void **state)
{
    (void)state;
    expect("01", "Invalid numeric value: Leading zeroes not allowed" AT("1", "2"));
    expect("[1.]", "Unexpected character (']' (code 93)) in numeric value: Decimal point not "
                   "followed by a digit" AT("1", "4"));
    expect("-a", "Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to "
                 "follow minus sign, for valid numeric value" AT("1", "2"));
    expect("1e", "Unexpected end-of-input in numeric value: Exponent indicator not followed by a "
                 "digit" AT("1", "3"));
}

static void test_close(void **state)
{
    (void)state;
    expect("{\"a\":[1}", "Unexpected close marker '}': expected ']' (for Array starting at " PLACE(
                             "1", "6") ")" AT("1", "8"));
}

static void test_depth(void **state)
{
    char text[2 * JSON_CHECK_DEPTH_MAX + 3];
    char *got;

    (void)state;
    memset(text, '[', JSON_CHECK_DEPTH_MAX);
    memset(text + JSON_CHECK_DEPTH_MAX, ']', JSON_CHECK_DEPTH_MAX);
    got = check_text(text, 2 * JSON_CHECK_DEPTH_MAX, 100);
    assert_string_equal(got, "");
    free(got);
    memset(text, '[', JSON_CHECK_DEPTH_MAX + 1);
    got = check_text(text, JSON_CHECK_DEPTH_MAX + 1, 100);
    assert_non_null(strstr(got, "Document nesting depth (1001) exceeds the maximum allowed (1000"));
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),   cmocka_unit_test(test_characters),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_ends),
        cmocka_unit_test(test_strings), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_close),   cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
