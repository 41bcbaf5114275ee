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

/* Answers of may_start. */
enum {
    ROOM_NOW,
    ROOM_LATER,
    ROOM_NEVER, /* why says it */
};

/* Who shares the host out to the pools (room.h). */
struct env_pool_room_ops {
    /* This invocation waits in inv->runner, a pool, from now on. */
    void (*waits)(void *owner, struct invocation *inv);
    /* May one more environment be started? Idle ones elsewhere may be stopped for it. */
    int (*may_start)(void *owner, struct env_pool *pool, struct reason *why);
    /* The same for one that no invocation waits for: others come first, and something is left for
     * them. When not: env_pool_start_ahead() when there is room. */
    bool (*may_start_ahead)(void *owner, struct env_pool *pool);
    /* May this idle environment run? Frozen, it holds less of the host than it may want then. */
    bool (*may_wake)(void *owner, struct env *env);
    /* Invocations wait here, too, and an environment is available: is it rather to go, for the sake
     * of other pools? */
    bool (*must_yield)(void *owner);
    /* This environment is idle; may_go: others may have its room. */
    void (*idle)(void *owner, struct env *env, bool may_go);
    /* So many environments more or less. */
    void (*count)(void *owner, int change);
    /* Invocations wait and there is no room: call env_pool_serve() when there is. */
    void (*starved)(void *owner, struct env_pool *pool);
};

struct env_pool_ops {
    /* An environment was started for an invocation that waits. */
    void (*grown)(void *owner, struct env_pool *pool);
    /* The invocation has ended (its sink was told); the callee frees it. */
    void (*ended)(void *owner, struct invocation *inv);
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
    const struct env_pool_ops *ops;
    void *owner;
    const struct env_pool_room_ops *room_ops;
    void *room;
};

/* NULL when out of memory. version is referenced; context is borrowed. */
struct env_pool *env_pool_new(const struct env_pool_context *context,
                              struct function_version *version);
/* Kills its environments; no invocation may be running or waiting. */
struct env_pool *env_pool_free(struct env_pool *pool);

/* Run inv here as soon as an environment is available. Owned by the pool until ops->ended. */
void env_pool_submit(struct env_pool *pool, struct invocation *inv);
/*
 * Provisioned concurrency: keep so many environments from now on, whether they are needed or not,
 * beside those that invocations have needed. They are used first, and not stopped for the sake of
 * other pools; one that ends by itself is replaced. When there are more, those go, the busy ones as
 * they become idle.
 */
void env_pool_provision(struct env_pool *pool, uint32_t provisioned);
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
/* Start or wake one environment for those that wait. False: there is no room. Else the pool says
 * `starved` again when it wants more. */
bool env_pool_serve(struct env_pool *pool);
/* Some wait here for whom there is no room. */
bool env_pool_is_starved(const struct env_pool *pool);
/* This one has waited for room for long enough. */
void env_pool_throttle(struct env_pool *pool, struct invocation *inv);
/* The version was replaced or deleted: stop what is idle now and the rest as it becomes idle. */
void env_pool_retire(struct env_pool *pool);
/* Stop one idle environment of this pool's. */
void env_pool_evict(struct env_pool *pool, struct env *env);

/* Invocations have waited here for so long without any environment that others should give one up;
 * not again after that was of no use. */
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
