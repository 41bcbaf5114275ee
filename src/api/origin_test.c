/* SPDX-License-Identifier: Apache-2.0 */

#include "api/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(bool wanted, const char *host, const char *origin)
{
    if (api_origin_is_acceptable(str_of(host), str_of(origin)) != wanted)
        fail_msg("Host %s, Origin %s", host != NULL ? host : "none",
                 origin != NULL ? origin : "none");
}

static void test_without_origin(void **state)
{
    (void)state;
    expect(true, "127.0.0.1:4566", NULL);
    expect(true, "[::1]:4566", NULL);
    expect(true, "localhost", NULL);
    expect(true, "lambda.localhost:4566", NULL);
    expect(true, "lambd:4566", NULL);
    expect(true, "lambda.us-east-1.amazonaws.com", NULL);
    expect(true, NULL, NULL);
    expect(false, "evil.example", NULL);
    expect(false, "evil.example:4566", NULL);
    expect(false, "127.0.0.1.evil.example:4566", NULL);
    expect(false, "localhost.evil.example", NULL);
}

static void test_with_origin(void **state)
{
    (void)state;
    expect(true, "localhost:4566", "http://localhost:4566");
    expect(true, "127.0.0.1:4566", "http://127.0.0.1:4566");
    expect(false, "localhost:4566", "http://localhost:3000");
    expect(false, "localhost:4566", "https://evil.example");
    expect(false, "localhost:4566", "null");
    expect(false, "localhost:4566", "");
    expect(false, "evil.example:4566", "http://evil.example:4566");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_origin),
        cmocka_unit_test(test_with_origin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
