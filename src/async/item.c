/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "async/queue.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/must.h"

/* Takes the row over. */
static struct async_item *item_make(struct async_queue *queue, const struct async_place *place,
                                    char *row, size_t len)
{
    struct async_item *item = row ? calloc(1, sizeof(*item)) : NULL;

    if (!item || async_event_decode(str_make(row, len), &item->event) < 0) {
        free(item);
        free(row);
        return NULL;
    }
    item->queue = queue;
    item->place = *place;
    item->row = row;
    item->row_len = len;
    list_init(&item->node);
    list_init(&item->followers);
    arena_init(&item->arena);
    queue->items++;
    return item;
}

struct async_item *async_item_new(struct async_queue *queue, const struct async_event *event,
                                  uint64_t due_ms)
{
    const struct async_place place = {due_ms, ++queue->async->last_number};
    struct async_item *item = NULL;
    struct buf row = {0};
    size_t len = 0;

    async_event_encode(&row, event);
    if (!buf_failed(&row)) {
        char *bytes = buf_steal(&row, &len);

        item = item_make(queue, &place, bytes, len);
    }
    buf_deinit(&row);
    if (item)
        queue->async->stats.bytes += item->row_len;
    return item;
}

struct async_item *async_item_of_row(struct async_queue *queue, const struct async_place *place,
                                     struct str row)
{
    char *copy = malloc(row.len + 1);

    if (copy)
        memcpy(copy, row.ptr, row.len);
    return item_make(queue, place, copy, row.len);
}

/* Those that were never written. */
static void followers_drop(struct async_item *item)
{
    struct list *node;

    while ((node = list_first(&item->followers)) != NULL) {
        struct async_item *follower = container_of(node, struct async_item, node);

        follower->queue->async->stats.bytes -= follower->row_len;
        (void)async_item_free(follower);
    }
}

struct async_item *async_item_free(struct async_item *item)
{
    followers_drop(item);
    list_remove(&item->node);
    item->queue->items--;
    arena_deinit(&item->arena);
    free(item->response);
    free(item->row);
    free(item);
    return NULL;
}

/* ---- commits ---- */

enum {
    MARK_MS = 60000, /* how far the clock may go on without a mark */
    SETTLE_TRIES = 5,
};

/*
 * The mark of the clock goes with a commit now and then: no row is due later than the longest wait
 * after a mark and MARK_MS. Without memory for it the next commit takes it.
 */
static void stage_mark(struct store_commit *commit, struct async *async)
{
    CLEANUP(buf_deinit) struct buf mark = {0};
    uint64_t now = async_now(async);

    if (async->marked_ms > 0 && now - async->marked_ms < MARK_MS)
        return;
    async_clock_encode(&mark, &async->clock, clock_mono_ns() / NS_PER_MS);
    if (buf_failed(&mark))
        return;
    store_commit_put(commit, STORE_ASYNC_CLOCK, STR("clock"), buf_str(&mark), STORE_ANY_REVISION);
    async->marked_ms = now;
}

static void note_outcome(struct async *async, int outcome)
{
    if (outcome == STORE_OK)
        async->commits++;
    else
        async->marked_ms = 0; /* it may have been in this one */
}

static void on_probed(struct store_commit *commit)
{
    struct async *async = container_of(commit, struct async, probe);

    async->probes = false;
    note_outcome(async, commit->outcome);
    store_commit_deinit(commit);
    async_close_when_idle(async);
}

/* Can anything be written? */
static void probe(struct async *async)
{
    if (async->probes)
        return;
    async->probes = true;
    async->marked_ms = 0;
    store_commit_init(&async->probe, on_probed);
    stage_mark(&async->probe, async);
    store_commit_submit(async->options.store, &async->probe);
}

/* The row of the item, in the commit of another or its own. */
static void stage_put(struct store_commit *commit, const struct async_item *item)
{
    struct str key = async_row_key(&commit->arena, item->queue->key, &item->place);

    if (str_is_set(key))
        store_commit_put(commit, STORE_ASYNC_EVENT, key, str_make(item->row, item->row_len),
                         STORE_ANY_REVISION);
    else
        commit->failure = err_new(-ENOMEM);
    store_commit_count(commit, STORE_ASYNC_ROWS, 1);
    store_commit_count(commit, STORE_ASYNC_BYTES, (int64_t)item->row_len);
}

