/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/ramp.h"

#include "base/clock.h"

/* How long it takes until one more may be started. */
static uint64_t step_ns(uint32_t per_period)
{
    return RAMP_PERIOD_S * NS_PER_S / per_period;
}

uint32_t ramp_left(const struct ramp *ramp, uint32_t per_period, uint64_t now_ns)
{
    uint64_t missing_ns = ramp->full_ns > now_ns ? ramp->full_ns - now_ns : 0;
    uint64_t missing;

    if (per_period == 0)
        return UINT32_MAX;
    missing = (missing_ns + step_ns(per_period) - 1) / step_ns(per_period);
    return missing < per_period ? per_period - (uint32_t)missing : 0;
}

void ramp_take(struct ramp *ramp, uint32_t per_period, uint64_t now_ns)
{
    uint64_t latest_ns;

    if (per_period == 0)
        return;
    latest_ns = now_ns + per_period * step_ns(per_period);
    if (ramp->full_ns < now_ns)
        ramp->full_ns = now_ns;
    ramp->full_ns += step_ns(per_period);
    if (ramp->full_ns > latest_ns)
        ramp->full_ns = latest_ns;
}
