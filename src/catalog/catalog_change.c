/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The course of a change:
 *
 *   prepare (rules, by what is in memory now) ─► commit ─► OK: memory follows, on_done
 *      ▲                                           ├─ failure: on_done, nothing changed
 *      └───────────────── conflict ────────────────┘
 *
 * Commits are answered in the order in which they were submitted, so the change that caused a
 * conflict is in memory when the loser is judged again. Any two changes of one function conflict,
 * because each of them writes the row of $LATEST, of the function, or of the version that the other
 * one deletes. (An update and a change of an alias do not: neither depends on the other.)
 */

#include "catalog/catalog_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/must.h"
#include "base/rand.h"
#include "catalog/catalog_internal.h"

/* Each conflict is the success of another change: so many of one function may be under way at once.
 */
enum { ATTEMPTS_MAX = 128 };

enum staged_kind {
    STAGED_VERSION,
    STAGED_VERSION_DELETE,
    STAGED_SETTINGS,
    STAGED_SETTINGS_DELETE,
    STAGED_RESOURCE,
    STAGED_RESOURCE_DELETE,
};

/* In the arena of the change. */
struct staged {
    struct list node;
    enum staged_kind kind;
    uint64_t number;
    struct catalog_version *version; /* owned until it is installed */
    char *settings;                  /* likewise */
    size_t settings_len;
    enum catalog_resource_kind resource_kind;
    struct catalog_resource_id resource_id;
    struct catalog_resource *resource; /* owned until it is installed */
};

static struct staged *stage(struct catalog_change *change, enum staged_kind kind, uint64_t number)
{
    struct staged *staged = arena_new(&change->arena, struct staged);

    if (staged) {
        staged->kind = kind;
        staged->number = number;
        list_push_back(&change->staged, &staged->node);
    }
    return staged;
}

int catalog_stage_version(struct catalog_change *change, uint64_t number,
                          const struct function_config *config, uint64_t expected)
{
    CLEANUP(buf_deinit) struct buf row = {0};
    struct str key = catalog_version_key(&change->arena, &change->id, number);
    struct staged *staged = stage(change, STAGED_VERSION, number);

    function_config_encode(&row, config);
    if (!staged || !str_is_set(key) || buf_failed(&row))
        return err_new(-ENOMEM);
    staged->version = catalog_version_new(number, buf_str(&row));
    if (!staged->version)
        return err_new(-ENOMEM);
    store_commit_put(&change->commit, STORE_FUNCTION_VERSION, key, buf_str(&row), expected);
    return 0;
}

int catalog_stage_version_delete(struct catalog_change *change, uint64_t number, uint64_t expected)
{
    struct str key = catalog_version_key(&change->arena, &change->id, number);

    if (!stage(change, STAGED_VERSION_DELETE, number) || !str_is_set(key))
        return err_new(-ENOMEM);
    store_commit_delete(&change->commit, STORE_FUNCTION_VERSION, key, expected);
    return 0;
}

int catalog_stage_settings(struct catalog_change *change, const struct function_settings *settings,
                           uint64_t expected)
{
    CLEANUP(buf_deinit) struct buf row = {0};
    struct str key = catalog_function_key(&change->arena, &change->id);
    struct staged *staged = stage(change, STAGED_SETTINGS, 0);

    function_settings_encode(&row, settings);
    if (!staged || !str_is_set(key) || buf_failed(&row))
        return err_new(-ENOMEM);
    store_commit_put(&change->commit, STORE_FUNCTION, key, buf_str(&row), expected);
    staged->settings = buf_steal(&row, &staged->settings_len);
    return staged->settings ? 0 : err_new(-ENOMEM);
}

int catalog_stage_settings_delete(struct catalog_change *change, uint64_t expected)
{
    struct str key = catalog_function_key(&change->arena, &change->id);

    if (!stage(change, STAGED_SETTINGS_DELETE, 0) || !str_is_set(key))
        return err_new(-ENOMEM);
    store_commit_delete(&change->commit, STORE_FUNCTION, key, expected);
    return 0;
}

