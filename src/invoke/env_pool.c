/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/env_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "catalog/function.h"
#include "invoke/invocation.h"

enum { NEGLECT_MS = 1000 }; /* long enough to be worth the cold starts that follow */

struct env_pool {
    const struct env_pool_context *context; /* borrowed */
    struct function_version *version;       /* owned reference */
    struct str key;                         /* in key_text */
    char key_text[ENV_POOL_KEY_BYTES];
    struct list all_node;
    struct list idle;       /* envs; the warmest first */
    struct list other;      /* envs that start, run or reset */
    struct list waiting;    /* invocations; the oldest first */
    struct list owner_node; /* the dispatch's list of starved or of empty pools */
    size_t env_count;
    size_t starting_count; /* envs that have never been available */
    size_t awaited_count;  /* those that are reset, and available again at once */
    size_t waiting_count;
    uint32_t provisioned;     /* environments to keep, beside those that invocations needed */
    size_t provisioned_count; /* those that there are; part of env_count */
    bool is_held;             /* none is added: what is here stays until others have taken over */
    bool provisioning_failed; /* one could not be started: not tried again without end */
    uint64_t starved_ns;      /* since when invocations wait for room; 0: they do not */
    bool gave_up;             /* one was throttled, and no environment was started since */
    bool retired;
};

static const struct env_ops env_ops;

struct env_pool *env_pool_new(const struct env_pool_context *context,
                              struct function_version *version)
{
    struct env_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->context = context;
    pool->version = function_version_ref(version);
    pool->key = env_pool_make_key(pool->key_text, version->account, version->region, version->name,
                                  version->version);
    list_init(&pool->all_node);
    list_init(&pool->idle);
    list_init(&pool->other);
    list_init(&pool->waiting);
    list_init(&pool->owner_node);
    return pool;
}

static void count(struct env_pool *pool, int change)
{
    pool->env_count += (size_t)change;
    pool->context->room_ops->count(pool->context->room, change);
}

static void remove_env(struct env_pool *pool, struct env *env)
{
    pool->provisioned_count -= env_is_provisioned(env);
    (void)env_free(env);
    count(pool, -1);
}

static void free_envs(struct env_pool *pool, struct list *list)
{
    while (!list_is_empty(list))
        remove_env(pool, env_of_node(list_first(list)));
}

struct env_pool *env_pool_free(struct env_pool *pool)
{
    if (!pool)
        return NULL;
    must(list_is_empty(&pool->waiting));
    free_envs(pool, &pool->idle);
    free_envs(pool, &pool->other);
    list_remove(&pool->owner_node);
    list_remove(&pool->all_node);
    (void)function_version_unref(pool->version);
    free(pool);
    return NULL;
}

struct function_version *env_pool_version(const struct env_pool *pool)
{
    return pool->version;
}

struct str env_pool_key(const struct env_pool *pool)
{
    return pool->key;
}

static char *put(char *to, struct str text, char end)
{
    memcpy(to, text.ptr, text.len);
    to[text.len] = end;
    return to + text.len + 1;
}

struct str env_pool_make_key(char *to, struct str account, struct str region, struct str name,
                             struct str version)
{
    char *at = to;

    must(account.len + region.len + name.len + version.len + 4 <= ENV_POOL_KEY_BYTES);
    at = put(at, account, '/');
    at = put(at, region, '/');
    at = put(at, name, ':');
    at = put(at, version, '\0');
    return str_make(to, (size_t)(at - to) - 1);
}

struct list *env_pool_all_node(struct env_pool *pool)
{
    return &pool->all_node;
}

struct env_pool *env_pool_of_all_node(struct list *node)
{
    return container_of(node, struct env_pool, all_node);
}

struct list *env_pool_node(struct env_pool *pool)
{
    return &pool->owner_node;
}

struct env_pool *env_pool_of_node(struct list *node)
{
    return container_of(node, struct env_pool, owner_node);
}

bool env_pool_is_empty(const struct env_pool *pool)
{
    return pool->env_count == 0 && pool->waiting_count == 0 && pool->provisioned == 0;
}