static void stage_delete(struct store_commit *commit, const struct async_item *item)
{
    struct str key = async_row_key(&commit->arena, item->queue->key, &item->place);

    if (str_is_set(key))
        store_commit_delete(commit, STORE_ASYNC_EVENT, key, STORE_ANY_REVISION);
    else
        commit->failure = err_new(-ENOMEM);
    store_commit_count(commit, STORE_ASYNC_ROWS, -1);
    store_commit_count(commit, STORE_ASYNC_BYTES, -(int64_t)item->row_len);
}

static void arrive(struct async_item *item)
{
    struct async_queue *queue = item->queue;

    queue->async->stats.rows++;
    async_queue_arrived(queue, item);
    async_queue_pump(queue);
}

static void on_put(struct store_commit *commit)
{
    struct async_item *item = container_of(commit, struct async_item, commit);
    struct async_queue *queue = item->queue;
    struct async *async = queue->async;
    int outcome = commit->outcome;

    store_commit_deinit(commit);
    note_outcome(async, outcome);
    item->accepted(item->owner, outcome);
    if (outcome == STORE_OK) {
        async->stats.accepted++;
        arrive(item);
    } else {
        async->stats.bytes -= item->row_len;
        (void)async_item_free(item);
    }
    async_queue_release(queue);
}

void async_item_put(struct async_item *item)
{
    store_commit_init(&item->commit, on_put);
    stage_put(&item->commit, item);
    stage_mark(&item->commit, item->queue->async);
    store_commit_submit(item->queue->async->options.store, &item->commit);
}

/*
 * When nothing can be written all ends wait, and nothing is lost by it. But a row that alone cannot
 * (a damaged part of the database) must not keep its queue from going on for ever. A full disk may
 * refuse one and take a smaller one: that passes.
 */
static bool is_hopeless(const struct async_item *item, int outcome)
{
    return outcome != -ENOSPC && outcome != -ENOMEM && item->settle_failures >= SETTLE_TRIES &&
           item->queue->async->commits > item->commits_before;
}

static void settle_failed(struct async_item *item, int outcome)
{
    struct async_queue *queue = item->queue;

    if (item->settle_failures++ == 0) {
        item->commits_before = queue->async->commits;
        (void)fprintf(stderr, "the end of an asynchronous event cannot be written: %s\n",
                      strerror(-outcome));
    }
    if (is_hopeless(item, outcome)) {
        async_queue_set_aside(queue, item, outcome);
    } else {
        probe(queue->async);
        async_queue_unsettled(queue, item);
    }
    async_queue_release(queue);
}

static void on_settled(struct store_commit *commit)
{
    struct async_item *item = container_of(commit, struct async_item, commit);
    struct async_queue *queue = item->queue;
    struct list *node;
    int outcome = commit->outcome;

    store_commit_deinit(commit);
    note_outcome(queue->async, outcome);
    async_queue_settled(item);
    if (outcome != STORE_OK) {
        settle_failed(item, outcome);
        return;
    }
    queue->is_stuck = false;
    queue->async->stats.rows--;
    queue->async->stats.bytes -= item->row_len;
    while ((node = list_first(&item->followers)) != NULL) {
        struct async_item *follower = container_of(node, struct async_item, node);
        struct async_queue *target = follower->queue;

        list_remove(node);
        arrive(follower);
        async_queue_release(target);
    }
    (void)async_item_free(item);
    async_queue_pump(queue);
    async_queue_release(queue);
}

void async_item_settle(struct async_item *item)
{
    store_commit_init(&item->commit, on_settled);
    stage_delete(&item->commit, item);
    list_for_each (node, &item->followers)
        stage_put(&item->commit, container_of(node, struct async_item, node));
    stage_mark(&item->commit, item->queue->async);
    store_commit_submit(item->queue->async->options.store, &item->commit);
}

void async_item_retry(struct async_item *item)
{
    struct async_queue *queue = item->queue;

    followers_drop(item);
    if (!item->has_run) {
        async_queue_refused(queue, item);
        return;
    }
    item->is_open = true;
    async_queue_attempt_ended(item);
    async_queue_unsettled(queue, item);
}

void async_item_postpone(struct async_item *item, const struct async_event *event,
                         uint64_t delay_ms)
{
    struct async_queue *queue = item->queue;
    struct async_item *follower = async_item_new(queue, event, async_now(queue->async) + delay_ms);

    if (!follower) {
        async_item_retry(item);
        return;
    }
    list_push_back(&item->followers, &follower->node);
    async_queue_attempt_ended(item);
    async_item_settle(item);
}