int catalog_stage_resource(struct catalog_change *change, enum catalog_resource_kind kind,
                           struct str name, struct str bytes, uint64_t expected)
{
    bool is_put = str_is_set(bytes);
    struct staged *staged = stage(change, is_put ? STAGED_RESOURCE : STAGED_RESOURCE_DELETE, 0);
    const struct function_id id = {change->id.account, change->id.region, name};
    struct str key = catalog_function_key(&change->arena, &id);

    if (!staged || !str_is_set(key))
        return err_new(-ENOMEM);
    staged->resource_kind = kind;
    staged->resource_id = (struct catalog_resource_id){id.account, id.region,
                                                       str_sub(key, key.len - name.len, key.len)};
    if (!is_put) {
        store_commit_delete(&change->commit, catalog_resource_stored(kind), key, expected);
        return 0;
    }
    staged->resource = catalog_resource_new(name, bytes);
    if (!staged->resource)
        return err_new(-ENOMEM);
    store_commit_put(&change->commit, catalog_resource_stored(kind), key, bytes, expected);
    return 0;
}

int catalog_revision_make(struct arena *arena, struct str *ret_revision_id)
{
    char *text = arena_alloc(arena, UUID_TEXT_BYTES);

    if (!text)
        return err_new(-ENOMEM);
    *ret_revision_id = str_of(rand_uuid(text));
    return 0;
}

static void staged_clear(struct catalog_change *change)
{
    struct list *node;

    while ((node = list_first(&change->staged)) != NULL) {
        struct staged *staged = container_of(node, struct staged, node);

        list_remove(node);
        free(staged->version);
        free(staged->settings);
        free(staged->resource);
    }
}

/* What is run for a version. */
struct served {
    bool is_there;
    bool is_ready;
    uint64_t generation;
};

static struct served served_now(struct catalog *catalog, const struct function_id *id,
                                uint64_t number)
{
    const struct catalog_function *function = catalog_function_find(catalog, id);
    const struct catalog_version *version =
        function ? catalog_version_find(function, number) : NULL;
    struct function_config config = {0};
    struct arena arena;

    if (version && number == FUNCTION_LATEST && function->serving)
        version = function->serving;
    arena_init(&arena);
    if (version)
        must(catalog_version_decode(version, &arena, &config) == 0);
    arena_deinit(&arena);
    return (struct served){.is_there = version != NULL,
                           .is_ready = version && config.state == FUNCTION_ACTIVE,
                           .generation = config.generation};
}

static void version_emit(struct catalog_change *change, uint64_t number,
                         enum catalog_event_kind kind)
{
    char text[CATALOG_VERSION_TEXT_MAX];
    const struct catalog_event event = {
        .id = change->id,
        .kind = kind,
        .version = catalog_version_text(number, text),
    };

    catalog_emit(change->catalog, &event);
}

/*
 * The change is on disk: memory has to follow. Without the memory to do so the only consistent way
 * on is a restart, which reads it from there.
 */
static void version_follow(struct catalog_change *change, struct staged *staged)
{
    struct catalog *catalog = change->catalog;
    struct served before = served_now(catalog, &change->id, staged->number);
    struct catalog_function *function = catalog_function_find(catalog, &change->id);
    struct served after;

    must(function != NULL);
    staged->version->store_revision = change->commit.revision;
    must(catalog_version_install(catalog, function, staged->version) == 0);
    staged->version = NULL;
    after = served_now(catalog, &change->id, staged->number);
    if (before.is_there && before.generation != after.generation)
        version_emit(change, staged->number, CATALOG_VERSION_CHANGED);
    if (after.is_ready && (!before.is_ready || before.generation != after.generation))
        version_emit(change, staged->number, CATALOG_VERSION_READY);
}

static void settings_follow(struct catalog_change *change, struct staged *staged)
{
    struct catalog_function *function = catalog_function_make(change->catalog, &change->id);

    must(function != NULL);
    must(catalog_settings_install(change->catalog, function, staged->settings, staged->settings_len,
                                  change->commit.revision) == 0);
    staged->settings = NULL;
}

static void resource_follow(struct catalog_change *change, struct staged *staged)
{
    staged->resource->store_revision = change->commit.revision;
    must(catalog_resource_install(change->catalog, staged->resource_kind, &staged->resource_id,
                                  staged->resource) == 0);
    staged->resource = NULL;
}

