/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/room.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/must.h"
#include "catalog/function.h"
#include "invoke/env.h"
#include "invoke/invocation.h"
#include "sandbox/sandbox.h"

enum {
    PASSED_OVER_MAX = 16,     /* pools that need more than there is, while others are looked at */
    LEFT_FOR_OTHERS_PART = 8, /* of the memory: what cannot be provisioned */
    HANDLES = 2,
};

struct room {
    struct room_options options;
    struct list lru;       /* idle environments that may go, the longest idle first */
    struct list neglected; /* pools that wait for room and have no environment at all */
    struct list starved;   /* those that want more environments */
    struct list waiting;   /* invocations for which nothing was free, the oldest first */
    bool is_serving;       /* them: nobody else takes the room */
    bool has_ahead;        /* some pool misses environments that nobody waits for */
    size_t environments;
    uv_timer_t turn;   /* the next turn of the loop: those who wait are served */
    uv_timer_t expiry; /* the oldest that waits has waited for long enough */
    unsigned handles_open;
};

int room_new(struct room **ret_room, const struct room_options *options)
{
    struct room *room = calloc(1, sizeof(*room));

    if (!room)
        return err_new(-ENOMEM);
    room->options = *options;
    list_init(&room->lru);
    list_init(&room->neglected);
    list_init(&room->starved);
    list_init(&room->waiting);
    must(uv_timer_init(options->loop, &room->turn) == 0);
    must(uv_timer_init(options->loop, &room->expiry) == 0);
    room->turn.data = room;
    room->expiry.data = room;
    *ret_room = room;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct room *room = handle->data;

    if (--room->handles_open == 0)
        free(room);
}

struct room *room_free(struct room *room)
{
    if (!room)
        return NULL;
    must(list_is_empty(&room->lru));
    must(list_is_empty(&room->waiting));
    room->handles_open = HANDLES;
    uv_close((uv_handle_t *)&room->turn, on_handle_closed);
    uv_close((uv_handle_t *)&room->expiry, on_handle_closed);
    return NULL;
}

size_t room_environments(const struct room *room)
{
    return room->environments;
}

/* ---- making room ---- */

static uint64_t need_of(const struct env_pool *pool)
{
    return sandbox_charge_bytes(env_pool_version(pool)->memory_mb);
}

/* So many more environments, and so much memory; with_going: when what is on its way out has gone.
 */
static bool fits(const struct room *room, size_t environments, uint64_t bytes, bool with_going)
{
    struct sandbox_host_memory memory;
    uint64_t charged;

    sandbox_host_memory(room->options.sandboxes, &memory);
    charged = memory.charged_bytes - (with_going ? memory.going_bytes : 0);
    return room->environments + environments <= room->options.environments_max &&
           charged + bytes <= memory.bytes_max;
}

static bool evict_oldest(struct room *room)
{
    struct list *oldest = list_first(&room->lru);
    struct env *env;

    if (!oldest)
        return false;
    env = env_of_lru_node(oldest);
    env_pool_evict(env_owner(env), env);
    return true;
}

/* False: not yet. What goes for it may need a moment for that. */
static bool make(struct room *room, size_t environments, uint64_t bytes)
{
    if (fits(room, environments, bytes, false))
        return true;
    if (!fits(room, 0, bytes, true))
        sandbox_host_give_up_reserve(room->options.sandboxes);
    while (!fits(room, environments, bytes, true) && evict_oldest(room))
        continue;
    return fits(room, environments, bytes, false);
}

/* The pool for which room is saved, or NULL. */
static struct env_pool *saved_for(const struct room *room)
{
    struct list *first = list_first(&room->neglected);

    return first && env_pool_is_neglected(env_pool_of_node(first)) ? env_pool_of_node(first) : NULL;
}

static bool anybody_waits(const struct room *room)
{
    return !list_is_empty(&room->neglected) || !list_is_empty(&room->starved);
}

/* ---- serving those who wait ---- */

static struct env_pool *next_waiting(const struct room *room)
{
    struct list *node = list_first(&room->neglected);

    if (!node)
        node = list_first(&room->starved);
    return node ? env_pool_of_node(node) : NULL;
}

static struct list *list_for(struct room *room, const struct env_pool *pool)
{
    return env_pool_has_environments(pool) ? &room->starved : &room->neglected;
}

/* They keep their places. */
static void put_back(struct room *room, struct list *passed_over)
{
    while (!list_is_empty(passed_over)) {
        struct list *last = passed_over->prev;

        list_remove(last);
        list_push_front(list_for(room, env_pool_of_node(last)), last);
    }
}

static void serve(struct room *room)
{
    struct list passed_over;
    struct env_pool *pool;
    unsigned count = 0;

    list_init(&passed_over);
    room->is_serving = true;
    while (count < PASSED_OVER_MAX && (pool = next_waiting(room)) != NULL) {
        bool is_saved_for = pool == saved_for(room);

        list_remove(env_pool_node(pool));
        if (env_pool_serve(pool))
            continue; /* it is at the end of its list again when it wants more */
        list_push_back(&passed_over, env_pool_node(pool));
        count++;
        if (is_saved_for)
            break;
    }
    put_back(room, &passed_over);
    room->is_serving = false;
}

/* Pools that still get none say so again. */
static void start_ahead(struct room *room)
{
    if (!room->has_ahead)
        return;
    room->has_ahead = false;
    list_for_each (node, room->options.pools)
        env_pool_start_ahead(env_pool_of_all_node(node));
}

