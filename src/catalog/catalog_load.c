/* SPDX-License-Identifier: Apache-2.0 */

/* Reading the catalogue at start, and then on with what was under way. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "catalog/catalog_internal.h"

/* "account/region/name", and for a version ":number" after it. */
static bool key_parse(struct str key, struct function_id *ret_id, struct str *ret_number)
{
    struct str rest = key, name;

    if (!str_next(&rest, '/', &ret_id->account) || !str_next(&rest, '/', &ret_id->region))
        return false;
    name = rest;
    *ret_number = STR_NONE;
    if (!str_next(&name, ':', &ret_id->name))
        return false;
    *ret_number = name;
    return ret_id->name.len > 0;
}

static int function_load(struct catalog *catalog, const struct store_record *record)
{
    struct catalog_function *function;
    struct function_id id;
    struct str number;
    char *row;
    int r;

    if (!key_parse(record->key, &id, &number) || str_is_set(number))
        return err_new(-EBADMSG);
    function = catalog_function_make(catalog, &id);
    if (!function)
        return err_new(-ENOMEM);
    row = malloc(record->value.len + 1);
    if (!row)
        return err_new(-ENOMEM);
    memcpy(row, record->value.ptr, record->value.len);
    r = catalog_settings_install(catalog, function, row, record->value.len, record->revision);
    if (r < 0)
        free(row);
    return r;
}

static int version_load(struct catalog *catalog, const struct store_record *record)
{
    struct catalog_function *function;
    struct catalog_version *version;
    struct function_id id;
    struct str text;
    uint64_t number;
    int r;

    if (!key_parse(record->key, &id, &text) || !str_to_u64(text, &number))
        return err_new(-EBADMSG);
    function = catalog_function_find(catalog, &id);
    if (!function)
        return err_new(-EBADMSG);
    version = catalog_version_new(number, record->value);
    if (!version)
        return err_new(-ENOMEM);
    version->store_revision = record->revision;
    r = catalog_version_install(catalog, function, version);
    if (r < 0)
        free(version);
    return r;
}

static int resource_load(struct catalog *catalog, enum catalog_resource_kind kind,
                         const struct store_record *record)
{
    struct catalog_resource_id id;
    struct catalog_resource *resource;
    int r;

    id.name = record->key;
    if (!str_next(&id.name, '/', &id.account) || !str_next(&id.name, '/', &id.region))
        return err_new(-EBADMSG);
    resource = catalog_resource_new(id.name, record->value);
    if (!resource)
        return err_new(-ENOMEM);
    resource->store_revision = record->revision;
    r = catalog_resource_install(catalog, kind, &id, resource);
    if (r < 0)
        free(resource);
    return r;
}

static bool version_is_unsettled(const struct catalog_version *version)
{
    struct function_config config;
    struct arena arena;
    bool is_unsettled;

    arena_init(&arena);
    is_unsettled =
        catalog_version_decode(version, &arena, &config) == 0 &&
        (config.state == FUNCTION_PENDING || config.update == FUNCTION_UPDATE_IN_PROGRESS);
    arena_deinit(&arena);
    return is_unsettled;
}

/* Listeners know nothing yet, and hear of what differs from that. */
static int function_tell(struct catalog *catalog, const struct catalog_function *function)
{
    int r = catalog_settings_have_aside(function);

    if (r > 0)
        catalog_settings_emit(catalog, function);
    return r < 0 ? err_pass(r) : 0;
}

/* Only one version at a time can be unfinished besides $LATEST: the last. */
static int function_go_on(struct catalog *catalog, const struct catalog_function *function)
{
    const struct function_id id = {function->scope->account, function->scope->region,
                                   function->name};
    int r;

    if (!catalog_function_is_live(function))
        return 0;
    r = function_tell(catalog, function);
    if (r < 0)
        return err_pass(r);
    if (!version_is_unsettled(function->versions[0]) &&
        !version_is_unsettled(function->versions[function->version_count - 1]))
        return 0;
    return catalog_settle_start(catalog, &id, catalog_function_settle);
}

static int all_go_on(struct catalog *catalog)
{
    map_for_each (entry, &catalog->scopes) {
        const struct catalog_scope *scope = entry->value;
        int r = 0;

        for (size_t i = 0; r == 0 && i < scope->count; i++)
            r = function_go_on(catalog, scope->functions[i]);
        if (r == 0)
            r = catalog_event_sources_go_on(catalog, scope);
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

static void load_end(struct catalog *catalog, int failure)
{
    if (failure == 0)
        failure = catalog->scan_failure;
    if (failure == 0)
        failure = all_go_on(catalog);
    catalog->on_loaded(catalog->owner, failure);
}

/* First the functions, then their versions, then one kind of resources after the other. */
enum { LOAD_FUNCTIONS, LOAD_VERSIONS, LOAD_RESOURCES };

static int record_load(struct catalog *catalog, const struct store_record *record)
{
    switch (catalog->load_step) {
    case LOAD_FUNCTIONS:
        return function_load(catalog, record);
    case LOAD_VERSIONS:
        return version_load(catalog, record);
    default:
        return resource_load(catalog, catalog->load_step - LOAD_RESOURCES, record);
    }
}

static void on_record(struct store_scan *scan, const struct store_record *record)
{
    struct catalog *catalog = container_of(scan, struct catalog, scan);
    int r = record_load(catalog, record);

    if (r < 0 && catalog->scan_failure == 0)
        catalog->scan_failure = err_pass(r);
}

static enum store_kind step_kind(unsigned step)
{
    switch (step) {
    case LOAD_FUNCTIONS:
        return STORE_FUNCTION;
    case LOAD_VERSIONS:
        return STORE_FUNCTION_VERSION;
    default:
        return catalog_resource_stored(step - LOAD_RESOURCES);
    }
}

static void on_scan_done(struct store_scan *scan, int failure);

static void scan_next(struct catalog *catalog)
{
    catalog->scan = (struct store_scan){
        .kind = step_kind(catalog->load_step),
        .prefix = STR(""),
        .on_record = on_record,
        .on_done = on_scan_done,
    };
    store_scan_start(catalog->store, &catalog->scan);
}

static void on_scan_done(struct store_scan *scan, int failure)
{
    struct catalog *catalog = container_of(scan, struct catalog, scan);

    catalog->load_step++;
    if (failure < 0 || catalog->scan_failure < 0 ||
        catalog->load_step == LOAD_RESOURCES + CATALOG_RESOURCE_KINDS)
        load_end(catalog, failure);
    else
        scan_next(catalog);
}

void catalog_load(struct catalog *catalog, void (*on_loaded)(void *owner, int failure), void *owner)
{
    catalog->on_loaded = on_loaded;
    catalog->owner = owner;
    catalog->load_step = LOAD_FUNCTIONS;
    scan_next(catalog);
}
