/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How fast one function may grow: AWS starts 1,000 environments in 10 seconds for it, which come
 * back continuously and are not saved up beyond that (spec: invocation, 4). What is left at a time
 * follows from one number, the time at which nothing will be missing any more. Pure.
 */

#include <stdint.h>

struct ramp {
    uint64_t full_ns; /* as the caller's clock */
};

enum { RAMP_PERIOD_S = 10 };

/* How many environments may be started now. per_period: the most at once; 0: there is no bound. */
uint32_t ramp_left(const struct ramp *ramp, uint32_t per_period, uint64_t now_ns);
/* One is started, even when none was left; that is not owed. */
void ramp_take(struct ramp *ramp, uint32_t per_period, uint64_t now_ns);