static void on_turn(uv_timer_t *timer)
{
    struct room *room = timer->data;

    serve(room);
    start_ahead(room);
}

void room_look_soon(struct room *room)
{
    if (!anybody_waits(room) && !room->has_ahead)
        return;
    if (!uv_is_active((uv_handle_t *)&room->turn))
        must(uv_timer_start(&room->turn, on_turn, 0, 0) == 0);
}

/* ---- waiting has an end ---- */

static void on_expiry(uv_timer_t *timer);

static void expiry_start(struct room *room)
{
    struct list *first = list_first(&room->waiting);
    uint64_t end_ns, now_ns = clock_mono_ns();

    if (!first || uv_is_active((uv_handle_t *)&room->expiry))
        return;
    end_ns = container_of(first, struct invocation, wait_node)->waiting_ns +
             room->options.wait_ms * NS_PER_MS;
    must(uv_timer_start(&room->expiry, on_expiry,
                        end_ns > now_ns ? (end_ns - now_ns) / NS_PER_MS + 1 : 0, 0) == 0);
}

static void on_expiry(uv_timer_t *timer)
{
    struct room *room = timer->data;
    uint64_t now_ns = clock_mono_ns();
    struct list *first;

    while ((first = list_first(&room->waiting)) != NULL) {
        struct invocation *inv = container_of(first, struct invocation, wait_node);

        if (now_ns - inv->waiting_ns < room->options.wait_ms * NS_PER_MS)
            break;
        list_remove(first);
        if (env_pool_is_starved(inv->runner)) {
            env_pool_throttle(inv->runner, inv);
        } else { /* its environment is starting */
            inv->waiting_ns = now_ns;
            list_push_back(&room->waiting, first);
        }
    }
    expiry_start(room);
    room_look_soon(room); /* others may be the first now */
}

/* ---- what pools ask and say ---- */

static void on_waits(void *owner, struct invocation *inv)
{
    struct room *room = owner;

    inv->waiting_ns = clock_mono_ns();
    list_push_back(&room->waiting, &inv->wait_node);
    expiry_start(room);
}

static int on_may_start(void *owner, struct env_pool *pool, struct reason *why)
{
    struct room *room = owner;
    struct sandbox_host_memory memory;

    sandbox_host_memory(room->options.sandboxes, &memory);
    if (need_of(pool) > memory.bytes_max) {
        reason_set(why, "the function's %u MB do not fit into what --memory-mb gives to functions",
                   env_pool_version(pool)->memory_mb);
        return ROOM_NEVER;
    }
    if (!room->is_serving && anybody_waits(room))
        return ROOM_LATER; /* behind those that wait already */
    return make(room, 1, need_of(pool)) ? ROOM_NOW : ROOM_LATER;
}

static bool on_may_start_ahead(void *owner, struct env_pool *pool)
{
    struct room *room = owner;
    struct sandbox_host_memory memory;
    uint64_t bytes = need_of(pool);
    size_t kept = 1;

    room->has_ahead = true;
    list_for_each (node, room->options.pools) {
        const struct env_pool *other = env_pool_of_all_node(node);

        kept += env_pool_kept(other);
        bytes += env_pool_kept(other) * need_of(other);
    }
    sandbox_host_memory(room->options.sandboxes, &memory);
    if (kept >= room->options.environments_max ||
        bytes > memory.bytes_max - memory.bytes_max / LEFT_FOR_OTHERS_PART)
        return false;
    return (room->is_serving || !anybody_waits(room)) && make(room, 1, need_of(pool));
}

/* Environments that are not frozen have their memory, and ask for nothing. */
static bool on_may_wake(void *owner, struct env *env)
{
    struct room *room = owner;
    uint64_t bytes = env_thaw_bytes(env);
    bool is_evictable = !list_is_empty(env_lru_node(env));

    if (bytes == 0)
        return true;
    if (!room->is_serving && saved_for(room))
        return false;
    list_remove(env_lru_node(env)); /* it is not to go for its own sake */
    if (make(room, 0, bytes))
        return true;
    if (is_evictable)
        list_push_back(&room->lru, env_lru_node(env));
    return false;
}

static bool on_must_yield(void *owner)
{
    const struct room *room = owner;
    const struct env_pool *pool = saved_for(room);

    return pool && !fits(room, 1, need_of(pool), true);
}

static void on_idle(void *owner, struct env *env, bool may_go)
{
    struct room *room = owner;

    list_remove(env_lru_node(env));
    if (may_go)
        list_push_back(&room->lru, env_lru_node(env));
    room_look_soon(room); /* it can be stopped for others */
}

static void on_count(void *owner, int change)
{
    struct room *room = owner;

    room->environments += (size_t)change;
    if (change < 0)
        room_look_soon(room);
}

static void on_starved(void *owner, struct env_pool *pool)
{
    struct room *room = owner;

    list_remove(env_pool_node(pool));
    list_push_back(list_for(room, pool), env_pool_node(pool));
    if (!room->is_serving)
        room_look_soon(room); /* it may need less than those that it waits behind */
}

const struct env_pool_room_ops room_ops = {
    .waits = on_waits,
    .may_start = on_may_start,
    .may_start_ahead = on_may_start_ahead,
    .may_wake = on_may_wake,
    .must_yield = on_must_yield,
    .idle = on_idle,
    .count = on_count,
    .starved = on_starved,
};
