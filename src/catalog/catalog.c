/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading the catalogue, hearing of its changes, its beginning and its end.
 */

#include "catalog/catalog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog_internal.h"
#include "catalog/function.h"
#include "catalog/function_version.h"

#define CODE_BYTES_MAX_DEFAULT UINT64_C(80530636800)

int catalog_get(struct catalog *catalog, const struct function_id *id, uint64_t version,
                struct arena *arena, struct function_view *ret_view)
{
    struct catalog_function *function = catalog_function_find(catalog, id);
    struct catalog_version *found = function ? catalog_version_find(function, version) : NULL;
    int r;

    if (!found)
        return CATALOG_NOT_FOUND;
    r = catalog_version_decode(found, arena, &ret_view->config);
    ret_view->version = version;
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

/* "1", "42"; not "01". */
static bool number_parse(struct str text, uint64_t *ret_number)
{
    return text.len > 0 && text.ptr[0] != '0' && str_to_u64(text, ret_number);
}

bool catalog_qualifier_is_version(struct str qualifier, uint64_t *ret_number)
{
    *ret_number = FUNCTION_LATEST;
    return !str_is_set(qualifier) || str_eq(qualifier, STR("$LATEST")) ||
           number_parse(qualifier, ret_number);
}

struct str catalog_version_text(uint64_t number, char text[static CATALOG_VERSION_TEXT_MAX])
{
    int len = number == FUNCTION_LATEST
                  ? snprintf(text, CATALOG_VERSION_TEXT_MAX, "$LATEST")
                  : snprintf(text, CATALOG_VERSION_TEXT_MAX, "%" PRIu64, number);

    return str_make(text, (size_t)len);
}

/* is_for_invoke: the weights of an alias count. */
static int qualifier_resolve(const struct catalog_function *function, struct str qualifier,
                             bool is_for_invoke, uint64_t *ret_number)
{
    struct function_alias alias;
    struct arena arena;
    int r;

    if (catalog_qualifier_is_version(qualifier, ret_number))
        return CATALOG_OK;
    arena_init(&arena);
    r = catalog_alias_decode(function, qualifier, &arena, &alias);
    if (r == CATALOG_OK)
        *ret_number = is_for_invoke ? function_alias_route(&alias) : alias.version;
    arena_deinit(&arena);
    return r;
}

int catalog_resolve(struct catalog *catalog, const struct function_id *id, struct str qualifier,
                    uint64_t *ret_version)
{
    struct catalog_function *function = catalog_function_find(catalog, id);
    uint64_t number;
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = qualifier_resolve(function, qualifier, false, &number);
    if (r != CATALOG_OK)
        return r;
    if (!catalog_version_find(function, number))
        return CATALOG_NOT_FOUND;
    *ret_version = number;
    return CATALOG_OK;
}

int catalog_get_settings(struct catalog *catalog, const struct function_id *id, struct arena *arena,
                         struct function_settings *ret_settings)
{
    struct catalog_function *function = catalog_function_find(catalog, id);
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = catalog_settings_decode(function, arena, ret_settings);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

size_t catalog_list(struct catalog *catalog, struct str account, struct str region,
                    struct str after, struct str *ret_names, size_t max)
{
    struct catalog_scope *scope = catalog_scope_find(catalog, account, region);
    size_t count = 0, at;

    if (!scope)
        return 0;
    at = str_is_set(after) ? catalog_scope_place(scope, after) : 0;
    for (; at < scope->count && count < max; at++) {
        const struct catalog_function *function = scope->functions[at];

        if (catalog_function_is_live(function) && !str_eq(function->name, after))
            ret_names[count++] = function->name;
    }
    return count;
}

size_t catalog_list_versions(struct catalog *catalog, const struct function_id *id, uint64_t from,
                             uint64_t *ret_versions, size_t max)
{
    struct catalog_function *function = catalog_function_find(catalog, id);
    size_t count = 0;

    if (!function)
        return 0;
    for (size_t at = catalog_version_place(function, from);
         at < function->version_count && count < max; at++)
        ret_versions[count++] = function->versions[at]->number;
    return count;
}

void catalog_usage(struct catalog *catalog, struct str account, struct str region,
                   struct catalog_usage *ret_usage)
{
    const struct catalog_scope *scope = catalog_scope_find(catalog, account, region);

