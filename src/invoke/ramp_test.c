/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/ramp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void take(struct ramp *ramp, uint32_t per_period, uint64_t now_ns, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ramp_take(ramp, per_period, now_ns);
}

static void what_is_started_is_missing_and_comes_back(void **state)
{
    struct ramp ramp = {0};
    uint64_t now = 5 * NS_PER_S;

    (void)state;
    assert_int_equal(ramp_left(&ramp, 1000, now), 1000);
    take(&ramp, 1000, now, 1000);
    assert_int_equal(ramp_left(&ramp, 1000, now), 0);
    assert_int_equal(ramp_left(&ramp, 1000, now + 9 * NS_PER_MS), 0);
    assert_int_equal(ramp_left(&ramp, 1000, now + 10 * NS_PER_MS), 1);
    assert_int_equal(ramp_left(&ramp, 1000, now + NS_PER_S), 100);
    take(&ramp, 1000, now + NS_PER_S, 40);
    assert_int_equal(ramp_left(&ramp, 1000, now + NS_PER_S), 60);
    assert_int_equal(ramp_left(&ramp, 1000, now + 10 * NS_PER_S), 960);
}

static void nothing_is_saved_up(void **state)
{
    struct ramp ramp = {0};

    (void)state;
    take(&ramp, 3, NS_PER_S, 1);
    assert_int_equal(ramp_left(&ramp, 3, NS_PER_S), 2);
    assert_int_equal(ramp_left(&ramp, 3, 1000 * NS_PER_S), 3);
    take(&ramp, 3, 1000 * NS_PER_S, 3);
    assert_int_equal(ramp_left(&ramp, 3, 1000 * NS_PER_S), 0);
}

static void more_than_was_left_is_not_owed(void **state)
{
    struct ramp ramp = {0};

    (void)state;
    take(&ramp, 2, NS_PER_S, 50);
    assert_int_equal(ramp_left(&ramp, 2, NS_PER_S), 0);
    assert_int_equal(ramp_left(&ramp, 2, 6 * NS_PER_S), 1);
    assert_int_equal(ramp_left(&ramp, 2, 11 * NS_PER_S), 2);
}

static void zero_is_no_bound(void **state)
{
    struct ramp ramp = {0};

    (void)state;
    take(&ramp, 0, NS_PER_S, 5000);
    assert_int_equal(ramp_left(&ramp, 0, NS_PER_S), UINT32_MAX);
}

/* The steps of such numbers do not divide the period. */
static void any_number_has_all_of_it_at_first(void **state)
{
    static const uint32_t numbers[] = {1, 7, 999, 123457, 1000000};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct ramp ramp = {0};

        assert_int_equal(ramp_left(&ramp, numbers[i], NS_PER_S), numbers[i]);
        take(&ramp, numbers[i], NS_PER_S, numbers[i]);
        assert_int_equal(ramp_left(&ramp, numbers[i], NS_PER_S), 0);
        assert_int_equal(ramp_left(&ramp, numbers[i], (1 + RAMP_PERIOD_S) * NS_PER_S), numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_started_is_missing_and_comes_back),
        cmocka_unit_test(nothing_is_saved_up),
        cmocka_unit_test(more_than_was_left_is_not_owed),
        cmocka_unit_test(zero_is_no_bound),
        cmocka_unit_test(any_number_has_all_of_it_at_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
