/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How many invocations may be in flight: AWS's account limit per region. (Reserved concurrency, the
 * scale-up ramp and provisioned concurrency will be decided here too.) In flight means accepted and
 * not ended, whether it runs or waits for an environment, so that the limit bounds the scheduler's
 * queues as well.
 *
 * Memory: one entry per account and region that has ever invoked.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"

struct concurrency {
    struct map accounts; /* "account/region" → struct concurrency_account */
    uint32_t limit;
    size_t in_flight; /* over all accounts */
};

/* Outcomes of concurrency_take(). */
enum { CONCURRENCY_OK, CONCURRENCY_ACCOUNT_LIMIT };

void concurrency_init(struct concurrency *concurrency, uint32_t limit);
void concurrency_deinit(struct concurrency *concurrency);

/* CONCURRENCY_* or -ENOMEM. Each OK needs one concurrency_give(). */
int concurrency_take(struct concurrency *concurrency, struct str account, struct str region);
void concurrency_give(struct concurrency *concurrency, struct str account, struct str region);
