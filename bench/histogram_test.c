/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_near(uint64_t value, uint64_t expected)
{
    if (value < expected || value > expected + expected / 100)
        fail_msg("got %lu, expected %lu to 1 %% more", value, expected);
}

static void finds_quantiles(void **state)
{
    struct histogram *histogram = calloc(1, sizeof(*histogram));

    (void)state;
    assert_non_null(histogram);
    assert_int_equal(histogram_quantile(histogram, 500), 0);
    for (uint64_t value = 1; value <= 1000000; value++)
        histogram_add(histogram, value);
    assert_near(histogram_quantile(histogram, 500), 500000);
    assert_near(histogram_quantile(histogram, 990), 990000);
    assert_near(histogram_quantile(histogram, 1), 1000);
    assert_int_equal(histogram_quantile(histogram, 1000), 1000000);
    assert_int_equal(histogram->max, 1000000);
    free(histogram);
}

static void takes_any_value(void **state)
{
    struct histogram *histogram = calloc(1, sizeof(*histogram));

    (void)state;
    assert_non_null(histogram);
    histogram_add(histogram, 0);
    histogram_add(histogram, 127);
    histogram_add(histogram, UINT64_MAX);
    assert_int_equal(histogram_quantile(histogram, 300), 0);
    assert_int_equal(histogram_quantile(histogram, 600), 127);
    assert_int_equal(histogram_quantile(histogram, 1000), UINT64_MAX);
    free(histogram);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_quantiles),
        cmocka_unit_test(takes_any_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