bool env_pool_has_environments(const struct env_pool *pool)
{
    return pool->env_count > 0;
}

bool env_pool_is_neglected(const struct env_pool *pool)
{
    return pool->env_count == 0 && pool->starved_ns && !pool->gave_up &&
           clock_mono_ns() - pool->starved_ns > NEGLECT_MS * NS_PER_MS;
}

static void starve(struct env_pool *pool)
{
    if (!pool->starved_ns)
        pool->starved_ns = clock_mono_ns();
    pool->context->room_ops->starved(pool->context->room, pool);
}

static void say_if_empty(struct env_pool *pool)
{
    if (env_pool_is_empty(pool))
        pool->context->ops->empty(pool->context->owner, pool);
}

static struct invocation *stop_waiting(struct env_pool *pool, struct invocation *inv)
{
    list_remove(&inv->node);
    list_remove(&inv->wait_node);
    inv->runner = NULL;
    pool->waiting_count--;
    return inv;
}

static struct invocation *take_waiting(struct env_pool *pool)
{
    struct list *node = list_first(&pool->waiting);

    if (!node)
        return NULL;
    return stop_waiting(pool, container_of(node, struct invocation, node));
}

/* It never runs. text: malloc'd, or NULL */
static void refuse(struct env_pool *pool, struct invocation *inv, enum invocation_outcome outcome,
                   char *text)
{
    inv->sink->responded(inv, outcome, text, text ? strlen(text) : 0);
    inv->sink->ended(inv, NULL);
    pool->context->ops->ended(pool->context->owner, inv);
}

/* The oldest waiting invocation cannot be run at all. */
static void fail_waiting(struct env_pool *pool, const struct reason *why)
{
    struct invocation *inv = take_waiting(pool);

    if (inv)
        refuse(pool, inv, INVOCATION_UNAVAILABLE, strdup(why->text));
}

/* Of what is provisioned something is missing, and to be started. */
static bool is_short(const struct env_pool *pool)
{
    return pool->provisioned_count < pool->provisioned && !pool->is_held &&
           !pool->provisioning_failed;
}

static int start_one(struct env_pool *pool, struct reason *why)
{
    struct env *env;
    const struct env_options options = {
        .context = pool->context->envs,
        .version = pool->version,
        .ops = &env_ops,
        .owner = pool,
        .is_provisioned = is_short(pool),
    };
    int r = env_new(&env, &options, why);

    if (r < 0)
        return err_pass(r);
    list_push_back(&pool->other, env_node(env));
    pool->provisioned_count += options.is_provisioned;
    pool->starting_count++;
    pool->gave_up = false;
    count(pool, 1);
    return 0;
}

void env_pool_start_ahead(struct env_pool *pool)
{
    while (is_short(pool)) {
        struct reason why = {0};
        int r;

        if (!pool->context->room_ops->may_start_ahead(pool->context->room, pool))
            return;
        r = start_one(pool, &why);
        if (r == -EAGAIN)
            return; /* boxes that were stopped are not gone yet */
        if (r < 0)
            pool->provisioning_failed = true;
    }
}

size_t env_pool_missing(const struct env_pool *pool, size_t more)
{
    size_t wanted = pool->waiting_count + more;
    size_t coming = pool->starting_count + pool->awaited_count;

    return list_is_empty(&pool->idle) && wanted > coming ? wanted - coming : 0;
}

size_t env_pool_kept(const struct env_pool *pool)
{
    return pool->provisioned_count;
}

static void set_busy(struct env_pool *pool, struct env *env)
{
    list_remove(env_node(env));
    list_remove(env_lru_node(env));
    list_push_back(&pool->other, env_node(env));
}

static void run(struct env_pool *pool, struct env *env, struct invocation *inv)
{
    set_busy(pool, env);
    env_run(env, inv);
}

/* The warmest idle one, when it may run; else NULL. */
static struct env *wake_idle(struct env_pool *pool)
{
    struct list *node = list_first(&pool->idle);

    if (!node || !pool->context->room_ops->may_wake(pool->context->room, env_of_node(node)))
        return NULL;
    return env_of_node(node);
}

