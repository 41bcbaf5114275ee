/* SPDX-License-Identifier: Apache-2.0 */

#include "async/async_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"

enum { HOUR_MS = 3600 * 1000 };

static const struct async_clock_mark mark = {
    .boot_id = STR_INIT("boot"), .mono_ms = 1000, .time_ms = UINT64_C(1700000000000)};

static uint64_t started(const struct async_clock_mark *from, struct str boot_id, uint64_t mono_ms,
                        uint64_t wall_ms)
{
    struct async_clock clock;

    async_clock_start(&clock, from, boot_id, mono_ms, wall_ms);
    return async_clock_at(&clock, mono_ms);
}

static void test_first(void **state)
{
    (void)state;
    assert_int_equal(started(NULL, STR("boot"), 5, mark.time_ms), mark.time_ms);
}

/* Whatever the wall clock says, forward or back. */
static void test_same_boot(void **state)
{
    (void)state;
    for (int hours = -24; hours <= 24; hours += 12) {
        uint64_t wall_ms = (uint64_t)((int64_t)mark.time_ms + hours * (int64_t)HOUR_MS);

        assert_int_equal(started(&mark, STR("boot"), 4000, wall_ms), mark.time_ms + 3000);
    }
}

static void test_other_boot(void **state)
{
    (void)state;
    assert_int_equal(started(&mark, STR("other"), 4000, mark.time_ms + HOUR_MS),
                     mark.time_ms + HOUR_MS);
    assert_int_equal(started(&mark, STR("other"), 4000, mark.time_ms - HOUR_MS), mark.time_ms);
    /* another monotonic clock: a container's, or a snapshot's */
    assert_int_equal(started(&mark, STR("boot"), 500, mark.time_ms - HOUR_MS), mark.time_ms);
}

static void test_goes_on(void **state)
{
    struct async_clock clock;
    struct async_clock_mark read;
    struct buf bytes = {0};

    (void)state;
    async_clock_start(&clock, &mark, STR("a boot id that is longer than forty bytes is cut"), 0,
                      mark.time_ms + 7);
    async_clock_encode(&bytes, &clock, 250);
    assert_int_equal(async_clock_decode(buf_str(&bytes), &read), 0);
    assert_true(str_eq(read.boot_id, STR("a boot id that is longer than forty byt")));
    assert_int_equal(read.mono_ms, 250);
    assert_int_equal(read.time_ms, mark.time_ms + 257);
    buf_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_same_boot),
        cmocka_unit_test(test_other_boot),
        cmocka_unit_test(test_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
