/* SPDX-License-Identifier: Apache-2.0 */

#include "code/package_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

enum { NOW_MS = 1000000 };

static void url_split(const char *url, struct str *ret_path, struct str *ret_query)
{
    struct str all = str_of(url);
    size_t at = str_find(all, '?');

    *ret_path = str_sub(all, 0, at);
    *ret_query = str_sub(all, at + 1, all.len);
}

static void test_round_trip(void **state)
{
    struct package_url_key key, other;
    struct digest digest = {{1, 2, 3}}, found;
    char url[PACKAGE_URL_BYTES];
    struct str path, query;

    (void)state;
    package_url_key_make(&key);
    package_url_key_make(&other);
    url_split(package_url_make(&key, &digest, NOW_MS + PACKAGE_URL_VALID_MS, url), &path, &query);
    assert_true(package_url_verify(&key, path, query, NOW_MS, &found));
    assert_true(digest_eq(&digest, &found));
    assert_true(package_url_verify(&key, path, query, NOW_MS + PACKAGE_URL_VALID_MS, &found));
    assert_false(
        package_url_verify(&key, path, query, NOW_MS + PACKAGE_URL_VALID_MS + 1000, &found));
    assert_false(package_url_verify(&other, path, query, NOW_MS, &found));
}

/* Every single changed character makes the link worthless. */
static void test_forgeries(void **state)
{
    struct package_url_key key;
    struct digest digest = {{1, 2, 3}}, found;
    char url[PACKAGE_URL_BYTES];
    struct str path, query;

    (void)state;
    package_url_key_make(&key);
    (void)package_url_make(&key, &digest, NOW_MS + PACKAGE_URL_VALID_MS, url);
    for (size_t i = 0; i < strlen(url); i++) {
        char kept = url[i];

        url[i] = kept == '1' ? '2' : '1';
        url_split(url, &path, &query);
        if (package_url_verify(&key, path, query, NOW_MS, &found))
            fail_msg("accepted: %s", url);
        url[i] = kept;
    }
}

static void test_malformed(void **state)
{
    static const char *const queries[] = {
        "", "expires=5", "token=00", "expires=&token=", "expires=99999999999999999999&token=1"};
    struct package_url_key key;
    struct digest found;

    (void)state;
    package_url_key_make(&key);
    for (size_t i = 0; i < array_count(queries); i++)
        assert_false(package_url_verify(&key, STR("/_lambd/packages/00"), str_of(queries[i]),
                                        NOW_MS, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
