/* SPDX-License-Identifier: Apache-2.0 */

#include "async/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct retry_rules aws = {ASYNC_RETRIES_DEFAULT, 21600000, 1000};

static void test_errors(void **state)
{
    uint64_t delay_ms = 0;

    (void)state;
    assert_int_equal(retry_after_error(&aws, 1, 0, &delay_ms), RETRY_LATER);
    assert_int_equal(delay_ms, 60000);
    assert_int_equal(retry_after_error(&aws, 2, 60000, &delay_ms), RETRY_LATER);
    assert_int_equal(delay_ms, 120000);
    assert_int_equal(retry_after_error(&aws, 3, 180000, &delay_ms), RETRY_EXHAUSTED);
}

/* The next attempt would come too late: it is not waited for. */
static void test_age(void **state)
{
    const struct retry_rules minute = {2, 60000, 1000};
    uint64_t delay_ms;

    (void)state;
    assert_int_equal(retry_after_error(&minute, 1, 1, &delay_ms), RETRY_TOO_OLD);
    assert_int_equal(retry_after_error(&minute, 1, 0, &delay_ms), RETRY_LATER);
    assert_int_equal(retry_after_refusal(&minute, 1, 59000, &delay_ms), RETRY_LATER);
    assert_int_equal(retry_after_refusal(&minute, 2, 59000, &delay_ms), RETRY_TOO_OLD);
    assert_false(retry_is_too_old(&minute, 60000));
    assert_true(retry_is_too_old(&minute, 60001));
}

static void test_refusals(void **state)
{
    static const uint64_t seconds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    uint64_t delay_ms;

    (void)state;
    for (uint32_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        assert_int_equal(retry_after_refusal(&aws, i + 1, 0, &delay_ms), RETRY_LATER);
        assert_int_equal(delay_ms, seconds[i] * 1000);
    }
    assert_int_equal(retry_delivery_delay(4000000000, 1000), 300000);
}

static void test_scale(void **state)
{
    const struct retry_rules fast = {2, 21600000, 1};
    uint64_t delay_ms;

    (void)state;
    assert_int_equal(retry_after_error(&fast, 1, 0, &delay_ms), RETRY_LATER);
    assert_int_equal(delay_ms, 60);
    assert_int_equal(retry_after_refusal(&fast, 1, 0, &delay_ms), RETRY_LATER);
    assert_int_equal(delay_ms, 1);
    assert_true(retry_is_too_old(&fast, 21601));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_scale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
