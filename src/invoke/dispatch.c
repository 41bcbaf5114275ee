/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/dispatch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/must.h"
#include "catalog/catalog.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"
#include "invoke/concurrency.h"
#include "invoke/env_pool.h"
#include "invoke/invocation.h"
#include "invoke/room.h"
#include "invoke/trace_id.h"
#include "invoke/trace_sampler.h"
#include "obs/xray.h"

struct dispatch {
    struct env_context env_context;
    struct env_pool_context pool_context;
    const struct dispatch_ops *ops;
    void *owner;
    struct map pools; /* "account/region/name:version" → struct env_pool of the present snapshot */
    struct list all;  /* every pool, those of older snapshots too */
    struct list empty;
    struct concurrency concurrency;
    struct trace_sampler sampler;
    struct room *room; /* owned */
    uint64_t invocations;
    uv_timer_t *sweeper; /* owned until closed; frees empty pools */
    void (*drained)(void *owner);
    void *drained_owner;
    struct list leaving; /* environments of no pool, whose extensions have their last seconds */
    void (*stopped)(void *owner);
    void *stopped_owner;
};

static const struct env_pool_ops pool_ops;
static void on_left(void *owner);
static void on_empty(void *owner, struct env_pool *pool);

int dispatch_new(struct dispatch **ret_dispatch, const struct dispatch_options *options)
{
    struct dispatch *dispatch = calloc(1, sizeof(*dispatch));
    uv_timer_t *sweeper = calloc(1, sizeof(*sweeper));
    const struct room_options room = {
        .loop = options->loop,
        .sandboxes = options->sandboxes,
        .environments_max = options->environments_max,
        .wait_ms = options->room_wait_ms,
        .pools = dispatch ? &dispatch->all : NULL,
    };

    if (!dispatch || !sweeper || room_new(&dispatch->room, &room) < 0) {
        free(dispatch);
        free(sweeper);
        return err_new(-ENOMEM);
    }
    dispatch->env_context = (struct env_context){
        .loop = options->loop,
        .sandboxes = options->sandboxes,
        .logs = options->logs,
        .idle_freeze_ms = options->idle_freeze_ms,
        .idle_stop_ms = options->idle_stop_ms,
        .init_limit_ms = options->init_limit_ms,
        .stream_bytes_per_s = options->stream_bytes_per_s,
        .endpoint_url = options->endpoint_url,
        .xray = options->xray,
        .xray_daemon = options->xray_daemon,
        .leaving = &dispatch->leaving,
        .left = on_left,
        .left_owner = dispatch,
    };
    dispatch->pool_context = (struct env_pool_context){
        .envs = &dispatch->env_context,
        .ops = &pool_ops,
        .owner = dispatch,
        .room_ops = &room_ops,
        .room = dispatch->room,
    };
    dispatch->ops = options->ops;
    dispatch->owner = options->owner;
    map_init(&dispatch->pools);
    list_init(&dispatch->all);
    list_init(&dispatch->leaving);
    list_init(&dispatch->empty);
    concurrency_init(&dispatch->concurrency, options->concurrency_limit, options->ramp);
    must(uv_timer_init(options->loop, sweeper) == 0);
    sweeper->data = dispatch;
    dispatch->sweeper = sweeper;
    *ret_dispatch = dispatch;
    return 0;
}

static void on_sweeper_closed(uv_handle_t *handle)
{
    free(handle);
}

static void free_pools(struct dispatch *dispatch)
{
    while (!list_is_empty(&dispatch->all))
        (void)env_pool_free(env_pool_of_all_node(list_first(&dispatch->all)));
    map_deinit(&dispatch->pools);
    map_init(&dispatch->pools);
}

struct dispatch *dispatch_free(struct dispatch *dispatch)
{
    if (!dispatch)
        return NULL;
    must(dispatch->concurrency.in_flight == 0);
    dispatch->stopped = NULL;
    free_pools(dispatch);
    while (!list_is_empty(&dispatch->leaving))
        env_kill(env_of_node(list_first(&dispatch->leaving)));
    map_deinit(&dispatch->pools);
    concurrency_deinit(&dispatch->concurrency);
    dispatch->room = room_free(dispatch->room);
    uv_close((uv_handle_t *)dispatch->sweeper, on_sweeper_closed);
    free(dispatch);
    return NULL;
}

static struct env_pool *add_pool(struct dispatch *dispatch, struct function_version *version)
{
    struct env_pool *pool = env_pool_new(&dispatch->pool_context, version);

    if (!pool)
        return NULL;
    if (map_put(&dispatch->pools, env_pool_key(pool), pool) != MAP_OK)
        return env_pool_free(pool);
    list_push_back(&dispatch->all, env_pool_all_node(pool));
    return pool;
}

static struct env_pool *pool_of(struct dispatch *dispatch, struct function_version *version)
{
    char text[ENV_POOL_KEY_BYTES];
    struct str key =
        env_pool_make_key(text, version->account, version->region, version->name, version->version);
    struct env_pool *pool = map_get(&dispatch->pools, key);

