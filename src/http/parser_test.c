/* SPDX-License-Identifier: Apache-2.0 */
#include "http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

enum { HEAD_BYTES_MAX = 20000 };

#define H "Host: h\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\nHost: h\r\n"
#define END "\r\n"

/* A literal with its length, because some hold NULs. */
#define T(literal) literal, sizeof(literal) - 1

struct form {
    const char *name;
    const char *text;
    size_t len;
    int status; /* HTTP_HEAD_DONE: accepted */
};

static const struct form forms[] = {
    /* Accepted */
    {"plain", T(GET H END), 0},
    {"one empty line before", T("\r\n" GET H END), 0},
    {"no blanks around the value", T(GET "Host:h\r\n" END), 0},
    {"blanks around the value", T(GET "Host: \t h \t\r\n" END), 0},
    {"empty value", T(GET H "X:\r\n" END), 0},
    {"bytes above ASCII in a value", T(GET H "X: caf\xc3\xa9\r\n" END), 0},
    {"tab inside a value", T(GET H "X: aaaaaaaaa\tb\r\n" END), 0},
    {"empty host", T(GET "Host:\r\n" END), 0},
    {"host with port", T(GET "Host: a.b-c_d:80\r\n" END), 0},
    {"host in brackets", T(GET "Host: [::1]:80\r\n" END), 0},
    {"length", T(POST "Content-Length: 5\r\n" END), 0},
    {"length with leading zeros", T(POST "Content-Length: 005\r\n" END), 0},
    {"largest length", T(POST "Content-Length: 9223372036854775807\r\n" END), 0},
    {"chunked", T(POST "Transfer-Encoding: chunked\r\n" END), 0},
    {"chunked in capitals", T(POST "TRANSFER-ENCODING: Chunked\r\n" END), 0},
    {"HTTP/1.0 without host", T("GET / HTTP/1.0\r\n" END), 0},
    {"options for all", T("OPTIONS * HTTP/1.1\r\n" H END), 0},
    {"absolute form", T("GET http://h/x HTTP/1.1\r\n" H END), 0},
    {"absolute form without path", T("GET HTTPS://H HTTP/1.1\r\n" H END), 0},
    {"unusual method", T("M-SEARCH / HTTP/1.1\r\n" H END), 0},
    {"continue", T(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n" END), 0},
    {"unknown connection option", T(GET H "Connection: , upgrade ,x\r\n" END), 0},

    /* Two readings of the length */
    {"length and chunked", T(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END), 400},
    {"chunked and length", T(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END), 400},
    {"two lengths", T(POST "Content-Length: 5\r\nContent-Length: 6\r\n" END), 400},
    {"same length twice", T(POST "Content-Length: 5\r\nContent-Length: 5\r\n" END), 400},
    {"same length twice, other case", T(POST "Content-Length: 5\r\ncontent-length: 5\r\n" END),
     400},
    {"list of lengths", T(POST "Content-Length: 5, 5\r\n" END), 400},
    {"plus sign", T(POST "Content-Length: +5\r\n" END), 400},
    {"minus sign", T(POST "Content-Length: -5\r\n" END), 400},
    {"blank in the length", T(POST "Content-Length: 5 0\r\n" END), 400},
    {"hexadecimal length", T(POST "Content-Length: 0x5\r\n" END), 400},
    {"fraction", T(POST "Content-Length: 5.0\r\n" END), 400},
    {"empty length", T(POST "Content-Length:\r\n" END), 400},
    {"length beyond 63 bits", T(POST "Content-Length: 9223372036854775808\r\n" END), 400},
    {"length beyond 64 bits", T(POST "Content-Length: 18446744073709551621\r\n" END), 400},
    {"length with a vertical tab",
     T(POST "Content-Length: \x0b"
            "5\r\n" END),
     400},
    {"chunked twice", T(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
     400},
    {"chunked, chunked", T(POST "Transfer-Encoding: chunked, chunked\r\n" END), 400},
    {"chunked not last", T(POST "Transfer-Encoding: chunked, gzip\r\n" END), 400},
    {"identity then chunked, two fields",
     T(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" END), 400},
    {"chunked with a vertical tab",
     T(POST "Transfer-Encoding: \x0b"
            "chunked\r\n" END),
     400},
    {"quoted chunked", T(POST "Transfer-Encoding: \"chunked\"\r\n" END), 400},
    {"chunked with parameter", T(POST "Transfer-Encoding: chunked;x=1\r\n" END), 400},
    {"empty coding", T(POST "Transfer-Encoding:\r\n" END), 400},
    {"coding list with an empty part", T(POST "Transfer-Encoding: ,chunked\r\n" END), 400},
    {"unknown coding", T(POST "Transfer-Encoding: xchunked\r\n" END), 501},
    {"identity", T(POST "Transfer-Encoding: identity\r\n" END), 501},
    {"gzip, chunked", T(POST "Transfer-Encoding: gzip, chunked\r\n" END), 501},
    {"chunked in HTTP/1.0", T("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END), 400},

    /* Two readings of the lines */
    {"bare LF", T("GET / HTTP/1.1\nHost: h\n\n"), 400},
    {"bare LF after the request line", T("GET / HTTP/1.1\n" H END), 400},
    {"bare LF after a field", T(GET "Host: h\n" END), 400},
    {"bare LF at the end", T(GET H "\n"), 400},
    {"bare CR in a value", T(GET H "X: a\rY: b\r\n" END), 400},
    {"bare CR in the request line", T("GET /\r HTTP/1.1\r\n" H END), 400},
    {"CR CR LF", T(GET H "X: a\r\r\n" END), 400},
    {"CR CR LF at the end", T(GET H "\r\r\n"), 400},
    {"NUL in a value", T(GET H "X: a\0b\r\n" END), 400},
    {"NUL in a long value", T(GET H "X: aaaaaaaaaaaaaaaaa\0bbbbbbbbbbb\r\n" END), 400},
    {"NUL in a name", T(GET H "X\0Y: a\r\n" END), 400},
    {"NUL in the target", T("GET /\0 HTTP/1.1\r\n" H END), 400},
    {"control byte in a value", T(GET H "X: a\x01\r\n" END), 400},
    {"DEL in a value", T(GET H "X: aaaaaaaaaaaa\x7f\r\n" END), 400},
    {"escape in a value", T(GET H "X: \x1b[2J\r\n" END), 400},
    {"blank before the colon", T(GET H "Content-Length : 5\r\n" END), 400},
    {"tab before the colon", T(GET H "Transfer-Encoding\t: chunked\r\n" END), 400},
    {"folded line", T(GET H "X: a\r\n b\r\n" END), 400},
    {"folded line with a tab", T(GET H "X: a\r\n\tb\r\n" END), 400},
    {"fold before the first field", T(GET " " H END), 400},
    {"empty name", T(GET H ": a\r\n" END), 400},
    {"no colon", T(GET H "X\r\n" END), 400},
    {"brackets in a name", T(GET H "X[]: a\r\n" END), 400},
    {"quote in a name", T(GET H "X\"Y: a\r\n" END), 400},
    {"bytes above ASCII in a name", T(GET H "X\xc3\xa9: a\r\n" END), 400},
    {"two empty lines before", T("\r\n\r\n" GET H END), 400},

    /* Host */
    {"no host", T(GET END), 400},
    {"two hosts", T(GET H H END), 400},
    {"two hosts, other case", T(GET H "HOST: x\r\n" END), 400},
    {"host with a path", T(GET "Host: h/x\r\n" END), 400},
    {"host with user information", T(GET "Host: u@h\r\n" END), 400},
    {"host with a blank", T(GET "Host: a b\r\n" END), 400},
    {"host list", T(GET "Host: a,b\r\n" END), 400},
    {"two hosts in HTTP/1.0", T("GET / HTTP/1.0\r\n" H H END), 400},
    {"absolute form, other host", T("GET http://other/ HTTP/1.1\r\n" H END), 400},
    {"absolute form, no host field", T("GET http://h/ HTTP/1.1\r\n" END), 400},
    {"absolute form, user information", T("GET http://u@h/ HTTP/1.1\r\nHost: h\r\n" END), 400},
    {"absolute form, empty host", T("GET http:///x HTTP/1.1\r\nHost:\r\n" END), 400},

    /* Request line */
    {"two blanks", T("GET  / HTTP/1.1\r\n" H END), 400},
    {"two blanks before the version", T("GET /  HTTP/1.1\r\n" H END), 400},
    {"tab", T("GET\t/ HTTP/1.1\r\n" H END), 400},
    {"blank at the end", T("GET / HTTP/1.1 \r\n" H END), 400},
    {"blank at the start", T(" GET / HTTP/1.1\r\n" H END), 400},
    {"no version", T("GET /\r\n" H END), 400},
    {"no target", T("GET HTTP/1.1\r\n" H END), 400},
    {"only a method", T("GET\r\n" H END), 400},
    {"fragment", T("GET /#x HTTP/1.1\r\n" H END), 400},
    {"target above ASCII", T("GET /\xc3\xa9 HTTP/1.1\r\n" H END), 400},
    {"relative target", T("GET x HTTP/1.1\r\n" H END), 400},
    {"star for GET", T("GET * HTTP/1.1\r\n" H END), 400},
    {"other scheme", T("GET ftp://h/ HTTP/1.1\r\n" H END), 400},
    {"connect", T("CONNECT h:80 HTTP/1.1\r\n" H END), 501},
    {"method in brackets", T("G[T / HTTP/1.1\r\n" H END), 400},
    {"very long method", T("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" H END), 501},
    {"lower-case version", T("GET / http/1.1\r\n" H END), 400},
    {"version without minor", T("GET / HTTP/1\r\n" H END), 400},
    {"long minor", T("GET / HTTP/1.10\r\n" H END), 400},
    {"letters in the version", T("GET / HTTP/1.x\r\n" H END), 400},
    {"HTTP/0.9", T("GET / HTTP/0.9\r\n" H END), 505},
    {"HTTP/1.2", T("GET / HTTP/1.2\r\n" H END), 505},
    {"HTTP/2 preface", T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"TLS hello", T("\x16\x03\x01\x02\x00\x01\x00"), 400},

    {"unknown expectation", T(POST "Expect: 200-ok\r\n" END), 417},
};

/* Copied to memory of exactly that size, so that the sanitizer sees every read beyond it. */
static int parse(struct http_head *head, const char *text, size_t len, size_t step)
{
    CLEANUP(freep) char *bytes = malloc(len ? len : 1);
    int r = HTTP_HEAD_MORE;

    assert_non_null(bytes);
    memcpy(bytes, text, len);
    http_head_init(head, HEAD_BYTES_MAX);
    for (size_t end = step < len ? step : len; r == HTTP_HEAD_MORE; end += step) {
        if (end > len)
            end = len;
        r = http_head_parse(head, bytes, end);
        if (end == len)
            break;
    }
    return r;
}

static void judges_every_form(void **state)
{
    struct http_head head;

    (void)state;
    for (size_t i = 0; i < array_count(forms); i++) {
        const struct form *form = &forms[i];

        for (size_t step = 1; step <= form->len; step++) {
            int status = parse(&head, form->text, form->len, step);

            if (status != form->status)
                fail_msg("%s, in steps of %zu: got %d, expected %d", form->name, step, status,
                         form->status);
            if (status == HTTP_HEAD_DONE && head.bytes != form->len)
                fail_msg("%s: took %zu of %zu bytes", form->name, head.bytes, form->len);
        }
    }
}

static int parse_kept(struct http_head *head, const char *text)
{
    http_head_init(head, HEAD_BYTES_MAX);
    return http_head_parse(head, text, strlen(text));
}

static void assert_str(struct str s, const char *expected)
{
    if (!str_is_set(s) || !str_eq(s, str_of(expected)))
        fail_msg("got '%.*s', expected '%s'", STR_FMT(s), expected);
}

static void cuts_the_parts(void **state)
{
    struct http_head head;

    (void)state;
    assert_int_equal(parse_kept(&head, "POST /a/%20b?c=d?e HTTP/1.1\r\nHost: x:1\r\n"
                                       "Content-Length: 12\r\nX-Y:  v w \r\n\r\nbody"),
                     HTTP_HEAD_DONE);
    assert_str(head.method, "POST");
    assert_str(head.target, "/a/%20b?c=d?e");
    assert_str(head.path, "/a/%20b");
    assert_str(head.query, "c=d?e");
    assert_str(head.host, "x:1");
    assert_int_equal(head.content_length, 12);
    assert_int_equal(head.header_count, 3);
    assert_str(head.headers[2].name, "X-Y");
    assert_str(head.headers[2].value, "v w");
    assert_true(head.keep_alive);

    assert_int_equal(parse_kept(&head, "GET /? HTTP/1.1\r\n" H END), HTTP_HEAD_DONE);
    assert_str(head.query, "");
    assert_int_equal(parse_kept(&head, GET H END), HTTP_HEAD_DONE);
    assert_false(str_is_set(head.query));
}

static void takes_absolute_form_apart(void **state)
{
    struct http_head head;

    (void)state;
    assert_int_equal(parse_kept(&head, "GET http://h:1?q HTTP/1.1\r\nHost: H:1\r\n\r\n"),
                     HTTP_HEAD_DONE);
    assert_str(head.path, "/");
    assert_str(head.query, "q");
    assert_str(head.host, "h:1");
    assert_str(head.target, "http://h:1?q");
}

static void decides_about_the_connection(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {GET H END, true},
        {GET H "Connection: close\r\n" END, false},
        {GET H "Connection: x, CLOSE\r\n" END, false},
        {GET H "Connection: keep-alive\r\nConnection: close\r\n" END, false},
        {GET H "Connection: closed\r\n" END, true},
        {"GET / HTTP/1.0\r\n" END, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END, true},
    };
    struct http_head head;

    (void)state;
    for (size_t i = 0; i < array_count(cases); i++) {
        assert_int_equal(parse_kept(&head, cases[i].text), HTTP_HEAD_DONE);
        if (head.keep_alive != cases[i].keep_alive)
            fail_msg("wrong keep-alive for %s", cases[i].text);
    }
}

/* A head of `lines` fields with values of `len` bytes behind a target of `target_len` bytes. */
static char *make_head(size_t target_len, size_t lines, size_t len)
{
    char *text = malloc(100 + target_len + lines * (len + 10));
    char *at;

    assert_non_null(text);
    at = stpcpy(text, "GET /");
    memset(at, 'a', target_len);
    at = stpcpy(at + target_len, " HTTP/1.1\r\nHost: h\r\n");
    for (size_t i = 0; i < lines; i++) {
        at = stpcpy(at, "X: ");
        memset(at, 'v', len);
        at = stpcpy(at + len, "\r\n");
    }
    (void)stpcpy(at, "\r\n");
    return text;
}

static void keeps_its_limits(void **state)
{
    static const struct {
        size_t target_len, lines, len;
        int status;
    } cases[] = {
        {1000, LIMIT_HTTP_HEADERS - 1, 10, 0},
        {10, LIMIT_HTTP_HEADERS, 10, 431},
        {10, 1, HEAD_BYTES_MAX - 100, 0},
        {10, 1, HEAD_BYTES_MAX, 431},
        {10, 30, 1000, 431},
        {LIMIT_HTTP_REQUEST_LINE_BYTES - 20, 1, 1, 0},
        {LIMIT_HTTP_REQUEST_LINE_BYTES, 1, 1, 414},
        {HEAD_BYTES_MAX, 1, 1, 414},
    };
    struct http_head head;

    (void)state;
    for (size_t i = 0; i < array_count(cases); i++) {
        CLEANUP(freep) char *text = make_head(cases[i].target_len, cases[i].lines, cases[i].len);

        for (size_t step = 700; step <= 70000; step *= 10) {
            int status = parse(&head, text, strlen(text), step);

            if (status != cases[i].status)
                fail_msg("case %zu in steps of %zu: got %d, expected %d", i, step, status,
                         cases[i].status);
        }
    }
}

/* The check by words sees every byte value in every place. */
static void checks_values_byte_for_byte(void **state)
{
    char value[19];

    (void)state;
    for (size_t at = 0; at < sizeof(value); at++)
        for (int byte = 0; byte < 256; byte++) {
            bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);

            memset(value, at % 2 ? '\xff' : ' ', sizeof(value));
            value[at] = (char)byte;
            if (http_is_field_value(str_make(value, sizeof(value))) != good)
                fail_msg("byte %d at %zu was judged wrong", byte, at);
        }
}

static void survives_a_move(void **state)
{
    static const char text[] = "GET /p?q HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
    struct http_head head;

    (void)state;
    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        CLEANUP(freep) char *first = malloc(cut);
        CLEANUP(freep) char *second = strdup(text);

        memcpy(first, text, cut);
        http_head_init(&head, HEAD_BYTES_MAX);
        assert_int_equal(http_head_parse(&head, first, cut), HTTP_HEAD_MORE);
        http_head_rebase(&head, first, second);
        memset(first, 0, cut);
        assert_int_equal(http_head_parse(&head, second, sizeof(text) - 1), HTTP_HEAD_DONE);
        assert_str(head.method, "GET");
        assert_str(head.path, "/p");
        assert_str(head.query, "q");
        assert_str(head.host, "h");
        assert_str(head.headers[1].value, "y");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_form),         cmocka_unit_test(cuts_the_parts),
        cmocka_unit_test(takes_absolute_form_apart), cmocka_unit_test(decides_about_the_connection),
        cmocka_unit_test(keeps_its_limits),          cmocka_unit_test(checks_values_byte_for_byte),
        cmocka_unit_test(survives_a_move),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
