/* SPDX-License-Identifier: Apache-2.0 */

#include "async/async.h"

#include <errno.h>
#include <stdlib.h>

#include "async/queue.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/must.h"

int async_new(struct async **ret_async, const struct async_options *options)
{
    struct async *async = calloc(1, sizeof(*async));

    if (!async)
        return err_new(-ENOMEM);
    async->options = *options;
    async->start_real_ms = clock_real_ms();
    async->start_mono_ns = clock_mono_ns();
    map_init(&async->queues);
    *ret_async = async;
    return 0;
}

/* ---- start ---- */

/* The rows of a queue come together, the earliest first. */
static void on_record(struct store_scan *scan, const struct store_record *record)
{
    struct async *async = container_of(scan, struct async, scan);
    struct async_queue *queue;
    struct async_place place;
    struct function_id id;
    struct str key;

    if (!async_row_key_parse(record->key, &key, &place) || !async_queue_key_parse(key, &id)) {
        async->load_failure = err_new(-EBADMSG);
        return;
    }
    queue = async_queue_make(async, key);
    if (!queue) {
        async->load_failure = err_new(-ENOMEM);
        return;
    }
    if (queue->rows++ == 0)
        queue->next_due = place.due_ms;
    if (place.number > async->last_number)
        async->last_number = place.number;
    async->stats.rows++;
    async->stats.bytes += record->value.len;
}

static void on_scanned(struct store_scan *scan, int failure)
{
    struct async *async = container_of(scan, struct async, scan);

    async->on_loaded(async->owner, failure < 0 ? failure : async->load_failure);
}

void async_load(struct async *async, void (*on_loaded)(void *owner, int failure), void *owner)
{
    async->on_loaded = on_loaded;
    async->owner = owner;
    async->scan = (struct store_scan){
        .kind = STORE_ASYNC_EVENT,
        .prefix = STR(""),
        .on_record = on_record,
        .on_done = on_scanned,
    };
    store_scan_start(async->options.store, &async->scan);
}

void async_start(struct async *async)
{
    async->runs = true;
    map_for_each (entry, &async->queues)
        async_queue_wake(entry->value);
}

/* ---- end ---- */

void async_stop(struct async *async)
{
    async->runs = false;
}

static size_t list_length(const struct list *list)
{
    size_t length = 0;

    list_for_each (node, list)
        length++;
    return length;
}

/* With their followers, which may be of other queues. */
static size_t unsettled_items(const struct async_queue *queue)
{
    size_t items = 0;

    list_for_each (node, &queue->unsettled)
        items += 1 + list_length(&container_of(node, struct async_item, node)->followers);
    return items;
}

/* What only waits stays on disk; what is being written or tried has to end first. */
static bool is_busy(const struct async *async)
{
    size_t items = 0, waiting = 0;

    map_for_each (entry, &async->queues) {
        const struct async_queue *queue = entry->value;

        if (queue->is_loading)
            return true;
        items += queue->items;
        waiting += queue->ready_count + unsettled_items(queue);
    }
    return items > waiting;
}

static void items_drop(struct list *items)
{
    struct list *node;

    while ((node = list_first(items)) != NULL)
        (void)async_item_free(container_of(node, struct async_item, node));
}

static void queue_drop(struct async_queue *queue)
{
    items_drop(&queue->ready);
    items_drop(&queue->unsettled);
    async_queue_close(queue);
}

void async_close_when_idle(struct async *async)
{
    void (*on_closed)(void *owner) = async->on_closed;
    void *owner = async->owner;
    struct map_entry *entry;
    size_t at;

    if (!async->is_closing || is_busy(async))
        return;
    while ((at = 0, entry = map_next(&async->queues, &at)) != NULL)
        queue_drop(entry->value);
    if (async->handles > 0)
        return;
    map_deinit(&async->queues);
    free(async);
    on_closed(owner);
}

void async_close(struct async *async, void (*on_closed)(void *owner), void *owner)
{
    must(!async->runs && !async->is_closing);
    async->is_closing = true;
    async->on_closed = on_closed;
    async->owner = owner;
    async_close_when_idle(async);
}

/* ---- accepting ---- */

int async_accept(struct async *async, const struct function_id *id, const struct async_event *event,
                 void (*accepted)(void *owner, int failure), void *owner)
{
    struct async_event row = *event;
    struct async_queue *queue = NULL;
    struct async_item *item;
    struct arena arena;
    struct str key;

    if (async->stats.bytes + event->payload.len > async->options.bytes_max)
        return ASYNC_FULL;
    arena_init(&arena);
    key = async_queue_key(&arena, id);
    if (str_is_set(key))
        queue = async_queue_make(async, key);
    arena_deinit(&arena);
    if (!queue)
        return err_new(-ENOMEM);
    row.kind = ASYNC_INVOCATION;
    row.accepted_ms = async_now(async);
    item = async_item_new(queue, &row, row.accepted_ms);
    if (!item) {
        async_queue_release(queue);
        return err_new(-ENOMEM);
    }
    item->accepted = accepted;
    item->owner = owner;
    async_item_put(item);
    return ASYNC_STARTED;
}

void async_stats(const struct async *async, struct async_stats *ret_stats)
{
    *ret_stats = async->stats;
}