/* False: there is no room. */
static bool start_waited_for(struct env_pool *pool)
{
    struct reason why = {0};
    int r = pool->context->room_ops->may_start(pool->context->room, pool, &why);

    if (r == ROOM_LATER)
        return false;
    if (r == ROOM_NOW) {
        r = start_one(pool, &why);
        if (r == -EAGAIN)
            return false; /* boxes that were stopped are not gone yet */
        if (r == 0) {
            pool->context->ops->grown(pool->context->owner, pool);
            return true;
        }
    }
    fail_waiting(pool, &why);
    return true;
}

/* Do invocations wait for more than what is on its way? */
static bool wants(const struct env_pool *pool)
{
    return pool->waiting_count > 0 &&
           (!list_is_empty(&pool->idle) || env_pool_missing(pool, 0) > 0);
}

static bool serve_one(struct env_pool *pool)
{
    struct env *env = wake_idle(pool);

    if (env)
        run(pool, env, take_waiting(pool));
    else if (!list_is_empty(&pool->idle))
        return false;
    else
        return start_waited_for(pool);
    return true;
}

static void be_content(struct env_pool *pool)
{
    list_remove(&pool->owner_node);
    pool->starved_ns = 0;
    env_pool_start_ahead(pool);
    say_if_empty(pool);
}

/* Start or wake all that is waited for, as far as there is room. */
static void kick(struct env_pool *pool)
{
    while (wants(pool)) {
        if (!serve_one(pool)) {
            starve(pool);
            return;
        }
    }
    be_content(pool);
}

bool env_pool_serve(struct env_pool *pool)
{
    if (wants(pool) && !serve_one(pool))
        return false;
    if (wants(pool))
        starve(pool);
    else
        be_content(pool);
    return true;
}

bool env_pool_is_starved(const struct env_pool *pool)
{
    return pool->starved_ns && wants(pool);
}

void env_pool_throttle(struct env_pool *pool, struct invocation *inv)
{
    if (pool->env_count == 0)
        pool->gave_up = true;
    refuse(pool, stop_waiting(pool, inv), INVOCATION_THROTTLED, NULL);
    if (!wants(pool))
        be_content(pool);
}

void env_pool_submit(struct env_pool *pool, struct invocation *inv)
{
    struct env *env = pool->waiting_count == 0 ? wake_idle(pool) : NULL;

    if (env) {
        run(pool, env, inv);
        return;
    }
    list_push_back(&pool->waiting, &inv->node);
    pool->waiting_count++;
    inv->runner = pool;
    pool->context->room_ops->waits(pool->context->room, inv);
    kick(pool);
}

static void drop(struct env_pool *pool, struct env *env)
{
    remove_env(pool, env);
    say_if_empty(pool);
}

void env_pool_evict(struct env_pool *pool, struct env *env)
{
    drop(pool, env);
}

/* It was provisioned, and less is wanted now. */
static bool is_surplus(const struct env_pool *pool, const struct env *env)
{
    return env_is_provisioned(env) && pool->provisioned_count > pool->provisioned;
}

/* Environments that are kept are used first, and not stopped for the sake of other pools. */
static void set_idle(struct env_pool *pool, struct env *env)
{
    bool is_second = pool->provisioned > 0 && !env_is_provisioned(env);

    list_remove(env_node(env));
    (is_second ? list_push_back : list_push_front)(&pool->idle, env_node(env));
    pool->context->room_ops->idle(pool->context->room, env, !env_is_provisioned(env));
}

static void drop_surplus(struct env_pool *pool)
{
    list_for_each_safe (node, &pool->idle) {
        if (is_surplus(pool, env_of_node(node)))
            drop(pool, env_of_node(node));
    }
}

/* All that is provisioned is there, or cannot be. */
static void say_if_settled(struct env_pool *pool)
{
    if (pool->provisioned > 0 && env_pool_is_settled(pool))
        pool->context->ops->settled(pool->context->owner, pool);
}

