/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How many invocations may be in flight, as AWS counts: an account has a limit per region, and its
 * functions share what is not set aside. Reserved concurrency is set aside for one function and is
 * the most that it gets. Provisioned concurrency is set aside for one version, inside of what is
 * reserved for its function when something is; what a version needs beyond its own ("spill-over")
 * comes from the rest of that, or from the shared part. In flight means accepted and not ended,
 * whether it runs or waits for an environment, so that the limit bounds the scheduler's queues as
 * well.
 *
 * How fast a function may grow (ramp.h) is remembered here, too, because it outlives the function's
 * environments.
 *
 * Memory: one entry per account and region that has ever invoked, one per function that has
 * something set aside or in flight, or has had within the last RAMP_PERIOD_S, and one per version
 * that has something provisioned or in flight. Every call is constant time, but concurrency_set(),
 * which looks at the versions of its function.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

struct concurrency_version;
struct function_concurrency;
struct function_id;
struct function_version;
struct version_provisioned;

struct concurrency {
    struct map accounts;  /* "account/region" → struct concurrency_account */
    struct map functions; /* "account/region/name" → struct concurrency_function */
    struct map versions;  /* "account/region/name:version" → struct concurrency_version */
    struct list resting;  /* functions that are kept for their ramp only, the oldest first */
    uint64_t (*now_ns)(void);
    uint32_t limit;
    uint32_t ramp;    /* environments by which a function may grow in RAMP_PERIOD_S; 0: any */
    size_t in_flight; /* over all accounts */
};

/* Outcomes of concurrency_take(). */
enum { CONCURRENCY_OK, CONCURRENCY_ACCOUNT_LIMIT, CONCURRENCY_RESERVED_LIMIT };

void concurrency_init(struct concurrency *concurrency, uint32_t limit, uint32_t ramp);
void concurrency_deinit(struct concurrency *concurrency);

/* What is set aside for a function from now on, and for its versions; what is in flight goes on. 0
 * or -ENOMEM. */
int concurrency_set(struct concurrency *concurrency, const struct function_id *id,
                    const struct function_concurrency *aside,
                    const struct version_provisioned *versions, size_t count);

/* CONCURRENCY_* or -ENOMEM. Each OK needs one concurrency_give(). */
int concurrency_take(struct concurrency *concurrency, const struct function_version *version,
                     struct concurrency_version **ret_taken);
void concurrency_give(struct concurrency *concurrency, struct concurrency_version *taken);

/* How many environments the function may start now. */
uint32_t concurrency_ramp_left(const struct concurrency *concurrency,
                               const struct concurrency_version *taken);
/* One is started for an invocation; something of this version is in flight. */
void concurrency_ramp_take(struct concurrency *concurrency, const struct function_version *version);
