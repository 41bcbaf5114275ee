/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

/* 2^7 = HISTOGRAM_STEPS: values below it have a step each. */
enum { STEP_BITS = 7 };

/* 0 for values below HISTOGRAM_STEPS, then one more for each doubling. */
static unsigned power_of(uint64_t value)
{
    unsigned bits = value ? 64 - (unsigned)__builtin_clzll(value) : 0;

    return bits > STEP_BITS ? bits - STEP_BITS : 0;
}

/* The upper half of a doubled range: the lower half belongs to the power before. */
static unsigned step_of(uint64_t value, unsigned power)
{
    return (unsigned)(value >> power);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    unsigned power = power_of(value);

    histogram->counts[power][step_of(value, power)]++;
    histogram->count++;
    if (value > histogram->max)
        histogram->max = value;
}

/* The largest value that falls into the step. */
static uint64_t step_value(unsigned power, unsigned step)
{
    return (((uint64_t)step + 1) << power) - 1;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille)
{
    uint64_t wanted = (histogram->count * permille + 999) / 1000;
    uint64_t seen = 0;

    if (histogram->count == 0)
        return 0;
    for (unsigned power = 0; power <= HISTOGRAM_POWERS; power++)
        for (unsigned step = 0; step < HISTOGRAM_STEPS; step++) {
            seen += histogram->counts[power][step];
            if (seen >= wanted && seen > 0) {
                uint64_t value = step_value(power, step);

                return value < histogram->max ? value : histogram->max;
            }
        }
    return histogram->max;
}
