/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The row of a function, and what is derived from it: the account's concurrency that is set aside,
 * and the index of function URLs. Both follow whenever a row comes or goes.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog_internal.h"
#include "catalog/concurrency.h"
#include "catalog/function_url.h"

/* One URL in the index: its key is the id. */
struct catalog_url {
    const struct catalog_function *function;
    char id[FUNCTION_URL_ID_CHARACTERS];
    struct str qualifier;
    char qualifier_bytes[];
};

int catalog_settings_decode(const struct catalog_function *function, struct arena *arena,
                            struct function_settings *ret_settings)
{
    return function_settings_decode(str_make(function->settings, function->settings_len), arena,
                                    ret_settings);
}

static struct str url_key(const struct catalog_url *url)
{
    return str_make(url->id, sizeof(url->id));
}

static int url_add(struct catalog *catalog, const struct catalog_function *function,
                   const struct function_url *url)
{
    struct catalog_url *entry = calloc(1, sizeof(*entry) + url->qualifier.len);
    int r;

    if (!entry)
        return err_new(-ENOMEM);
    entry->function = function;
    memcpy(entry->id, url->id.ptr, sizeof(entry->id));
    memcpy(entry->qualifier_bytes, url->qualifier.ptr, url->qualifier.len);
    entry->qualifier = str_make(entry->qualifier_bytes, url->qualifier.len);
    r = map_put(&catalog->urls, url_key(entry), entry);
    if (r == MAP_OK)
        return 0;
    free(entry);
    return r < 0 ? err_pass(r) : err_new(-EBADMSG);
}

/* Adds (or takes out) all URLs of these settings. 0, -ENOMEM or -EBADMSG. */
static int urls_apply(struct catalog *catalog, const struct catalog_function *function,
                      const struct codec_pairs *urls, struct arena *arena, bool are_to_be)
{
    for (size_t i = 0; i < urls->count; i++) {
        struct function_url url;
        int r = function_url_decode(&urls->ptr[i], arena, &url);

        if (r == 0 && url.id.len != FUNCTION_URL_ID_CHARACTERS)
            r = err_new(-EBADMSG);
        if (r == 0 && are_to_be)
            r = url_add(catalog, function, &url);
        else if (r == 0)
            free(map_remove(&catalog->urls, url.id));
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

/* What a row says beyond itself. */
struct facts {
    struct function_settings settings;
    struct function_concurrency concurrency;
};

static int facts_get(const char *row, size_t len, struct arena *arena, struct facts *ret_facts)
{
    int r = 0;

    *ret_facts = (struct facts){0};
    if (!row)
        return 0;
    r = function_settings_decode(str_make(row, len), arena, &ret_facts->settings);
    if (r == 0)
        r = function_concurrency_of(&ret_facts->settings, arena, &ret_facts->concurrency);
    return r;
}

/* URLs that both rows have are taken out and added again. */
static int facts_follow(struct catalog *catalog, struct catalog_function *function,
                        const struct facts *before, const struct facts *after, struct arena *arena)
{
    uint64_t *aside = &function->scope->usage.concurrency_aside;
    int r = urls_apply(catalog, function, &before->settings.urls, arena, false);

    if (r == 0)
        r = urls_apply(catalog, function, &after->settings.urls, arena, true);
    if (r < 0)
        return err_pass(r);
    *aside += function_concurrency_aside(&after->concurrency);
    *aside -= function_concurrency_aside(&before->concurrency);
    return 0;
}

static int row_follow(struct catalog *catalog, struct catalog_function *function, const char *row,
                      size_t len)
{
    struct facts before, after;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = facts_get(function->settings, function->settings_len, &arena, &before);
    if (r == 0)
        r = facts_get(row, len, &arena, &after);
    if (r == 0)
        r = facts_follow(catalog, function, &before, &after, &arena);
    arena_deinit(&arena);
    return r;
}

int catalog_settings_install(struct catalog *catalog, struct catalog_function *function, char *row,
                             size_t len, uint64_t store_revision)
{
    int r = row_follow(catalog, function, row, len);

    if (r < 0)
        return err_pass(r);
    free(function->settings);
    function->settings = row;
    function->settings_len = len;
    function->store_revision = store_revision;
    return 0;
}

void catalog_settings_remove(struct catalog *catalog, struct catalog_function *function)
{
    must(row_follow(catalog, function, NULL, 0) == 0);
    free(function->settings);
    function->settings = NULL;
    function->settings_len = 0;
}

int catalog_find_url(struct catalog *catalog, struct str url_id, struct function_id *ret_id,
                     struct str *ret_qualifier)
{
    const struct catalog_url *url = map_get(&catalog->urls, url_id);

    if (!url)
        return CATALOG_NOT_FOUND;
    *ret_id = (struct function_id){url->function->scope->account, url->function->scope->region,
                                   url->function->name};
    *ret_qualifier = url->qualifier;
    return CATALOG_OK;
}

void catalog_urls_free(struct catalog *catalog)
{
    map_for_each (entry, &catalog->urls)
        free(entry->value);
    map_deinit(&catalog->urls);
}

int catalog_promise_take(struct catalog_change *change, const struct function_settings *before,
                         const struct function_settings *after)
{
    struct function_concurrency from, to;
    struct catalog_scope *scope =
        catalog_scope_find(change->catalog, change->id.account, change->id.region);
    int r = function_concurrency_of(before, &change->arena, &from);

    if (r == 0)
        r = function_concurrency_of(after, &change->arena, &to);
    if (r < 0)
        return err_pass(r);
    must(change->promised == 0);
    if (function_concurrency_aside(&to) > function_concurrency_aside(&from))
        change->promised = function_concurrency_aside(&to) - function_concurrency_aside(&from);
    scope->usage.concurrency_aside += change->promised;
    return 0;
}

void catalog_promise_give(struct catalog_change *change)
{
    struct catalog_scope *scope =
        catalog_scope_find(change->catalog, change->id.account, change->id.region);

    if (change->promised > 0)
        scope->usage.concurrency_aside -= change->promised;
    change->promised = 0;
}

int catalog_settings_have_aside(const struct catalog_function *function)
{
    static const struct function_concurrency none;
    struct facts facts;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = facts_get(function->settings, function->settings_len, &arena, &facts);
    arena_deinit(&arena);
    return r < 0 ? err_pass(r) : !function_concurrency_eq(&facts.concurrency, &none);
}

void catalog_settings_emit(struct catalog *catalog, const struct catalog_function *function)
{
    const struct catalog_event event = {
        .id = {function->scope->account, function->scope->region, function->name},
        .kind = CATALOG_SETTINGS_CHANGED,
    };

    catalog_emit(catalog, &event);
}