    if (pool && env_pool_version(pool) != version) {
        (void)map_remove(&dispatch->pools, key);
        env_pool_retire(pool);
        pool = NULL;
    }
    return pool ? pool : add_pool(dispatch, version);
}

/* The pool can take one more without another environment, or such a one may be started. */
static bool may_grow(const struct dispatch *dispatch, const struct env_pool *pool,
                     const struct invocation *inv)
{
    size_t missing = env_pool_missing(pool, 1);

    return missing == 0 ||
           missing <= concurrency_ramp_left(&dispatch->concurrency, inv->concurrency);
}

static int submit(struct dispatch *dispatch, struct invocation *inv)
{
    struct env_pool *pool;
    int r = concurrency_take(&dispatch->concurrency, inv->version, &inv->concurrency);

    if (r == CONCURRENCY_ACCOUNT_LIMIT)
        return DISPATCH_CONCURRENCY_LIMIT;
    if (r == CONCURRENCY_RESERVED_LIMIT)
        return DISPATCH_RESERVED_LIMIT;
    if (r < 0)
        return err_pass(r);
    pool = pool_of(dispatch, inv->version);
    if (pool && may_grow(dispatch, pool, inv)) {
        env_pool_submit(pool, inv);
        return DISPATCH_OK;
    }
    concurrency_give(&dispatch->concurrency, inv->concurrency);
    if (!pool)
        return err_new(-ENOMEM);
    if (env_pool_is_empty(pool))
        on_empty(dispatch, pool); /* it was made for this one */
    return DISPATCH_RAMP_LIMIT;
}

static void trace_throttle(const struct dispatch *dispatch, const struct invocation *inv)
{
    const struct invocation_record record = {
        .request_id = str_of(inv->request_id),
        .function_name = inv->version->name,
        .function_arn = inv->invoked_arn,
        .received_real_us = inv->received_real_us,
        .begun_real_us = clock_real_us(), /* it never does */
        .segments = invocation_segments(inv),
    };

    xray_send_throttle(dispatch->env_context.xray, &record);
}

int dispatch_submit(struct dispatch *dispatch, struct invocation *inv)
{
    int r = submit(dispatch, inv);

    if (r > DISPATCH_OK)
        trace_throttle(dispatch, inv);
    return r;
}

bool dispatch_samples(struct dispatch *dispatch, const struct function_version *version,
                      struct str given)
{
    return version->tracing_active && !trace_id_is_decided(given) &&
           trace_sampler_take(&dispatch->sampler, version->arn, clock_mono_ns());
}

struct str dispatch_limit_reason(int outcome)
{
    return outcome == DISPATCH_RESERVED_LIMIT
               ? STR("ReservedFunctionConcurrentInvocationLimitExceeded")
               : STR("ConcurrentInvocationLimitExceeded");
}

int dispatch_set_concurrency(struct dispatch *dispatch, const struct function_id *id,
                             const struct function_concurrency *aside,
                             const struct version_provisioned *versions, size_t count)
{
    return concurrency_set(&dispatch->concurrency, id, aside, versions, count);
}

int dispatch_provision(struct dispatch *dispatch, struct function_version *version, uint32_t count)
{
    struct env_pool *pool = pool_of(dispatch, version);

    if (!pool)
        return err_new(-ENOMEM);
    env_pool_provision(pool, count);
    return 0;
}

static bool is_of(const struct env_pool *pool, const struct function_id *id)
{
    const struct function_version *version = env_pool_version(pool);

    return str_eq(version->name, id->name) && str_eq(version->account, id->account) &&
           str_eq(version->region, id->region);
}

static bool is_kept(const struct env_pool *pool, const struct version_provisioned *kept,
                    size_t count)
{
    uint64_t number;

    if (!str_to_u64(env_pool_version(pool)->version, &number))
        return false;
    for (size_t i = 0; i < count; i++)
        if (kept[i].version == number)
            return true;
    return false;
}

void dispatch_hold(struct dispatch *dispatch, const struct function_id *id,
                   const struct version_provisioned *kept, size_t count)
{
    list_for_each (node, &dispatch->all) {
        struct env_pool *pool = env_pool_of_all_node(node);

        if (is_of(pool, id) && !is_kept(pool, kept, count))
            env_pool_hold(pool);
    }
    if (count == 0)
        dispatch_release(dispatch, id);
}

void dispatch_release(struct dispatch *dispatch, const struct function_id *id)
{
    list_for_each (node, &dispatch->all) {
        struct env_pool *pool = env_pool_of_all_node(node);

        if (env_pool_is_held(pool) && is_of(pool, id))
            env_pool_provision(pool, 0);
    }
}

size_t dispatch_held(const struct dispatch *dispatch, const struct function_id *id)
{
    size_t count = 0;

    list_for_each (node, &dispatch->all) {
        const struct env_pool *pool = env_pool_of_all_node(node);

        if (env_pool_is_held(pool) && is_of(pool, id))
            count += env_pool_counts(pool).initialised;
    }
    return count;
}

