/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void failures_are_negative(void **state)
{
    (void)state;
    assert_int_equal(err_new(-EIO), -EIO);
    assert_true(err_new(0) < 0);
    assert_true(err_new(5) < 0);
    assert_int_equal(err_pass(-EIO), -EIO);
    assert_int_equal(err_fold(0), 0);
    assert_int_equal(err_fold(-EIO), -EIO);
    assert_true(err_fold(1) < 0);
}

static void reasons_are_cut_not_overrun(void **state)
{
    struct reason why = {0};
    char longer[2 * REASON_BYTES_MAX];

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    reason_set(&why, "%s", longer);
    assert_int_equal(strlen(why.text), REASON_BYTES_MAX - 1);
    reason_set_errno(&why, -ENOENT, "open %s", "/x");
    assert_string_equal(why.text, "open /x: No such file or directory");
    reason_set(NULL, "nobody listens");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_negative),
        cmocka_unit_test(reasons_are_cut_not_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
