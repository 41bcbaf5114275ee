/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/stream_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

enum { RATE = 2 * 1024 * 1024, MB = 1024 * 1024 };

static void test_burst_then_rate(void **state)
{
    struct stream_pace pace = {0};
    uint64_t now_ns = 5 * NS_PER_S;

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(stream_pace_take(&pace, RATE, MB, now_ns), 0);
    assert_int_equal(stream_pace_take(&pace, RATE, MB, now_ns), NS_PER_S / 2);
    assert_int_equal(stream_pace_take(&pace, RATE, 3 * MB, now_ns), 2 * NS_PER_S);
    now_ns += 2 * NS_PER_S;
    assert_int_equal(stream_pace_take(&pace, RATE, 2, now_ns), 2 * NS_PER_S / RATE);
}

/* A pause gives back, but never more than the burst. */
static void test_refill(void **state)
{
    struct stream_pace pace = {0};
    uint64_t now_ns = NS_PER_S;

    (void)state;
    assert_int_equal(stream_pace_take(&pace, RATE, 6 * MB, now_ns), 0);
    now_ns += NS_PER_S / 2;
    assert_int_equal(stream_pace_take(&pace, RATE, MB, now_ns), 0);
    now_ns += 100 * NS_PER_S;
    assert_int_equal(stream_pace_take(&pace, RATE, 7 * MB, now_ns), NS_PER_S / 2);
}

static void test_off(void **state)
{
    struct stream_pace pace = {0};

    (void)state;
    assert_int_equal(stream_pace_take(&pace, 0, 200 * MB, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_refill),
        cmocka_unit_test(test_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
