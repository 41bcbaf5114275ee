/* SPDX-License-Identifier: Apache-2.0 */

#include "async/async.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "async/queue.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"

/* NULL: there is nothing to go on from. Numbers go on, too: a process does not give out as many as
 * there are in each of its milliseconds. */
static void clock_start(struct async *async, const struct async_clock_mark *mark)
{
    enum { NUMBERS_PER_MS_BITS = 20 };
    char text[ASYNC_BOOT_ID_BYTES] = "";
    CLEANUP(close_fdp) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
    struct str boot_id = str_trim(str_make(text, len > 0 ? (size_t)len : 0));

    async_clock_start(&async->clock, mark, boot_id, clock_mono_ns() / NS_PER_MS, clock_real_ms());
    async->last_number = async_now(async) << NUMBERS_PER_MS_BITS;
}

int async_new(struct async **ret_async, const struct async_options *options)
{
    struct async *async = calloc(1, sizeof(*async));

    if (!async)
        return err_new(-ENOMEM);
    async->options = *options;
    clock_start(async, NULL);
    map_init(&async->queues);
    *ret_async = async;
    return 0;
}

/* ---- start ---- */

/* The first row of a queue. */
static void on_head(struct store_scan *scan, const struct store_record *record)
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
    queue->next_due = place.due_ms;
    arena_deinit(&async->scan_arena);
    async->after = arena_printf(&async->scan_arena, "%.*s~", STR_FMT(key)); /* behind its rows */
    if (!str_is_set(async->after))
        async->load_failure = err_new(-ENOMEM);
}

/* The queues are found one after the other; their rows are not read. */
static void on_head_read(struct store_scan *scan, int failure)
{
    struct async *async = container_of(scan, struct async, scan);

    if (failure < 0)
        async->load_failure = failure;
    if (scan->seen > 0 && async->load_failure == 0) {
        scan->after = async->after;
        store_scan_start(async->options.store, scan);
        return;
    }
    arena_deinit(&async->scan_arena);
    async->on_loaded(async->owner, async->load_failure);
}

static void on_mark(struct store_scan *scan, const struct store_record *record)
{
    struct async *async = container_of(scan, struct async, scan);
    struct async_clock_mark mark;

    /* Without events there is nothing that a new beginning could mislead. */
    if (async->stats.rows > 0 && async_clock_decode(record->value, &mark) == 0)
        clock_start(async, &mark);
}

static void on_mark_read(struct store_scan *scan, int failure)
{
    struct async *async = container_of(scan, struct async, scan);

    async->load_failure = failure;
    async->scan = (struct store_scan){
        .kind = STORE_ASYNC_EVENT,
        .prefix = STR(""),
        .max = 1,
        .on_record = on_head,
        .on_done = on_head_read,
    };
    store_scan_start(async->options.store, &async->scan);
}

void async_load(struct async *async, void (*on_loaded)(void *owner, int failure), void *owner)
{
    struct store *store = async->options.store;

    async->on_loaded = on_loaded;
    async->owner = owner;
    async->stats.rows = (uint64_t)store_counter(store, STORE_ASYNC_ROWS);
    async->stats.bytes = (uint64_t)store_counter(store, STORE_ASYNC_BYTES);
    arena_init(&async->scan_arena);
    async->scan = (struct store_scan){
        .kind = STORE_ASYNC_CLOCK,
        .prefix = STR(""),
        .on_record = on_mark,
        .on_done = on_mark_read,
    };
    store_scan_start(store, &async->scan);
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
    items_drop(&queue->results);
    items_drop(&queue->unsettled);
    async_queue_close(queue);
}

void async_close_when_idle(struct async *async)
{
    void (*on_closed)(void *owner) = async->on_closed;
    void *owner = async->owner;
    struct map_entry *entry;
    size_t at;

    if (!async->is_closing || async->probes || is_busy(async))
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
