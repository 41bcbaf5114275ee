/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The environments of one function version, and the invocations that wait for one. Idle
 * environments are a stack (the warmest first), waiting invocations a queue; whichever environment
 * is available first takes the oldest. A new one is started only while fewer are on their way than
 * are waited for, which is never worse than one for each.
 *
 * Where a new environment comes from is the pool's own business (today a prepared empty box; later
 * a stem cell that only needs its code), so that its callers do not change with it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/str.h"
#include "invoke/env.h"

enum { ENV_POOL_KEY_BYTES = 256 };

struct env_pool;

struct env_pool_ops {
    /* May one more environment be started now? The callee may stop an idle one elsewhere to make
     * room. */
    bool (*may_start)(void *owner);
    /* The same for one that no invocation waits for: others come first, and something is left for
     * them. When not: env_pool_start_ahead() when there is room. */
    bool (*may_start_ahead)(void *owner);
    /* Invocations wait here, too, and an environment is available: is it rather to go, for the sake
     * of other pools? */
    bool (*must_yield)(void *owner);
    /* An environment became idle, or one that is may be had by others now. */
    void (*idle)(void *owner);
    /* An environment was made or is gone. */
    void (*env_count)(void *owner, struct env_pool *pool, int change);
    /* One was started for an invocation that waits. */
    void (*grown)(void *owner, struct env_pool *pool);
    /* The invocation has ended (its sink was told); the callee frees it. */
    void (*ended)(void *owner, struct invocation *inv);
    /* Invocations wait and may_start said no: call env_pool_kick() when there is room. */
    void (*starved)(void *owner, struct env_pool *pool);
    /* The same, because boxes that were stopped are not gone yet; called before starved. */
    void (*no_box)(void *owner);
    /* All that is provisioned here is initialised, or cannot be. */
    void (*settled)(void *owner, struct env_pool *pool);
    /* Nothing runs, waits or lives here any more; env_pool_free() may follow, not from inside this
     * call. */
    void (*empty)(void *owner, struct env_pool *pool);
    void (*api_request)(void *owner, struct function_version *version, bool is_running,
                        struct http_request *req);
};

struct env_pool_context {
    const struct env_context *envs;
    struct list *lru; /* all idle environments of all pools, oldest first */
    const struct env_pool_ops *ops;
    void *owner;
};

/* NULL when out of memory. version is referenced; context is borrowed. */
struct env_pool *env_pool_new(const struct env_pool_context *context,
                              struct function_version *version);
/* Kills its environments; no invocation may be running or waiting. */
struct env_pool *env_pool_free(struct env_pool *pool);

/* Run inv here as soon as an environment is available. Owned by the pool until ops->ended. */
void env_pool_submit(struct env_pool *pool, struct invocation *inv);
/*
 * Provisioned concurrency: keep so many environments from now on, whether they are needed or not.
 * They are not stopped for the sake of other pools; one that ends by itself is replaced.
 */
void env_pool_provision(struct env_pool *pool, uint32_t count);
/* Start those that are missing. */
void env_pool_start_ahead(struct env_pool *pool);
/* How many environments would have to be started for those that wait, and so many more. */
size_t env_pool_missing(const struct env_pool *pool, size_t more);
/* How many environments there are that others cannot get. */
size_t env_pool_kept(const struct env_pool *pool);
/* Of what is provisioned. */
struct env_pool_counts {
    size_t initialised;
    bool has_failed; /* the init of one failed, or none could be started */
};
struct env_pool_counts env_pool_counts(const struct env_pool *pool);
/* Nothing is missing that is still to come. */
bool env_pool_is_settled(const struct env_pool *pool);
/*
 * What is provisioned here is to go to another version: keep what there is, but add none, until the
 * next env_pool_provision().
 */
void env_pool_hold(struct env_pool *pool);
bool env_pool_is_held(const struct env_pool *pool);
/* Start what is waited for, now that there is room. */
void env_pool_kick(struct env_pool *pool);
/* The version was replaced or deleted: stop what is idle now and the rest as it becomes idle. */
void env_pool_retire(struct env_pool *pool);
/* Stop one idle environment of this pool's. */
void env_pool_evict(struct env_pool *pool, struct env *env);

/* Invocations have waited here for so long without any environment that others should give one up.
 */
bool env_pool_is_neglected(const struct env_pool *pool);
bool env_pool_has_environments(const struct env_pool *pool);

struct function_version *env_pool_version(const struct env_pool *pool); /* borrowed */
/* "account/region/name:version": the same for every snapshot of that version. */
struct str env_pool_key(const struct env_pool *pool);
/* Writes such a key (ENV_POOL_KEY_BYTES) and returns it. */
struct str env_pool_make_key(char *to, struct str account, struct str region, struct str name,
                             struct str version);
bool env_pool_is_empty(const struct env_pool *pool);
/* For its owner's lists: a pool is starved, or empty, or neither. */
struct list *env_pool_node(struct env_pool *pool);
/* For its owner's list of all pools. */
struct list *env_pool_all_node(struct env_pool *pool);
struct env_pool *env_pool_of_all_node(struct list *node);
struct env_pool *env_pool_of_node(struct list *node);
