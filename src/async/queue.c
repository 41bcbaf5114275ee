/* SPDX-License-Identifier: Apache-2.0 */

#include "async/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/must.h"

enum {
    LIMIT_FIRST = 2, /* attempts of one function at the same time, to begin with … */
    LIMIT_SOON = 8,  /* … and soon, when they take longer than RAMP_MS */
    LIMIT_BLIND = 32,
    RAMP_MS = 20,
    LOOK_MS = 500,         /* how often that is looked at afterwards */
    DELIVER_LAG_MS = 1000, /* results that wait longer are delivered by more at a time … */
    DELIVER_GROW_MS = 100, /* … and so often by still more */
    PATIENCE_LOOKS = 16,
    UNSETTLED_MS = 1000,   /* until the end of an event is written again */
    LOAD_BELOW = 32,       /* the window is filled when it has less */
    LOAD_FAILED_MS = 1000, /* until rows are read again after a failure */
};

#define NEVER UINT64_MAX
#define WORTH 1.1

uint64_t async_now(const struct async *async)
{
    return async_clock_at(&async->clock, clock_mono_ns() / NS_PER_MS);
}

static void unsettled_again(struct async_queue *queue)
{
    struct list again, *node;

    list_init(&again); /* some may come back at once */
    while ((node = list_first(&queue->unsettled)) != NULL) {
        list_remove(node);
        list_push_back(&again, node);
    }
    while ((node = list_first(&again)) != NULL) {
        struct async_item *item = container_of(node, struct async_item, node);

        list_remove(node);
        if (!item->is_open) {
            async_item_settle(item);
            continue;
        }
        item->is_open = false;
        queue->is_stuck = false;
        queue->under_way++;
        queue->async->stats.under_way++;
        async_attempt_conclude(item);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct async_queue *queue = timer->data;

    unsettled_again(queue);
    async_queue_pump(queue);
    async_queue_release(queue);
}

struct async_queue *async_queue_make(struct async *async, struct str key)
{
    struct async_queue *queue = map_get(&async->queues, key);

    if (queue)
        return queue;
    queue = calloc(1, sizeof(*queue) + key.len);
    if (!queue)
        return NULL;
    memcpy(queue->key_bytes, key.ptr, key.len);
    queue->key = str_make(queue->key_bytes, key.len);
    queue->async = async;
    queue->next_due = NEVER;
    queue->limit = LIMIT_FIRST;
    queue->good_limit = LIMIT_FIRST;
    queue->ramp_max = LIMIT_SOON;
    queue->deliver_limit = 1;
    list_init(&queue->ready);
    list_init(&queue->results);
    list_init(&queue->arrivals);
    list_init(&queue->unsettled);
    must(async_queue_key_parse(queue->key, &queue->id));
    if (map_put(&async->queues, queue->key, queue) != MAP_OK) {
        free(queue);
        return NULL;
    }
    must(uv_timer_init(async->options.loop, &queue->timer) == 0);
    queue->timer.data = queue;
    async->handles++;
    return queue;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct async_queue *queue = handle->data;
    struct async *async = queue->async;

    free(queue);
    async->handles--;
    async_close_when_idle(async);
}

void async_queue_close(struct async_queue *queue)
{
    must(map_remove(&queue->async->queues, queue->key) == queue);
    uv_close((uv_handle_t *)&queue->timer, on_timer_closed);
}

void async_queue_release(struct async_queue *queue)
{
    struct async *async = queue->async;

    if (queue->next_due == NEVER && queue->items == 0 && queue->set_aside == 0 &&
        !queue->is_loading)
        async_queue_close(queue);
    async_close_when_idle(async);
}

/* ---- the window ---- */

static bool window_has_room(const struct async_queue *queue)
{
    return queue->ready_count < ASYNC_WINDOW_EVENTS && queue->ready_bytes < ASYNC_WINDOW_BYTES;
}

static struct list *list_of(struct async_queue *queue, const struct async_item *item)
{
    return item->event.kind == ASYNC_INVOCATION ? &queue->ready : &queue->results;
}

static void ready_push(struct async_queue *queue, struct async_item *item)
{
    queue->ready_count++;
    queue->ready_bytes += item->row_len;
    list_push_back(list_of(queue, item), &item->node);
}

static struct async_item *ready_pop(struct async_queue *queue, struct list *list)
{
    struct async_item *item = container_of(list_first(list), struct async_item, node);

    list_remove(&item->node);
    queue->ready_count--;
    queue->ready_bytes -= item->row_len;
    return item;
}

static void leave_on_disk(struct async_queue *queue, struct async_item *item)
{
    if (item->place.due_ms < queue->next_due)
        queue->next_due = item->place.due_ms;
    (void)async_item_free(item);
}

void async_queue_arrived(struct async_queue *queue, struct async_item *item)
{
    bool is_behind = async_place_cmp(&item->place, &queue->cursor) > 0;

    if (!is_behind) { /* the cursor has passed it while it was being written */
        ready_push(queue, item);
    } else if (queue->is_loading) {
        list_push_back(&queue->arrivals, &item->node);
    } else if (queue->next_due == NEVER && item->place.due_ms <= async_now(queue->async) &&
               window_has_room(queue)) {
        queue->cursor = item->place;
        ready_push(queue, item);
    } else {
        leave_on_disk(queue, item);
    }
}

/* ---- reading on ---- */

/* The store calls back for a commit before it delivers a page that has it. */
static void arrival_forget(struct async_queue *queue, uint64_t number)
{
    list_for_each_safe (node, &queue->arrivals) {
        struct async_item *item = container_of(node, struct async_item, node);

        if (item->place.number == number)
            (void)async_item_free(item);
    }
}

static void on_record(struct store_scan *scan, const struct store_record *record)
{
    struct async_queue *queue = container_of(scan, struct async_queue, scan);
    struct async_place place;
    struct async_item *item;
    struct str key;

    if (!async_row_key_parse(record->key, &key, &place))
        return;
    if (place.due_ms > async_now(queue->async) || !window_has_room(queue)) {
        queue->loaded_next_due = place.due_ms;
        scan->stop = true;
        return;
    }
    queue->cursor = place;
    item = async_item_of_row(queue, &place, record->value);
    if (!item) { /* no memory, or unreadable */
        queue->set_aside++;
        (void)fprintf(stderr, "an asynchronous event of %.*s cannot be read\n",
                      STR_FMT(queue->key));
        return;
    }
    arrival_forget(queue, place.number);
    ready_push(queue, item);
}

/* What was committed meanwhile, and not read. */
static void arrivals_take(struct async_queue *queue)
{
    struct list *node;

    while ((node = list_first(&queue->arrivals)) != NULL) {
        struct async_item *item = container_of(node, struct async_item, node);

        list_remove(node);
        if (async_place_cmp(&item->place, &queue->cursor) > 0)
            leave_on_disk(queue, item);
        else
            ready_push(queue, item);
    }
}

static void on_loaded(struct store_scan *scan, int failure)
{
    struct async_queue *queue = container_of(scan, struct async_queue, scan);

    queue->is_loading = false;
    queue->next_due = queue->loaded_next_due;
    if (scan->seen == scan->max && !scan->stop) /* some were started meanwhile: all found room */
        queue->next_due = queue->cursor.due_ms;
    if (failure < 0) {
        (void)fprintf(stderr, "asynchronous events cannot be read: %s\n", strerror(-failure));
        queue->next_due = async_now(queue->async) + LOAD_FAILED_MS;
    }
    arrivals_take(queue);
    arena_deinit(&queue->scan_arena);
    async_queue_pump(queue);
    async_queue_release(queue);
}

static void load(struct async_queue *queue)
{
    struct str after = STR_NONE;

    arena_init(&queue->scan_arena);
    if (queue->cursor.due_ms > 0)
        after = async_row_key(&queue->scan_arena, queue->key, &queue->cursor);
    if (queue->cursor.due_ms > 0 && !str_is_set(after)) {
        arena_deinit(&queue->scan_arena);
        queue->next_due = async_now(queue->async) + LOAD_FAILED_MS;
        return;
    }
    queue->is_loading = true;
    queue->loaded_next_due = NEVER;
    queue->scan = (struct store_scan){
        .kind = STORE_ASYNC_EVENT,
        .prefix = queue->key,
        .after = after,
        .max = ASYNC_WINDOW_EVENTS + 1, /* the one behind says whether there is more */
        .on_record = on_record,
        .on_done = on_loaded,
    };
    store_scan_start(queue->async->options.store, &queue->scan);
}

/* ---- how many at once ---- */

/*
 * How many attempts of one function at the same time? As many as help: a function that waits (for
 * others) gets more done with more of them, one that computes does not, and there they would only
 * take memory. So the number is found out: a quarter more is kept when it gets a tenth more done,
 * else it is taken back, and tried again some looks later. What ends too seldom to tell gets up to
 * LIMIT_BLIND.
 */
static void limit_probe(struct async_queue *queue, uint64_t now)
{
    uint64_t elapsed = now - queue->looked_ms;
    double rate = (double)queue->ended / (double)elapsed;

    if (elapsed < LOOK_MS)
        return;
    queue->looked_ms = now;
    if (queue->ended == 0) {
        if (queue->limit < LIMIT_BLIND)
            queue->limit += 1 + queue->limit / 4;
        return;
    }
    queue->ended = 0;
    if (queue->limit > queue->good_limit && rate < queue->good_rate * WORTH) {
        queue->limit = queue->good_limit;
        queue->patience = PATIENCE_LOOKS;
    } else {
        queue->good_limit = queue->limit;
        queue->good_rate = rate;
        if (queue->patience > 0)
            queue->patience--;
        else
            queue->limit += 1 + queue->limit / 4;
    }
    if (queue->limit > queue->async->options.concurrency_limit)
        queue->limit = queue->async->options.concurrency_limit;
}

/*
 * What takes longer than RAMP_MS is a function that waits, or whose environments are still being
 * started: it need not be found out that more of them help. A quick function is left with the few
 * it begins with, until limit_probe() finds that more get more done: what runs when the daemon dies
 * runs again, so no more should be under way than helps.
 */
static void limit_ramp(struct async_queue *queue, uint64_t now)
{
    if (now - queue->ramped_ms < RAMP_MS)
        return;
    if (queue->ramp_ended < queue->limit && queue->limit < queue->ramp_max) {
        queue->limit *= 2;
        queue->good_limit = queue->limit;
        queue->looked_ms = now;
        queue->ended = 0;
    }
    queue->ramped_ms = now;
    queue->ramp_ended = 0;
}

static bool is_saturated(const struct async_queue *queue)
{
    return !list_is_empty(&queue->ready) && queue->under_way >= queue->limit;
}

/* Nothing waits: there is no need for more than are under way. */
static void limit_rest(struct async_queue *queue, uint64_t now)
{
    size_t less = queue->limit - queue->limit / 4;

    if (now - queue->looked_ms < LOOK_MS)
        return;
    queue->looked_ms = now;
    queue->ended = 0;
    queue->limit = less > LIMIT_FIRST ? less : LIMIT_FIRST;
    queue->good_limit = queue->limit;
    queue->good_rate = 0;
    queue->ramp_max = LIMIT_SOON;
}

/*
 * Results are delivered one after the other, because what is being delivered when the daemon dies
 * is delivered twice; only when they cannot keep up, so that one has waited for DELIVER_LAG_MS, are
 * there more at a time.
 */
static void deliver_limit_adapt(struct async_queue *queue, uint64_t now)
{
    const struct async *async = queue->async;
    const struct async_item *first;
    uint64_t since;

    if (list_is_empty(&queue->results)) {
        if (!queue->is_loading && queue->next_due > now)
            queue->deliver_limit = 1;
        return;
    }
    first = container_of(list_first(&queue->results), struct async_item, node);
    since = async->clock.time_ms; /* before that nobody was there to do it */
    if (first->place.due_ms > since)
        since = first->place.due_ms;
    if (now < since + DELIVER_LAG_MS || now < queue->deliver_grown_ms + DELIVER_GROW_MS ||
        queue->deliver_limit >= async->options.concurrency_limit)
        return;
    queue->deliver_limit += 1 + queue->deliver_limit / 4;
    queue->deliver_grown_ms = now;
}

static void attempt_leaves(struct async_item *item)
{
    struct async_queue *queue = item->queue;

    queue->async->stats.under_way--;
    if (item->event.kind == ASYNC_INVOCATION) {
        must(queue->under_way > 0);
        queue->under_way--;
    }
}

void async_queue_attempt_ended(struct async_item *item)
{
    struct async_queue *queue = item->queue;

    attempt_leaves(item);
    if (item->event.kind == ASYNC_INVOCATION) {
        queue->ended++;
        queue->ramp_ended++;
    }
}

void async_queue_settled(struct async_item *item)
{
    if (!item->is_delivering)
        return;
    must(item->queue->delivering > 0);
    item->is_delivering = false;
    item->queue->delivering--;
}

void async_queue_wake(struct async_queue *queue)
{
    must(uv_timer_start(&queue->timer, on_timer, 0, 0) == 0);
}

void async_queue_refused(struct async_queue *queue, struct async_item *item)
{
    attempt_leaves(item);
    async_queue_settled(item);
    queue->refusals++;
    queue->paused_until =
        async_now(queue->async) +
        retry_delivery_delay(queue->refusals, queue->async->options.delay_permille);
    queue->limit = queue->under_way > 0 ? queue->under_way : 1;
    queue->good_limit = queue->limit;
    queue->ramp_max = 0; /* others take the room: it is found out again, slowly */
    arena_deinit(&item->arena);
    arena_init(&item->arena);
    item->version = STR_NONE;
    item->trace_id = STR_NONE;
    queue->ready_count++;
    queue->ready_bytes += item->row_len;
    list_push_front(list_of(queue, item), &item->node);
    async_queue_wake(queue);
}

void async_queue_unsettled(struct async_queue *queue, struct async_item *item)
{
    list_push_back(&queue->unsettled, &item->node);
    queue->is_stuck = true;
    async_queue_pump(queue);
}

void async_queue_set_aside(struct async_queue *queue, struct async_item *item, int failure)
{
    (void)fprintf(stderr,
                  "an asynchronous event of %.*s (request %.*s) is set aside until the next start: "
                  "its end cannot be written, while others can: %s\n",
                  STR_FMT(queue->id.name), STR_FMT(item->event.request_id), strerror(-failure));
    (void)async_item_free(item);
    queue->set_aside++;
    queue->is_stuck = !list_is_empty(&queue->unsettled);
    async_queue_pump(queue);
}

/* ---- the pump ---- */

static void attempt(struct async_queue *queue)
{
    struct async_item *item = ready_pop(queue, &queue->ready);

    queue->under_way++;
    queue->async->stats.under_way++;
    async_attempt_start(item);
}

static void deliver(struct async_queue *queue)
{
    struct async_item *item = ready_pop(queue, &queue->results);

    queue->delivering++;
    item->is_delivering = true;
    queue->async->stats.under_way++;
    async_delivery_start(item);
}

/* Ends that cannot be written must not become more: they are in memory, and would run again. */
static bool may_start(const struct async_queue *queue)
{
    return queue->async->runs && !queue->is_stuck;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void timer_set(struct async_queue *queue, uint64_t now)
{
    uint64_t at = NEVER;

    if (!list_is_empty(&queue->unsettled))
        at = now + UNSETTLED_MS;
    if (may_start(queue) && queue->ready_count > 0 && queue->paused_until > now)
        at = earlier(at, queue->paused_until);
    if (may_start(queue) && is_saturated(queue))
        at = earlier(at, now + (queue->limit < queue->ramp_max ? RAMP_MS : LOOK_MS));
    if (may_start(queue) && !list_is_empty(&queue->results))
        at = earlier(at, now + DELIVER_GROW_MS);
    if (may_start(queue) && queue->ready_count < LOAD_BELOW && !queue->is_loading)
        at = earlier(at, queue->next_due);
    if (at == NEVER)
        (void)uv_timer_stop(&queue->timer);
    else
        must(uv_timer_start(&queue->timer, on_timer, at > now ? at - now : 0, 0) == 0);
}

void async_queue_pump(struct async_queue *queue)
{
    uint64_t now = async_now(queue->async);

    if (queue->pumps) /* an attempt ended at once */
        return;
    queue->pumps = true;
    if (is_saturated(queue)) {
        limit_ramp(queue, now);
        limit_probe(queue, now);
    } else {
        queue->ramped_ms = now;
        queue->ramp_ended = 0;
        if (list_is_empty(&queue->ready))
            limit_rest(queue, now);
    }
    deliver_limit_adapt(queue, now);
    while (may_start(queue) && queue->paused_until <= now && !list_is_empty(&queue->results) &&
           queue->delivering < queue->deliver_limit)
        deliver(queue);
    while (may_start(queue) && queue->paused_until <= now && !list_is_empty(&queue->ready) &&
           queue->under_way < queue->limit)
        attempt(queue);
    if (may_start(queue) && !queue->is_loading && queue->next_due <= now &&
        queue->ready_count < LOAD_BELOW)
        load(queue);
    timer_set(queue, now);
    queue->pumps = false;
}
