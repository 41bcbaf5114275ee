/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void grows_and_prints(void **state)
{
    struct buf buf = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_printf(&buf, "%d,", i % 10), 0);
    assert_int_equal(buf.len, 2000);
    assert_true(str_starts_with(buf_str(&buf), STR("0,1,2,")));
    buf_consume(&buf, 1998);
    assert_true(str_eq(buf_str(&buf), STR("9,")));
    buf_deinit(&buf);
}

static void writes_numbers(void **state)
{
    struct buf buf = {0};

    (void)state;
    assert_int_equal(buf_append_u64(&buf, 0), 0);
    assert_int_equal(buf_append_char(&buf, ' '), 0);
    assert_int_equal(buf_append_u64(&buf, UINT64_MAX), 0);
    assert_true(str_eq(buf_str(&buf), STR("0 18446744073709551615")));
    buf_deinit(&buf);
}

static void keeps_its_limit(void **state)
{
    struct buf buf = {.max = 4};

    (void)state;
    assert_int_equal(buf_append(&buf, "abc", 3), 0);
    assert_int_equal(buf_append(&buf, "de", 2), -EMSGSIZE);
    assert_true(buf_failed(&buf));
    assert_true(str_eq(buf_str(&buf), STR("abc")));
    assert_true(buf_append(&buf, "d", 1) < 0);
    buf_clear(&buf);
    assert_int_equal(buf_append(&buf, "abcd", 4), 0);
    buf_deinit(&buf);
}

static void gives_its_memory_away(void **state)
{
    struct buf buf = {0};
    size_t len = 9;
    char *bytes = buf_steal(&buf, &len);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(len, 0);
    free(bytes);
    assert_int_equal(buf_append_str(&buf, STR("xyz")), 0);
    bytes = buf_steal(&buf, &len);
    assert_memory_equal(bytes, "xyz", 3);
    assert_int_equal(buf.len, 0);
    free(bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_prints),
        cmocka_unit_test(writes_numbers),
        cmocka_unit_test(keeps_its_limit),
        cmocka_unit_test(gives_its_memory_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
