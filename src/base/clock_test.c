/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void formats_as_the_api_does(void **state)
{
    char text[CLOCK_TEXT_BYTES];

    (void)state;
    assert_string_equal(clock_format_offset(text, 1764037614123), "2025-11-25T02:26:54.123+0000");
    assert_string_equal(clock_format_offset_s(text, 1764037614123), "2025-11-25T02:26:54+0000");
    assert_string_equal(clock_format_z(text, 1764037614007), "2025-11-25T02:26:54.007Z");
    assert_string_equal(clock_format_date(text, 1764037614123), "2025/11/25");
    assert_string_equal(clock_format_z(text, 0), "1970-01-01T00:00:00.000Z");
}

static void monotonic_time_does_not_go_back(void **state)
{
    uint64_t before = clock_mono_ns();

    (void)state;
    assert_true(clock_mono_ns() >= before);
}

static void back_off_doubles_up_to_its_end(void **state)
{
    (void)state;
    assert_int_equal(clock_back_off_ms(15, 0, 5000), 15);
    assert_int_equal(clock_back_off_ms(15, 1, 5000), 30);
    assert_int_equal(clock_back_off_ms(15, 8, 5000), 3840);
    assert_int_equal(clock_back_off_ms(15, 9, 5000), 5000);
    assert_int_equal(clock_back_off_ms(15, UINT32_MAX, 5000), 5000);
    assert_int_equal(clock_back_off_ms(1000, 9, 512000), 512000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_as_the_api_does),
        cmocka_unit_test(monotonic_time_does_not_go_back),
        cmocka_unit_test(back_off_doubles_up_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
