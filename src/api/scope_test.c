/* SPDX-License-Identifier: Apache-2.0 */

#include "api/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(struct api_scope scope, const char *key, const char *region, const char *service)
{
    assert_true(str_eq(scope.access_key, str_of(key)));
    assert_true(str_eq(scope.region, str_of(region)));
    assert_true(str_eq(scope.service, str_of(service)));
}

static void test_scope(void **state)
{
    (void)state;
    expect(api_scope_of_header(STR("AWS4-HMAC-SHA256 Credential=123456789012/20250101/eu-west-1/"
                                   "lambda/aws4_request, SignedHeaders=host, Signature=ab")),
           "123456789012", "eu-west-1", "lambda");
    expect(api_scope_of_header(STR("AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AK/1/r/s/t")),
           "AK", "r", "s");
    expect(api_scope_of_header(STR("Bearer abc")), "", "", "");
    expect(api_scope_of_header(STR("")), "", "", "");
    expect(api_scope_of_credential(STR("AK/1/r/s")), "", "", "");
    expect(api_scope_of_credential(STR("AK/1/r/s/t/more")), "", "", "");
    expect(api_scope_of_credential(STR_NONE), "", "", "");
}

static void test_account(void **state)
{
    (void)state;
    assert_true(api_scope_is_account(STR("000000000000")));
    assert_false(api_scope_is_account(STR("00000000000")));
    assert_false(api_scope_is_account(STR("00000000000a")));
    assert_false(api_scope_is_account(STR_NONE));
}

static void test_region(void **state)
{
    (void)state;
    assert_true(api_scope_is_region(STR("us-gov-west-1")));
    assert_false(api_scope_is_region(STR("")));
    assert_false(api_scope_is_region(STR_NONE));
    assert_false(api_scope_is_region(STR("..")));
    assert_false(api_scope_is_region(STR("US-EAST-1")));
    assert_false(api_scope_is_region(STR("a-region-with-a-name-of-33-letters")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scope), cmocka_unit_test(test_account),
                                       cmocka_unit_test(test_region)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
