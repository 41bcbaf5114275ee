/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void splits_into_parts(void **state)
{
    struct str rest = STR("a,,b");
    struct str part;

    (void)state;
    assert_true(str_next(&rest, ',', &part));
    assert_true(str_eq(part, STR("a")));
    assert_true(str_next(&rest, ',', &part));
    assert_true(str_is_set(part));
    assert_int_equal(part.len, 0);
    assert_true(str_next(&rest, ',', &part));
    assert_true(str_eq(part, STR("b")));
    assert_false(str_next(&rest, ',', &part));
}

static void reads_numbers(void **state)
{
    uint64_t u = 7;
    int64_t i = 7;

    (void)state;
    assert_true(str_to_u64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &u));
    assert_false(str_to_u64(STR(""), &u));
    assert_false(str_to_u64(STR("+1"), &u));
    assert_false(str_to_u64(STR("1 "), &u));
    assert_true(str_to_i64(STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("-"), &i));
}

static void compares(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-Type"), STR("content-TYPE")));
    assert_false(str_eq_nocase(STR("a@"), STR("a`")));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
    assert_true(str_starts_with(STR("abc"), STR("ab")));
    assert_false(str_starts_with(STR("a"), STR("ab")));
    assert_true(str_ends_with(STR("abc"), STR("bc")));
    assert_true(str_eq(str_trim(STR(" \t x ")), STR("x")));
}

static void knows_ids(void **state)
{
    (void)state;
    assert_true(str_is_uuid(STR("0a1b2c3d-0000-4000-8000-00000000000F")));
    assert_false(str_is_uuid(STR("0a1b2c3d-0000-4000-8000-00000000000")));
    assert_false(str_is_uuid(STR("0a1b2c3d-0000-4000-8000-00000000000g")));
    assert_false(str_is_uuid(STR("0a1b2c3d00000-4000-8000-00000000000f")));
    assert_false(str_is_uuid(STR_NONE));
}

static void refuses_what_does_not_fit(void **state)
{
    char buffer[4];

    (void)state;
    assert_true(str_to_cstr(STR("abc"), buffer, sizeof(buffer)));
    assert_string_equal(buffer, "abc");
    assert_false(str_to_cstr(STR("abcd"), buffer, sizeof(buffer)));
    assert_false(str_to_cstr(str_make("a\0b", 3), buffer, sizeof(buffer)));
    assert_string_equal(buffer, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_into_parts),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(compares),
        cmocka_unit_test(knows_ids),
        cmocka_unit_test(refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
