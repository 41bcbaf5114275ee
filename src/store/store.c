/* SPDX-License-Identifier: Apache-2.0 */

/* What all drivers of the store share: building of batches and hand-over to the driver. */

#include "store/store.h"

#include <errno.h>

#include "base/error.h"
#include "base/must.h"

void store_commit_init(struct store_commit *commit, void (*on_done)(struct store_commit *commit))
{
    *commit = (struct store_commit){.on_done = on_done};
    arena_init(&commit->arena);
    list_init(&commit->changes);
    list_init(&commit->node);
}

void store_commit_deinit(struct store_commit *commit)
{
    must(list_is_empty(&commit->node));
    arena_deinit(&commit->arena);
}

static struct store_change *commit_add(struct store_commit *commit, enum store_kind kind,
                                       struct str key, uint64_t expected)
{
    struct store_change *change = arena_new(&commit->arena, struct store_change);
    struct str copy = arena_str(&commit->arena, key);

    if (change == NULL || !str_is_set(copy)) {
        commit->failure = err_new(-ENOMEM);
        return NULL;
    }
    change->kind = kind;
    change->key = copy;
    change->expected = expected;
    commit->bytes += key.len;
    list_push_back(&commit->changes, &change->node);
    return change;
}

void store_commit_put(struct store_commit *commit, enum store_kind kind, struct str key,
                      struct str value, uint64_t expected)
{
    struct store_change *change = commit_add(commit, kind, key, expected);

    must(str_is_set(value));
    if (change == NULL)
        return;
    change->value = arena_str(&commit->arena, value);
    if (!str_is_set(change->value))
        commit->failure = err_new(-ENOMEM);
    commit->bytes += value.len;
}

void store_commit_delete(struct store_commit *commit, enum store_kind kind, struct str key,
                         uint64_t expected)
{
    (void)commit_add(commit, kind, key, expected);
}

void store_commit_count(struct store_commit *commit, enum store_counter counter, int64_t added)
{
    commit->added[counter] += added;
}

int64_t store_counter(const struct store *store, enum store_counter counter)
{
    return store->counters[counter];
}

int store_failure(const struct store *store)
{
    return store->failure;
}

void store_commit_submit(struct store *store, struct store_commit *commit)
{
    must(list_is_empty(&commit->node));
    store->ops->commit(store, commit);
}

void store_scan_start(struct store *store, struct store_scan *scan)
{
    arena_init(&scan->page);
    arena_init(&scan->page_next);
    list_init(&scan->node);
    list_init(&scan->records);
    scan->seen = 0;
    scan->stop = false;
    scan->is_last = false;
    scan->failure = 0;
    store->ops->scan(store, scan);
}

void store_close(struct store *store, void (*on_closed)(void *owner), void *owner)
{
    store->ops->close(store, on_closed, owner);
}
