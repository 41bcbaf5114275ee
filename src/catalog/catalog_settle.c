/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The second half of creations and updates: Pending becomes Active, InProgress becomes Successful
 * (of event source mappings: event_source_mapping.c).
 * The code is unpacked before a change is accepted, so nothing is left to wait for; it is a commit
 * of its own because AWS's clients see both states. A store that fails is asked again.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "base/rand.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"

enum { SETTLE_RETRY_MS = 1000 };

struct settle {
    struct list node;
    struct catalog *catalog;
    struct function_id id; /* texts: owned, in arena */
    int (*prepare)(struct catalog_change *change);
    struct arena arena;
    struct catalog_change change;
    uv_timer_t timer;
    bool is_changing;
};

static void on_timer_closed(uv_handle_t *handle)
{
    struct settle *settle = handle->data;
    struct catalog *catalog = settle->catalog;

    list_remove(&settle->node);
    arena_deinit(&settle->arena);
    free(settle);
    catalog_close_when_idle(catalog);
}

static void settle_end(struct settle *settle)
{
    if (!uv_is_closing((uv_handle_t *)&settle->timer))
        uv_close((uv_handle_t *)&settle->timer, on_timer_closed);
}

static int version_settle(struct catalog_change *change, struct catalog_version *version)
{
    struct function_config config;
    char revision_id[UUID_TEXT_BYTES];
    int r = catalog_version_decode(version, &change->arena, &config);

    if (r < 0)
        return err_pass(r);
    if (config.state != FUNCTION_PENDING && config.update != FUNCTION_UPDATE_IN_PROGRESS)
        return 0;
    config.state = FUNCTION_ACTIVE;
    config.update = FUNCTION_UPDATE_SUCCESSFUL;
    config.revision_id = str_of(rand_uuid(revision_id));
    return catalog_stage_version(change, version->number, &config, version->store_revision);
}

int catalog_function_settle(struct catalog_change *change)
{
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = version_settle(change, function->versions[0]);
    if (r == 0 && function->version_count > 1)
        r = version_settle(change, function->versions[function->version_count - 1]);
    if (r < 0)
        return err_pass(r);
    return list_is_empty(&change->staged) ? CATALOG_OK : CATALOG_STARTED;
}

static void settle_run(struct settle *settle);

static void on_timer(uv_timer_t *timer)
{
    settle_run(timer->data);
}

static void settle_answered(struct settle *settle, int answer)
{
    if (answer >= 0 || settle->catalog->is_closing)
        settle_end(settle);
    else
        (void)uv_timer_start(&settle->timer, on_timer, SETTLE_RETRY_MS, 0);
}

static void on_done(struct catalog_change *change, int answer)
{
    struct settle *settle = container_of(change, struct settle, change);

    catalog_change_deinit(change);
    settle->is_changing = false;
    settle_answered(settle, answer);
}

static void settle_run(struct settle *settle)
{
    int r;

    settle->change = (struct catalog_change){.on_done = on_done};
    settle->is_changing = true;
    r = catalog_change_start(settle->catalog, &settle->change, &settle->id, settle->prepare, NULL);
    if (r == CATALOG_STARTED)
        return;
    catalog_change_deinit(&settle->change);
    settle->is_changing = false;
    settle_answered(settle, r);
}

int catalog_settle_start(struct catalog *catalog, const struct function_id *id,
                         int (*prepare)(struct catalog_change *change))
{
    struct settle *settle = calloc(1, sizeof(*settle));

    if (!settle)
        return err_new(-ENOMEM);
    settle->catalog = catalog;
    settle->prepare = prepare;
    arena_init(&settle->arena);
    settle->id.account = arena_str(&settle->arena, id->account);
    settle->id.region = arena_str(&settle->arena, id->region);
    settle->id.name = arena_str(&settle->arena, id->name);
    if (!str_is_set(settle->id.name) || !str_is_set(settle->id.region) ||
        !str_is_set(settle->id.account)) {
        arena_deinit(&settle->arena);
        free(settle);
        return err_new(-ENOMEM);
    }
    must(uv_timer_init(catalog->loop, &settle->timer) == 0);
    settle->timer.data = settle;
    list_push_back(&catalog->settles, &settle->node);
    if (catalog->settle_delay_ms > 0)
        (void)uv_timer_start(&settle->timer, on_timer, catalog->settle_delay_ms, 0);
    else
        settle_run(settle);
    return 0;
}

/* What is in the middle of a commit ends by itself; the others go on after the next start. */
void catalog_settle_stop_all(struct catalog *catalog)
{
    list_for_each_safe (node, &catalog->settles) {
        struct settle *settle = container_of(node, struct settle, node);

        if (!settle->is_changing)
            settle_end(settle);
    }
}