static void staged_follow(struct catalog_change *change, struct staged *staged)
{
    struct catalog *catalog = change->catalog;

    switch (staged->kind) {
    case STAGED_VERSION:
        version_follow(change, staged);
        break;
    case STAGED_VERSION_DELETE:
        catalog_version_remove(catalog, catalog_function_find(catalog, &change->id),
                               staged->number);
        version_emit(change, staged->number, CATALOG_VERSION_DELETED);
        break;
    case STAGED_SETTINGS:
        settings_follow(change, staged);
        break;
    case STAGED_SETTINGS_DELETE:
        catalog_function_remove(catalog, catalog_function_find(catalog, &change->id));
        break;
    case STAGED_RESOURCE:
        resource_follow(change, staged);
        break;
    case STAGED_RESOURCE_DELETE:
        catalog_resource_remove(catalog, staged->resource_kind, &staged->resource_id);
        break;
    }
}

/* The result as it is on disk now; the rules worked on rows that may be gone. */
static int result_renew(struct catalog_change *change)
{
    const struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    const struct catalog_version *version =
        function ? catalog_version_find(function, change->result.version) : NULL;

    return version ? catalog_version_decode(version, &change->arena, &change->result.config) : 0;
}

static void change_follow(struct catalog_change *change)
{
    const struct catalog_function *function;
    bool sets_settings = false;

    list_for_each (node, &change->staged) {
        struct staged *staged = container_of(node, struct staged, node);

        staged_follow(change, staged);
        sets_settings = sets_settings || staged->kind == STAGED_SETTINGS;
    }
    function = catalog_function_find(change->catalog, &change->id);
    if (sets_settings && catalog_function_is_live(function))
        catalog_settings_emit(change->catalog, function);
}

static int change_try(struct catalog_change *change);

static int committed_answer(struct catalog_change *change)
{
    int r;

    switch (change->commit.outcome) {
    case STORE_OK:
        change_follow(change);
        r = result_renew(change);
        return r < 0 ? err_pass(r) : CATALOG_OK;
    case STORE_CONFLICT:
        staged_clear(change);
        store_commit_deinit(&change->commit);
        if (++change->attempts < ATTEMPTS_MAX)
            return change_try(change);
        return CATALOG_BUSY;
    default:
        return err_pass(change->commit.outcome);
    }
}

static void on_committed(struct store_commit *commit)
{
    struct catalog_change *change = container_of(commit, struct catalog_change, commit);
    struct catalog *catalog = change->catalog;
    int answer;

    catalog->change_count--;
    catalog_promise_give(change);
    answer = committed_answer(change);
    if (answer == CATALOG_STARTED)
        return;
    if (answer == CATALOG_OK && change->settle) /* else the next start goes on with it */
        (void)catalog_settle_start(catalog, &change->id, change->settle);
    change->on_done(change, answer);
    catalog_close_when_idle(catalog);
}

static int change_try(struct catalog_change *change)
{
    int r;

    arena_deinit(&change->arena);
    arena_init(&change->arena);
    change->result = (struct function_view){0};
    change->settle = NULL;
    store_commit_init(&change->commit, on_committed);
    r = change->prepare(change);
    if (r != CATALOG_STARTED) {
        staged_clear(change);
        return r;
    }
    change->catalog->change_count++;
    store_commit_submit(change->catalog->store, &change->commit);
    return CATALOG_STARTED;
}

int catalog_change_start(struct catalog *catalog, struct catalog_change *change,
                         const struct function_id *id,
                         int (*prepare)(struct catalog_change *change), const void *input)
{
    change->catalog = catalog;
    change->id = *id;
    change->prepare = prepare;
    change->input = input;
    change->attempts = 0;
    arena_init(&change->arena);
    list_init(&change->staged);
    return change_try(change);
}

void catalog_change_deinit(struct catalog_change *change)
{
    if (!change->catalog)
        return;
    staged_clear(change);
    store_commit_deinit(&change->commit);
    arena_deinit(&change->arena);
    change->catalog = NULL;
}

struct arena catalog_change_steal(struct catalog_change *change)
{
    struct arena arena;

    staged_clear(change);
    arena = change->arena;
    arena_init(&change->arena);
    catalog_change_deinit(change);
    return arena;
}
