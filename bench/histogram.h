/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Latencies in a log-linear histogram: each power of two is divided into HISTOGRAM_STEPS equal
 * steps, so that a quantile is wrong by less than 1 % at any scale and the memory is fixed.
 */

#include <stdint.h>

enum { HISTOGRAM_STEPS = 128, HISTOGRAM_POWERS = 57 };

struct histogram {
    uint64_t counts[HISTOGRAM_POWERS + 1][HISTOGRAM_STEPS];
    uint64_t count;
    uint64_t max;
};

void histogram_add(struct histogram *histogram, uint64_t value);
/* The value that `permille` of 1000 values do not exceed; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille);