    *ret_usage = scope ? scope->usage : (struct catalog_usage){0};
}

static int snapshot_make(const struct catalog *catalog, const struct function_id *id,
                         struct catalog_version *version, const struct function_config *config,
                         struct function_version **ret_version)
{
    int r;

    if (version->snapshot) {
        *ret_version = function_version_ref(version->snapshot);
        return CATALOG_OK;
    }
    r = function_version_new(ret_version, catalog, id, version->number, config);
    if (r < 0)
        return err_pass(r);
    version->snapshot = *ret_version;
    version->snapshot->origin = version;
    return CATALOG_OK;
}

int catalog_invoke_target(struct catalog *catalog, const struct function_id *id,
                          struct str qualifier, struct function_version **ret_version)
{
    struct catalog_function *function = catalog_function_find(catalog, id);
    struct catalog_version *version;
    struct function_config config;
    struct arena arena;
    uint64_t number;
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = qualifier_resolve(function, qualifier, true, &number);
    if (r != CATALOG_OK)
        return r;
    version = catalog_version_find(function, number);
    if (!version)
        return CATALOG_NOT_FOUND;
    if (number == FUNCTION_LATEST && function->serving)
        version = function->serving;
    if (version->snapshot) { /* only what is no longer pending has one */
        *ret_version = function_version_ref(version->snapshot);
        return CATALOG_OK;
    }
    arena_init(&arena);
    r = catalog_version_decode(version, &arena, &config);
    if (r == 0 && config.state == FUNCTION_PENDING)
        r = CATALOG_PENDING;
    else if (r == 0)
        r = snapshot_make(catalog, id, version, &config, ret_version);
    arena_deinit(&arena);
    return r;
}

void catalog_emit(struct catalog *catalog, const struct catalog_event *event)
{
    list_for_each_safe (node, &catalog->watches) {
        struct catalog_watch *watch = container_of(node, struct catalog_watch, node);

        watch->on_event(watch, event);
    }
}

void catalog_watch_start(struct catalog *catalog, struct catalog_watch *watch)
{
    list_push_back(&catalog->watches, &watch->node);
}

void catalog_watch_stop(struct catalog_watch *watch)
{
    list_remove(&watch->node);
}

int catalog_new(struct catalog **ret_catalog, const struct catalog_options *options)
{
    struct catalog *catalog = calloc(1, sizeof(*catalog));

    if (!catalog)
        return err_new(-ENOMEM);
    catalog->loop = options->loop;
    catalog->store = options->store;
    catalog->code = options->code;
    catalog->code_context = options->code_context;
    catalog->code_bytes_max =
        options->code_bytes_max ? options->code_bytes_max : CODE_BYTES_MAX_DEFAULT;
    catalog->settle_delay_ms = options->settle_delay_ms;
    map_init(&catalog->scopes);
    map_init(&catalog->urls);
    list_init(&catalog->watches);
    list_init(&catalog->settles);
    *ret_catalog = catalog;
    return 0;
}

void catalog_close_when_idle(struct catalog *catalog)
{
    void (*on_closed)(void *owner) = catalog->on_closed;
    void *owner = catalog->owner;

    if (!catalog->is_closing || catalog->change_count > 0 || !list_is_empty(&catalog->settles))
        return;
    map_for_each (entry, &catalog->scopes)
        catalog_scope_free(catalog, entry->value);
    map_deinit(&catalog->scopes);
    catalog_urls_free(catalog);
    free(catalog);
    if (on_closed)
        on_closed(owner);
}

void catalog_close(struct catalog *catalog, void (*on_closed)(void *owner), void *owner)
{
    must(!catalog->is_closing);
    catalog->is_closing = true;
    catalog->on_closed = on_closed;
    catalog->owner = owner;
    catalog_settle_stop_all(catalog);
    catalog_close_when_idle(catalog);
}
