/* SPDX-License-Identifier: Apache-2.0 */

#include "async/retry.h"

#include "base/clock.h"

enum {
    ERROR_DELAY_MS = 60000,     /* after the first error, twice as long after the second */
    REFUSAL_DELAY_MS = 1000,    /* doubled each time … */
    REFUSAL_DELAY_MAX = 300000, /* … up to this */
};

static uint64_t scaled(uint64_t ms, uint32_t permille)
{
    uint64_t scaled = ms * permille / ASYNC_DELAY_PERMILLE;

    return scaled > 0 ? scaled : 1;
}

static uint64_t refusal_delay(uint32_t waits, uint32_t permille)
{
    return scaled(clock_back_off_ms(REFUSAL_DELAY_MS, waits - (waits > 0), REFUSAL_DELAY_MAX),
                  permille);
}

bool retry_is_too_old(const struct retry_rules *rules, uint64_t age_ms)
{
    return age_ms > scaled(rules->age_ms_max, rules->delay_permille);
}

static enum retry_verdict verdict(const struct retry_rules *rules, uint64_t age_ms,
                                  uint64_t delay_ms)
{
    return retry_is_too_old(rules, age_ms + delay_ms) ? RETRY_TOO_OLD : RETRY_LATER;
}

enum retry_verdict retry_after_error(const struct retry_rules *rules, uint32_t attempts,
                                     uint64_t age_ms, uint64_t *ret_delay_ms)
{
    if (attempts > rules->retries_max)
        return RETRY_EXHAUSTED;
    *ret_delay_ms = scaled((uint64_t)ERROR_DELAY_MS * attempts, rules->delay_permille);
    return verdict(rules, age_ms, *ret_delay_ms);
}

enum retry_verdict retry_after_refusal(const struct retry_rules *rules, uint32_t waits,
                                       uint64_t age_ms, uint64_t *ret_delay_ms)
{
    *ret_delay_ms = refusal_delay(waits, rules->delay_permille);
    return verdict(rules, age_ms, *ret_delay_ms);
}

uint64_t retry_delivery_delay(uint32_t waits, uint32_t delay_permille)
{
    return refusal_delay(waits, delay_permille);
}
