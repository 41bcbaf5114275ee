/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "async/queue.h"
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

struct async_item *async_item_free(struct async_item *item)
{
    struct list *node;

    while ((node = list_first(&item->followers)) != NULL) {
        list_remove(node);
        (void)async_item_free(container_of(node, struct async_item, node));
    }
    list_remove(&item->node);
    item->queue->items--;
    arena_deinit(&item->arena);
    free(item->response);
    free(item->row);
    free(item);
    return NULL;
}

/* ---- commits ---- */

/* The row of the item, in the commit of another or its own. */
static void stage_put(struct store_commit *commit, const struct async_item *item)
{
    struct str key = async_row_key(&commit->arena, item->queue->key, &item->place);

    if (str_is_set(key))
        store_commit_put(commit, STORE_ASYNC_EVENT, key, str_make(item->row, item->row_len),
                         STORE_ANY_REVISION);
    else
        commit->failure = err_new(-ENOMEM);
}

static void stage_delete(struct store_commit *commit, const struct async_item *item)
{
    struct str key = async_row_key(&commit->arena, item->queue->key, &item->place);

    if (str_is_set(key))
        store_commit_delete(commit, STORE_ASYNC_EVENT, key, STORE_ANY_REVISION);
    else
        commit->failure = err_new(-ENOMEM);
}

static void arrive(struct async_item *item)
{
    struct async_queue *queue = item->queue;

    queue->rows++;
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
    store_commit_submit(item->queue->async->options.store, &item->commit);
}

static void on_settled(struct store_commit *commit)
{
    struct async_item *item = container_of(commit, struct async_item, commit);
    struct async_queue *queue = item->queue;
    struct list *node;
    int outcome = commit->outcome;

    store_commit_deinit(commit);
    if (outcome != STORE_OK) {
        (void)fprintf(stderr, "the end of an asynchronous event cannot be written: %s\n",
                      strerror(-outcome));
        async_queue_unsettled(queue, item);
        async_queue_release(queue);
        return;
    }
    queue->is_stuck = false;
    queue->rows--;
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
    store_commit_submit(item->queue->async->options.store, &item->commit);
}

void async_item_postpone(struct async_item *item, const struct async_event *event,
                         uint64_t delay_ms)
{
    struct async_queue *queue = item->queue;
    struct async_item *follower = async_item_new(queue, event, async_now(queue->async) + delay_ms);

    if (!follower) { /* as it is, at the next start or when there is memory */
        async_queue_refused(queue, item);
        return;
    }
    list_push_back(&item->followers, &follower->node);
    async_queue_attempt_ended(queue);
    async_item_settle(item);
}
