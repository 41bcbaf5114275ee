/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

static void assert_head(struct http_answer_head head, const char *expected)
{
    size_t size;
    CLEANUP(freep) char *out = NULL;
    size_t len;

    head.date = date;
    size = http_answer_head_size(&head);
    out = malloc(size);
    assert_non_null(out);
    len = http_answer_head_write(&head, out);
    assert_true(len <= size);
    if (len != strlen(expected) || memcmp(out, expected, len) != 0)
        fail_msg("got\n%.*s\nexpected\n%s", (int)len, out, expected);
}

static void writes_the_fields(void **state)
{
    const struct http_header headers[] = {
        {STR("Content-Type"), STR("text/plain")},
        {STR("X"), STR("")},
    };

    (void)state;
    assert_head((struct http_answer_head){.status = 200,
                                          .headers = headers,
                                          .header_count = 2,
                                          .has_length = true,
                                          .content_length = 6291556},
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: \r\nContent-Length: 6291556\r\n"
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    assert_head((struct http_answer_head){.status = 299,
                                          .chunked = true,
                                          .connection = HTTP_CONNECTION_CLOSE},
                "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

static void fits_the_largest_numbers(void **state)
{
    (void)state;
    assert_head((struct http_answer_head){.status = 431,
                                          .has_length = true,
                                          .content_length = UINT64_MAX,
                                          .connection = HTTP_CONNECTION_KEEP},
                "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                "Content-Length: 18446744073709551615\r\nConnection: keep-alive\r\n"
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

/* What a customer chose (a function's header, say) cannot begin another line or answer. */
static void cannot_be_split(void **state)
{
    const struct http_header headers[] = {
        {STR("A"), STR("1\r\nB: 2\r\n\r\nHTTP/1.1 200 OK")},
        {STR("C: d\r\nE"), STR("3")},
        {STR(""), STR("4")},
        {STR("F"), {"a\0b", 3}},
    };

    (void)state;
    assert_head((struct http_answer_head){.status = 204, .headers = headers, .header_count = 4},
                "HTTP/1.1 204 No Content\r\nA: 1  B: 2    HTTP/1.1 200 OK\r\nF: a b\r\n"
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

static void leaves_framing_to_the_server(void **state)
{
    const struct http_header headers[] = {
        {STR("content-length"), STR("5")}, {STR("Transfer-Encoding"), STR("gzip")},
        {STR("connection"), STR("close")}, {STR("Date"), STR("now")},
        {STR("Data"), STR("kept")},
    };

    (void)state;
    assert_head(
        (struct http_answer_head){
            .status = 404, .headers = headers, .header_count = 5, .has_length = true},
        "HTTP/1.1 404 Not Found\r\nData: kept\r\nContent-Length: 0\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

static void formats_dates(void **state)
{
    static const struct {
        int64_t epoch_s;
        const char *text;
    } cases[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {4102444799, "Thu, 31 Dec 2099 23:59:59 GMT"},
    };
    char out[HTTP_DATE_BYTES + 1] = "";

    (void)state;
    for (size_t i = 0; i < array_count(cases); i++) {
        http_date_format(out, cases[i].epoch_s);
        assert_string_equal(out, cases[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_fields), cmocka_unit_test(fits_the_largest_numbers),
        cmocka_unit_test(cannot_be_split),   cmocka_unit_test(leaves_framing_to_the_server),
        cmocka_unit_test(formats_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