void env_pool_provision(struct env_pool *pool, uint32_t provisioned)
{
    if (provisioned == 0 && pool->provisioned == 0)
        return;
    pool->provisioned = provisioned;
    pool->is_held = false;
    pool->provisioning_failed = false;
    drop_surplus(pool);
    kick(pool);
    say_if_settled(pool);
}

void env_pool_hold(struct env_pool *pool)
{
    pool->is_held = pool->provisioned > 0;
}

bool env_pool_is_held(const struct env_pool *pool)
{
    return pool->is_held;
}

static void count_provisioned(const struct list *envs, struct env_pool_counts *counts)
{
    list_for_each (node, envs) {
        const struct env *env = env_of_node(node);

        if (!env_is_provisioned(env) || env_is_new(env))
            continue;
        if (env_has_failed_init(env))
            counts->has_failed = true;
        else
            counts->initialised++;
    }
}

struct env_pool_counts env_pool_counts(const struct env_pool *pool)
{
    struct env_pool_counts counts = {.has_failed = pool->provisioning_failed};

    count_provisioned(&pool->idle, &counts);
    count_provisioned(&pool->other, &counts);
    return counts;
}

bool env_pool_is_settled(const struct env_pool *pool)
{
    struct env_pool_counts counts = env_pool_counts(pool);

    return pool->is_held || counts.has_failed || counts.initialised >= pool->provisioned;
}

void env_pool_retire(struct env_pool *pool)
{
    pool->retired = true;
    pool->provisioned = 0;
    pool->is_held = false;
    while (!list_is_empty(&pool->idle)) {
        struct env *env = env_of_node(list_first(&pool->idle));
        bool last = pool->env_count == 1 && pool->waiting_count == 0;

        drop(pool, env);
        if (last)
            return; /* the pool may be on its way out */
    }
}

/* ---- what environments say ---- */

/* Environments that were never available are counted; the first word of each takes it out of the
 * count. */
static void has_started(struct env_pool *pool, struct env *env)
{
    if (!env_is_new(env))
        return;
    env_set_known(env);
    must(pool->starting_count > 0);
    pool->starting_count--;
}

static void set_awaited(struct env_pool *pool, struct env *env, bool is_awaited)
{
    if (env_is_awaited(env) == is_awaited)
        return;
    env_set_awaited(env, is_awaited);
    pool->awaited_count += is_awaited ? 1 : (size_t)-1;
}

static void on_available(void *owner, struct env *env)
{
    struct env_pool *pool = owner;
    struct invocation *inv;

    bool is_new = env_is_new(env); /* it cost a start, and runs at least once */

    has_started(pool, env);
    set_awaited(pool, env, false);
    if (!is_new && pool->waiting_count &&
        pool->context->room_ops->must_yield(pool->context->room)) {
        drop(pool, env);
        starve(pool);
        return;
    }
    inv = take_waiting(pool);
    if (inv) {
        run(pool, env, inv);
        return;
    }
    if (pool->retired || is_surplus(pool, env)) {
        drop(pool, env);
        return;
    }
    set_idle(pool, env);
    if (is_new)
        say_if_settled(pool);
}

static void on_ended(void *owner, struct env *env, struct invocation *inv)
{
    struct env_pool *pool = owner;

    set_awaited(pool, env, env_is_resetting(env));
    pool->context->ops->ended(pool->context->owner, inv);
}

static void on_dead(void *owner, struct env *env, const struct reason *why)
{
    struct env_pool *pool = owner;
    bool never_started = env_is_new(env);

    has_started(pool, env);
    set_awaited(pool, env, false);
    remove_env(pool, env);
    if (never_started && why) { /* or the next would fail likewise, without end */
        pool->provisioning_failed = true;
        fail_waiting(pool, why);
        say_if_settled(pool);
    }
    kick(pool);
}

static void on_api_request(void *owner, struct env *env, struct http_request *req)
{
    struct env_pool *pool = owner;

    pool->context->ops->api_request(pool->context->owner, pool->version, env_is_running(env), req);
}

static const struct env_ops env_ops = {on_available, on_ended, on_dead, on_api_request};
