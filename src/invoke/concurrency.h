/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How many invocations may be in flight, as AWS counts: an account has a limit per region, and its
 * functions share what is not set aside. Reserved concurrency is set aside for one function and is
 * the most that it gets; provisioned concurrency is set aside, too, but what the function needs
 * beyond it comes from the shared part. (The scale-up ramp will be decided here, too.) In flight
 * means accepted and not ended, whether it runs or waits for an environment, so that the limit
 * bounds the scheduler's queues as well.
 *
 * Memory: one entry per account and region that has ever invoked, and one per function that has
 * something set aside or in flight. Every call is constant time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"

struct function_concurrency;
struct function_version;

struct concurrency {
    struct map accounts;  /* "account/region" → struct concurrency_account */
    struct map functions; /* "account/region/name" → struct concurrency_function */
    uint32_t limit;
    size_t in_flight; /* over all accounts */
};

/* Outcomes of concurrency_take(). */
enum { CONCURRENCY_OK, CONCURRENCY_ACCOUNT_LIMIT, CONCURRENCY_RESERVED_LIMIT };

void concurrency_init(struct concurrency *concurrency, uint32_t limit);
void concurrency_deinit(struct concurrency *concurrency);

/* What is set aside for a function from now on; what is in flight goes on. 0 or -ENOMEM. */
int concurrency_set(struct concurrency *concurrency, struct str account, struct str region,
                    struct str name, const struct function_concurrency *aside);

/* CONCURRENCY_* or -ENOMEM. Each OK needs one concurrency_give(). */
int concurrency_take(struct concurrency *concurrency, const struct function_version *version);
void concurrency_give(struct concurrency *concurrency, const struct function_version *version);