void dispatch_counts(const struct dispatch *dispatch, const struct function_id *id,
                     struct str version, struct env_pool_counts *ret_counts)
{
    char text[ENV_POOL_KEY_BYTES];
    struct str key = env_pool_make_key(text, id->account, id->region, id->name, version);
    const struct env_pool *pool = map_get(&dispatch->pools, key);

    *ret_counts = pool ? env_pool_counts(pool) : (struct env_pool_counts){0};
}

void dispatch_retire(struct dispatch *dispatch, struct str account, struct str region,
                     struct str name, struct str function_version)
{
    char text[ENV_POOL_KEY_BYTES];
    struct str key = env_pool_make_key(text, account, region, name, function_version);
    struct env_pool *pool = map_remove(&dispatch->pools, key);

    if (pool)
        env_pool_retire(pool);
}

void dispatch_expect(struct dispatch *dispatch, const struct function_version *version)
{
    env_expect(&dispatch->env_context, version);
}

void dispatch_room_freed(struct dispatch *dispatch)
{
    room_look_soon(dispatch->room);
}

void dispatch_drain(struct dispatch *dispatch, void (*drained)(void *owner), void *owner)
{
    if (dispatch->concurrency.in_flight == 0) {
        drained(owner);
        return;
    }
    dispatch->drained = drained;
    dispatch->drained_owner = owner;
}

void dispatch_stats(const struct dispatch *dispatch, struct dispatch_stats *ret_stats)
{
    *ret_stats = (struct dispatch_stats){
        .environments = room_environments(dispatch->room),
        .in_flight = dispatch->concurrency.in_flight,
        .invocations = dispatch->invocations,
    };
}

/* ---- work of the next loop turn ---- */

static void free_empty(uv_timer_t *timer)
{
    struct dispatch *dispatch = timer->data;

    list_for_each_safe (node, &dispatch->empty) {
        struct env_pool *pool = env_pool_of_node(node);

        list_remove(node);
        if (!env_pool_is_empty(pool))
            continue; /* it has work again */
        if (map_get(&dispatch->pools, env_pool_key(pool)) == pool)
            (void)map_remove(&dispatch->pools, env_pool_key(pool));
        (void)env_pool_free(pool);
    }
}

static void on_left(void *owner)
{
    struct dispatch *dispatch = owner;

    if (dispatch->stopped && list_is_empty(&dispatch->leaving)) {
        dispatch->stopped(dispatch->stopped_owner);
        dispatch->stopped = NULL;
    }
}

void dispatch_stop(struct dispatch *dispatch, void (*stopped)(void *owner), void *owner)
{
    must(dispatch->concurrency.in_flight == 0);
    free_pools(dispatch);
    if (list_is_empty(&dispatch->leaving)) {
        stopped(owner);
        return;
    }
    dispatch->stopped = stopped;
    dispatch->stopped_owner = owner;
}

/* ---- what pools ask and say ---- */

static void on_grown(void *owner, struct env_pool *pool)
{
    struct dispatch *dispatch = owner;

    concurrency_ramp_take(&dispatch->concurrency, env_pool_version(pool));
}

static void on_ended(void *owner, struct invocation *inv)
{
    struct dispatch *dispatch = owner;

    concurrency_give(&dispatch->concurrency, inv->concurrency);
    (void)invocation_free(inv);
    dispatch->invocations++;
    if (dispatch->drained && dispatch->concurrency.in_flight == 0) {
        dispatch->drained(dispatch->drained_owner);
        dispatch->drained = NULL;
    }
}

/* What others have taken over goes. */
static void on_settled(void *owner, struct env_pool *pool)
{
    const struct function_version *version = env_pool_version(pool);
    const struct function_id id = {version->account, version->region, version->name};
    struct dispatch *dispatch = owner;

    list_for_each (node, &dispatch->all) {
        const struct env_pool *other = env_pool_of_all_node(node);

        if (is_of(other, &id) && !env_pool_is_settled(other))
            return;
    }
    dispatch_release(dispatch, &id);
}

static void on_empty(void *owner, struct env_pool *pool)
{
    struct dispatch *dispatch = owner;

    list_remove(env_pool_node(pool));
    list_push_back(&dispatch->empty, env_pool_node(pool));
    if (!uv_is_active((uv_handle_t *)dispatch->sweeper))
        must(uv_timer_start(dispatch->sweeper, free_empty, 0, 0) == 0);
}

static void on_api_request(void *owner, struct function_version *version, bool is_running,
                           struct http_request *req)
{
    struct dispatch *dispatch = owner;

    dispatch->ops->api_request(dispatch->owner, version, is_running, req);
}

static const struct env_pool_ops pool_ops = {
    .grown = on_grown,
    .ended = on_ended,
    .settled = on_settled,
    .empty = on_empty,
    .api_request = on_api_request,
};
