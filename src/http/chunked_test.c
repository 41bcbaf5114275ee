/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chunked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"

#define T(literal) literal, sizeof(literal) - 1

struct form {
    const char *name;
    const char *text;
    size_t len;
    int result;
    const char *data; /* what is decoded, also before something bad */
    size_t left;      /* bytes behind the body */
};

static const struct form forms[] = {
    {"empty", T("0\r\n\r\n"), HTTP_CHUNKED_END, "", 0},
    {"one", T("3\r\nabc\r\n0\r\n\r\n"), HTTP_CHUNKED_END, "abc", 0},
    {"two", T("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), HTTP_CHUNKED_END, "abc0123456789", 0},
    {"lower case, zeros", T("00a\r\n0123456789\r\n000\r\n\r\n"), HTTP_CHUNKED_END, "0123456789", 0},
    {"data that looks like chunks", T("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), HTTP_CHUNKED_END, "0\r\n\r\n",
     0},
    {"next request behind", T("1\r\na\r\n0\r\n\r\nGET /"), HTTP_CHUNKED_END, "a", 5},
    {"extension", T("1;x=\"y\";z\r\na\r\n0;q\r\n\r\n"), HTTP_CHUNKED_END, "a", 0},
    {"trailer", T("1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n"), HTTP_CHUNKED_END, "a", 0},
    {"unfinished", T("3\r\nab"), HTTP_CHUNKED_MORE, "ab", 0},

    {"no size", T("\r\na\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"bare LF after the size", T("1\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"bare CR after the size", T("1\ra\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"bare LF after the data", T("1\r\na\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "a", 0},
    {"data longer than said", T("1\r\nab\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "a", 0},
    {"data shorter than said", T("3\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "a\r\n", 0},
    {"0x", T("0x1\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"plus", T("+1\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"minus", T("-1\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"blank before", T(" 1\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"blank behind", T("1 \r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"blank before an extension", T("1 ;x\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"not hexadecimal", T("g\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"overflow", T("10000000000000001\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"many zeros", T("0000000000000001\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"bare LF in an extension", T("1;x\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"NUL in an extension", T("1;x\0\r\na\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"bare LF at the end", T("0\r\n\n"), HTTP_CHUNKED_BAD, "", 0},
    {"folded trailer", T("0\r\nX: y\r\n z\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"blank before a trailer's colon", T("0\r\nX : y\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"trailer without name", T("0\r\n: y\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"trailer without colon", T("0\r\nX\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"bare CR in a trailer", T("0\r\nX: y\rz\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
    {"request instead of the last line", T("0\r\nGET / HTTP/1.1\r\n\r\n"), HTTP_CHUNKED_BAD, "", 0},
};

/* In place and in pieces, as the server does it; each piece in memory of exactly its size. */
static int decode(const char *text, size_t len, size_t step, struct buf *data, size_t *ret_left)
{
    struct http_chunked chunked = {0};
    int r = HTTP_CHUNKED_MORE;
    size_t at = 0;

    while (r == HTTP_CHUNKED_MORE && at < len) {
        size_t piece_len = len - at < step ? len - at : step;
        CLEANUP(freep) char *piece = malloc(piece_len);
        size_t consumed;
        size_t produced;

        memcpy(piece, text + at, piece_len);
        r = http_chunked_decode(&chunked, piece, piece_len, piece, &consumed, &produced);
        assert_int_equal(buf_append(data, piece, produced), 0);
        if (r == HTTP_CHUNKED_MORE)
            assert_int_equal(consumed, piece_len);
        at += consumed;
    }
    *ret_left = len - at;
    return r;
}

static void judges_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(forms); i++) {
        const struct form *form = &forms[i];

        for (size_t step = 1; step <= form->len; step++) {
            CLEANUP(buf_deinit) struct buf data = {0};
            size_t left;
            int r = decode(form->text, form->len, step, &data, &left);

            if (r != form->result)
                fail_msg("%s, in steps of %zu: got %d, expected %d", form->name, step, r,
                         form->result);
            if (!str_eq(buf_str(&data), str_of(form->data)))
                fail_msg("%s: decoded '%.*s'", form->name, (int)data.len, data.ptr);
            if (r == HTTP_CHUNKED_END && left != form->left)
                fail_msg("%s: left %zu bytes, expected %zu", form->name, left, form->left);
        }
    }
}

static int decode_all(const struct buf *text)
{
    CLEANUP(buf_deinit) struct buf data = {0};
    size_t left;

    return decode(text->ptr, text->len, 100, &data, &left);
}

static void bounds_extensions_over_the_whole_body(void **state)
{
    CLEANUP(buf_deinit) struct buf text = {0};

    (void)state;
    for (int i = 0; i < LIMIT_HTTP_CHUNK_EXTENSION_BYTES / 16; i++)
        assert_int_equal(buf_append_str(&text, STR("1;23456789abcdef\r\na\r\n")), 0);
    assert_int_equal(decode_all(&text), HTTP_CHUNKED_MORE);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_append_str(&text, STR("1;23456789abcdef\r\na\r\n")), 0);
    assert_int_equal(decode_all(&text), HTTP_CHUNKED_BAD);
}

static void bounds_trailers(void **state)
{
    CLEANUP(buf_deinit) struct buf text = {0};

    (void)state;
    assert_int_equal(buf_append_str(&text, STR("0\r\n")), 0);
    while (text.len < LIMIT_HTTP_TRAILER_BYTES - 20)
        assert_int_equal(buf_append_str(&text, STR("X: y\r\n")), 0);
    assert_int_equal(decode_all(&text), HTTP_CHUNKED_MORE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(buf_append_str(&text, STR("X: y\r\n")), 0);
    assert_int_equal(decode_all(&text), HTTP_CHUNKED_BAD);
}

static void keeps_trailers_for_those_who_ask(void **state)
{
    static const char text[] = "1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n";
    CLEANUP(buf_deinit) struct buf trailers = {0};
    struct http_chunked chunked = {.trailers = &trailers};
    char out[sizeof(text)];
    size_t consumed;
    size_t produced;

    (void)state;
    assert_int_equal(
        http_chunked_decode(&chunked, text, sizeof(text) - 1, out, &consumed, &produced),
        HTTP_CHUNKED_END);
    assert_true(str_starts_with(buf_str(&trailers), STR("X: y\r\nZ:\r\n")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_form),
        cmocka_unit_test(bounds_extensions_over_the_whole_body),
        cmocka_unit_test(bounds_trailers),
        cmocka_unit_test(keeps_trailers_for_those_who_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
