/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The loop's side of the embedded store and its thread.
 *
 *   submitted requests wait here → group_start gives all of them to the thread → the thread works →
 *   on_finished takes them back, starts the next group, then calls everybody back
 *
 * The group is the only thing that both threads touch, and never at the same time: a semaphore
 * hands it to the thread, an atomic flag and uv_async_send hand it back. So there is no lock.
 */

#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/must.h"
#include "store/sqlite/database.h"
#include "store/store.h"

enum { GROUP_BYTES_MAX = 8 * 1024 * 1024 };

struct group {
    struct list commits;
    struct list scans;
    bool is_stop; /* the last one: the thread closes the database and ends */
};

struct sqlite_store {
    struct store store;
    struct database *database; /* of the thread while it runs */
    uv_thread_t thread;
    uv_sem_t work;
    uv_async_t finished;
    struct list commits; /* waiting */
    struct list scans;   /* waiting */
    struct group group;  /* of the thread while is_busy */
    bool is_busy;
    atomic_bool is_finished;
    bool is_closing;
    void (*on_closed)(void *owner);
    void *owner;
};

static void list_move_all(struct list *to, struct list *from)
{
    struct list *node;

    while ((node = list_first(from)) != NULL) {
        list_remove(node);
        list_push_back(to, node);
    }
}

/* The thread. */
static void thread_main(void *arg)
{
    struct sqlite_store *store = arg;
    bool is_stop = false;

    while (!is_stop) {
        uv_sem_wait(&store->work);
        is_stop = store->group.is_stop;
        if (!list_is_empty(&store->group.commits))
            database_apply(store->database, &store->group.commits);
        list_for_each (node, &store->group.scans)
            database_page(store->database, container_of(node, struct store_scan, node));
        if (is_stop)
            store->database = database_close(store->database);
        atomic_store(&store->is_finished, true);
        (void)uv_async_send(&store->finished);
    }
}

/* Takes what waits, but not without end: everybody in a group waits for all of it. */
static void group_fill(struct sqlite_store *store)
{
    struct list *node;
    size_t bytes = 0;

    while (bytes < GROUP_BYTES_MAX && (node = list_first(&store->commits)) != NULL) {
        bytes += container_of(node, struct store_commit, node)->bytes;
        list_remove(node);
        list_push_back(&store->group.commits, node);
    }
    list_move_all(&store->group.scans, &store->scans);
}

static void group_start(struct sqlite_store *store)
{
    bool is_idle = list_is_empty(&store->commits) && list_is_empty(&store->scans);

    if (store->is_busy || (is_idle && !store->is_closing))
        return;
    group_fill(store);
    store->group.is_stop = is_idle && store->is_closing;
    store->is_busy = true;
    uv_ref((uv_handle_t *)&store->finished); /* the loop must not end before the answer */
    uv_sem_post(&store->work);
}

static void sqlite_commit(struct store *base, struct store_commit *commit)
{
    struct sqlite_store *store = container_of(base, struct sqlite_store, store);

    must(!store->group.is_stop);
    list_push_back(&store->commits, &commit->node);
    group_start(store);
}

static void sqlite_scan(struct store *base, struct store_scan *scan)
{
    struct sqlite_store *store = container_of(base, struct sqlite_store, store);

    list_push_back(&store->scans, &scan->node);
    group_start(store);
}

static void sqlite_close(struct store *base, void (*on_closed)(void *owner), void *owner)
{
    struct sqlite_store *store = container_of(base, struct sqlite_store, store);

    must(!store->is_closing);
    store->is_closing = true;
    store->on_closed = on_closed;
    store->owner = owner;
    group_start(store);
}

static void scan_end(struct store_scan *scan)
{
    arena_deinit(&scan->page);
    arena_deinit(&scan->page_next);
    scan->on_done(scan, scan->failure);
}

/* Hands out a page and asks for the next. The key to go on from stays in the page until that one is
 * there. */
