/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * When an event is tried again, and when it is given up (spec: invocation, section 5). Pure; times
 * are milliseconds.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    ASYNC_RETRIES_DEFAULT = 2,
    ASYNC_AGE_S_DEFAULT = 21600,
    ASYNC_DELAY_PERMILLE = 1000, /* the delays as they are on AWS */
};

struct retry_rules {
    uint32_t retries_max;
    uint64_t age_ms_max;
    uint32_t delay_permille; /* of AWS's delays and ages; less only for tests and development */
};

enum retry_verdict {
    RETRY_LATER,
    RETRY_EXHAUSTED, /* all attempts were made */
    RETRY_TOO_OLD,   /* the event is too old, or would be */
};

/* After a failed attempt, the attempts-th (from 1). ret_delay_ms: how long from now. */
enum retry_verdict retry_after_error(const struct retry_rules *rules, uint32_t attempts,
                                     uint64_t age_ms, uint64_t *ret_delay_ms);
/* When it could not be tried, for the waits-th time in a row (from 1). */
enum retry_verdict retry_after_refusal(const struct retry_rules *rules, uint32_t waits,
                                       uint64_t age_ms, uint64_t *ret_delay_ms);
/* Before an attempt. */
bool retry_is_too_old(const struct retry_rules *rules, uint64_t age_ms);
/* The wait before the waits-th try to deliver a result; that is never given up. */
uint64_t retry_delivery_delay(uint32_t waits, uint32_t delay_permille);
