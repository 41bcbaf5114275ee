/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void assert_text(struct str text, const char *expected)
{
    char buffer[128];

    assert_true(str_to_cstr(text, buffer, sizeof(buffer)));
    assert_string_equal(buffer, expected);
}

static void test_parts(void **state)
{
    static const struct {
        const char *text, *scheme, *host, *path;
    } cases[] = {
        {"http://127.0.0.1:9000", "http", "127.0.0.1:9000", ""},
        {"https://s3.example.com/", "https", "s3.example.com", ""},
        {"http://h/prefix//", "http", "h", "/prefix"},
        {"http://[::1]:9000/a/b", "http", "[::1]:9000", "/a/b"},
    };

    (void)state;
    for (size_t i = 0; i < array_count(cases); i++) {
        struct aws_endpoint endpoint;

        assert_true(aws_endpoint_parse(str_of(cases[i].text), &endpoint));
        assert_text(endpoint.scheme, cases[i].scheme);
        assert_text(endpoint.host, cases[i].host);
        assert_text(endpoint.path, cases[i].path);
    }
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",           "127.0.0.1",      "ftp://h",      "http://",        "http:///path",
        "https:///",  "http://user@h",  "http://h?a=b", "http://h/p#f",   "http://h p",
        "http://h\n", "http://h\\evil", "HTTP://h",     "http://h\x7f.x", "http://\xc3\xa4",
    };

    (void)state;
    for (size_t i = 0; i < array_count(texts); i++) {
        struct aws_endpoint endpoint;

        if (aws_endpoint_parse(str_of(texts[i]), &endpoint))
            fail_msg("accepted: '%s'", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