static void scan_deliver(struct sqlite_store *store, struct store_scan *scan)
{
    struct list *node;

    arena_deinit(&scan->page);
    scan->page = scan->page_next;
    arena_init(&scan->page_next);
    while ((node = list_first(&scan->records)) != NULL) {
        struct store_record *record = container_of(node, struct store_record, node);

        list_remove(node);
        if (scan->failure < 0 || scan->stop)
            continue;
        scan->after = record->key;
        scan->seen++;
        scan->on_record(scan, record);
    }
    if (scan->is_last || scan->failure < 0 || scan->stop ||
        (scan->max > 0 && scan->seen >= scan->max))
        scan_end(scan);
    else
        sqlite_scan(&store->store, scan);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct sqlite_store *store = handle->data;
    void (*on_closed)(void *owner) = store->on_closed;
    void *owner = store->owner;

    uv_sem_destroy(&store->work);
    free(store);
    if (on_closed)
        on_closed(owner);
}

static void thread_end(struct sqlite_store *store)
{
    must(uv_thread_join(&store->thread) == 0);
    uv_close((uv_handle_t *)&store->finished, on_handle_closed);
}

static void note_broken(struct sqlite_store *store)
{
    if (store->store.failure != 0 || !store->database || !database_is_broken(store->database))
        return;
    store->store.failure = -EIO;
    (void)fprintf(stderr, "lambd: the disk has failed to keep what was written (fsync): nothing "
                          "more is written until lambd is started again\n");
}

static void on_finished(uv_async_t *handle)
{
    struct sqlite_store *store = handle->data;
    struct list commits, scans, *node;

    if (!atomic_exchange(&store->is_finished, false))
        return;
    list_init(&commits);
    list_init(&scans);
    list_move_all(&commits, &store->group.commits);
    list_move_all(&scans, &store->group.scans);
    uv_unref((uv_handle_t *)&store->finished);
    store->is_busy = false;
    note_broken(store);
    if (store->group.is_stop) {
        thread_end(store);
        return;
    }
    /* The thread works on while the callbacks run. When closing, those may submit scans' next pages
     * yet. */
    if (!store->is_closing)
        group_start(store);
    while ((node = list_first(&commits)) != NULL) {
        struct store_commit *commit = container_of(node, struct store_commit, node);

        list_remove(node);
        commit->on_done(commit);
    }
    while ((node = list_first(&scans)) != NULL) {
        list_remove(node);
        scan_deliver(store, container_of(node, struct store_scan, node));
    }
    group_start(store);
}

static const struct store_ops sqlite_ops = {
    .commit = sqlite_commit,
    .scan = sqlite_scan,
    .close = sqlite_close,
};

/* Also for a store whose thread was not started. */
static void store_freep(struct sqlite_store **p)
{
    struct sqlite_store *store = *p;

    if (store == NULL)
        return;
    (void)database_close(store->database);
    free(store);
}

static int thread_start(struct sqlite_store *store, uv_loop_t *loop, struct reason *why)
{
    int r = uv_sem_init(&store->work, 0);

    if (r == 0) {
        r = uv_async_init(loop, &store->finished, on_finished);
        if (r < 0)
            uv_sem_destroy(&store->work);
    }
    if (r < 0) {
        reason_set_errno(why, r, "cannot start the store");
        return err_new(r);
    }
    store->finished.data = store;
    uv_unref((uv_handle_t *)&store->finished);
    must(uv_thread_create(&store->thread, thread_main, store) == 0);
    return 0;
}

int store_sqlite_open(struct store **ret_store, uv_loop_t *loop, const char *path,
                      struct reason *why)
{
    CLEANUP(store_freep) struct sqlite_store *store = calloc(1, sizeof(*store));
    int r;

    if (store == NULL)
        return err_new(-ENOMEM);
    store->store.ops = &sqlite_ops;
    list_init(&store->commits);
    list_init(&store->scans);
    list_init(&store->group.commits);
    list_init(&store->group.scans);
    r = database_open(&store->database, path, why);
    if (r != 0)
        return r;
    memcpy(store->store.counters, database_counters(store->database),
           sizeof(store->store.counters));
    r = thread_start(store, loop, why);
    if (r < 0)
        return err_pass(r);
    *ret_store = &store->store;
    store = NULL;
    return 0;
}
