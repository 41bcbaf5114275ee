/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tables in memory. Functions lie in a sorted array per account and region: looking one up is a
 * binary search, listing is walking on from one.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog_internal.h"
#include "catalog/function.h"
#include "catalog/layer.h"

static struct str scope_key(struct arena *arena, struct str account, struct str region)
{
    return arena_printf(arena, "%.*s/%.*s", STR_FMT(account), STR_FMT(region));
}

struct str catalog_function_key(struct arena *arena, const struct function_id *id)
{
    return arena_printf(arena, "%.*s/%.*s/%.*s", STR_FMT(id->account), STR_FMT(id->region),
                        STR_FMT(id->name));
}

struct str catalog_version_key(struct arena *arena, const struct function_id *id, uint64_t number)
{
    return arena_printf(arena, "%.*s/%.*s/%.*s:%" PRIu64, STR_FMT(id->account), STR_FMT(id->region),
                        STR_FMT(id->name), number);
}

struct catalog_scope *catalog_scope_find(struct catalog *catalog, struct str account,
                                         struct str region)
{
    struct arena arena;
    struct catalog_scope *scope = NULL;
    struct str key;

    arena_init(&arena);
    key = scope_key(&arena, account, region);
    if (str_is_set(key))
        scope = map_get(&catalog->scopes, key);
    arena_deinit(&arena);
    return scope;
}

static struct catalog_scope *scope_new(struct catalog *catalog, struct str account,
                                       struct str region)
{
    size_t len = account.len + 1 + region.len;
    struct catalog_scope *scope = calloc(1, sizeof(*scope) + len);

    if (!scope)
        return NULL;
    memcpy(scope->key_bytes, account.ptr, account.len);
    scope->key_bytes[account.len] = '/';
    memcpy(scope->key_bytes + account.len + 1, region.ptr, region.len);
    scope->key = str_make(scope->key_bytes, len);
    scope->account = str_sub(scope->key, 0, account.len);
    scope->region = str_sub(scope->key, account.len + 1, len);
    if (map_put(&catalog->scopes, scope->key, scope) != MAP_OK) {
        free(scope);
        return NULL;
    }
    return scope;
}

struct catalog_scope *catalog_scope_make(struct catalog *catalog, struct str account,
                                         struct str region)
{
    struct catalog_scope *scope = catalog_scope_find(catalog, account, region);

    return scope ? scope : scope_new(catalog, account, region);
}

size_t catalog_scope_place(const struct catalog_scope *scope, struct str name)
{
    size_t from = 0, to = scope->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (str_cmp(scope->functions[middle]->name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct catalog_function *catalog_function_find(struct catalog *catalog,
                                               const struct function_id *id)
{
    struct catalog_scope *scope = catalog_scope_find(catalog, id->account, id->region);
    size_t at;

    if (!scope)
        return NULL;
    at = catalog_scope_place(scope, id->name);
    if (at == scope->count || !str_eq(scope->functions[at]->name, id->name))
        return NULL;
    return scope->functions[at];
}

static bool scope_reserve(struct catalog_scope *scope)
{
    size_t cap = scope->cap ? scope->cap * 2 : 8;
    struct catalog_function **functions;

    if (scope->count < scope->cap)
        return true;
    functions = realloc(scope->functions, cap * sizeof(struct catalog_function *));
    if (!functions)
        return false;
    scope->functions = functions;
    scope->cap = cap;
    return true;
}

static struct catalog_function *function_new(struct catalog_scope *scope, struct str name)
{
    struct catalog_function *function = calloc(1, sizeof(*function) + name.len);

    if (!function)
        return NULL;
    function->scope = scope;
    memcpy(function->name_bytes, name.ptr, name.len);
    function->name = str_make(function->name_bytes, name.len);
    return function;
}

struct catalog_function *catalog_function_make(struct catalog *catalog,
                                               const struct function_id *id)
{
    struct catalog_function *function = catalog_function_find(catalog, id);
    struct catalog_scope *scope = catalog_scope_make(catalog, id->account, id->region);
    size_t at;

    if (function)
        return function;
    if (!scope || !scope_reserve(scope))
        return NULL;
    function = function_new(scope, id->name);
    if (!function)
        return NULL;
    at = catalog_scope_place(scope, id->name);
    memmove(&scope->functions[at + 1], &scope->functions[at],
            (scope->count - at) * sizeof(struct catalog_function *));
    scope->functions[at] = function;
    scope->count++;
    return function;
}

static void function_free(struct catalog *catalog, struct catalog_function *function)
{
    for (size_t i = 0; i < function->version_count; i++)
        catalog_version_free(catalog, function->versions[i]);
    if (function->serving)
        catalog_version_free(catalog, function->serving);
    free(function->versions);
    free(function->settings);
    free(function);
}

void catalog_function_remove(struct catalog *catalog, struct catalog_function *function)
{
    struct catalog_scope *scope = function->scope;
    size_t at = catalog_scope_place(scope, function->name);

    must(scope->functions[at] == function);
    must(function->version_count == 0);
    catalog_settings_remove(catalog, function);
    scope->count--;
    memmove(&scope->functions[at], &scope->functions[at + 1],
            (scope->count - at) * sizeof(struct catalog_function *));
    function_free(catalog, function);
}

bool catalog_function_is_live(const struct catalog_function *function)
{
    return function && function->version_count > 0;
}

size_t catalog_version_place(const struct catalog_function *function, uint64_t number)
{
    size_t from = 0, to = function->version_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (function->versions[middle]->number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct catalog_version *catalog_version_find(const struct catalog_function *function,
                                             uint64_t number)
{
    size_t at = catalog_version_place(function, number);

    if (at == function->version_count || function->versions[at]->number != number)
        return NULL;
    return function->versions[at];
}

struct catalog_version *catalog_version_new(uint64_t number, struct str row)
{
    struct catalog_version *version = calloc(1, sizeof(*version) + row.len);

    if (!version)
        return NULL;
    version->number = number;
    version->len = row.len;
    memcpy(version->bytes, row.ptr, row.len);
    return version;
}

int catalog_version_decode(const struct catalog_version *version, struct arena *arena,
                           struct function_config *ret_config)
{
    return function_config_decode(str_make(version->bytes, version->len), arena, ret_config);
}

struct package {
    struct digest digest;
    uint64_t unpacked_bytes;
};

/* What the tables need to know of a version. */
struct version_facts {
    struct package packages[1 + LIMIT_LAYERS_PER_FUNCTION]; /* the code and the layers */
    size_t package_count;
    uint64_t code_bytes;
    uint64_t generation;
    bool is_in_progress;
};

static int facts_of(const struct function_config *config, struct version_facts *ret_facts)
{
    struct version_facts facts = {
        .packages = {{config->code, config->code_unpacked_bytes}},
        .package_count = function_config_is_image(config) ? 0 : 1,
        .code_bytes = config->code_bytes,
        .generation = config->generation,
        .is_in_progress = config->update == FUNCTION_UPDATE_IN_PROGRESS,
    };

    if (config->layers.count > LIMIT_LAYERS_PER_FUNCTION)
        return err_new(-EBADMSG);
    for (size_t i = 0; i < config->layers.count; i++) {
        struct function_layer layer;
        int r = function_layer_decode(&config->layers.ptr[i], &layer);

        if (r < 0)
            return err_pass(r);
        facts.packages[facts.package_count++] =
            (struct package){layer.code, layer.code_unpacked_bytes};
    }
    *ret_facts = facts;
    return 0;
}

static int version_facts(const struct catalog_version *version, struct version_facts *ret_facts)
{
    struct function_config config;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = catalog_version_decode(version, &arena, &config);
    if (r == 0)
        r = facts_of(&config, ret_facts);
    arena_deinit(&arena);
    return r;
}

static void packages_release(struct catalog *catalog, const struct package *packages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        catalog->code->release(catalog->code_context, &packages[i].digest);
}

/* All or none. */
static int packages_retain(struct catalog *catalog, const struct package *packages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = catalog->code->retain(catalog->code_context, &packages[i].digest,
                                      packages[i].unpacked_bytes);

        if (r < 0) {
            packages_release(catalog, packages, i);
            return err_pass(r);
        }
    }
    return 0;
}

void catalog_version_free(struct catalog *catalog, struct catalog_version *version)
{
    struct version_facts facts;

    if (version->snapshot)
        version->snapshot->origin = NULL;
    if (version_facts(version, &facts) == 0)
        packages_release(catalog, facts.packages, facts.package_count);
    free(version);
}

static bool versions_reserve(struct catalog_function *function)
{
    size_t cap = function->version_cap ? function->version_cap * 2 : 1;
    struct catalog_version **versions;

    if (function->version_count < function->version_cap)
        return true;
    versions = realloc(function->versions, cap * sizeof(struct catalog_version *));
    if (!versions)
        return false;
    function->versions = versions;
    function->version_cap = cap;
    return true;
}

/* Same settings and code: whoever runs the old row's snapshot runs the new one's. */
static void snapshot_move(struct catalog_version *to, struct catalog_version *from)
{
    to->snapshot = from->snapshot;
    from->snapshot = NULL;
    if (to->snapshot)
        to->snapshot->origin = to;
}

static void version_replace(struct catalog *catalog, struct catalog_function *function,
                            struct catalog_version *old, struct catalog_version *version,
                            const struct version_facts *facts)
{
    struct version_facts old_facts = {0};

    (void)version_facts(old, &old_facts); /* it was decoded when it came */
    function->scope->usage.code_bytes -= old_facts.code_bytes;
    if (old_facts.generation == facts->generation)
        snapshot_move(version, old);
    if (version->number == FUNCTION_LATEST && facts->is_in_progress && !function->serving)
        function->serving = old;
    else
        catalog_version_free(catalog, old);
    if (version->number == FUNCTION_LATEST && !facts->is_in_progress && function->serving) {
        catalog_version_free(catalog, function->serving);
        function->serving = NULL;
    }
}

int catalog_version_install(struct catalog *catalog, struct catalog_function *function,
                            struct catalog_version *version)
{
    size_t at = catalog_version_place(function, version->number);
    struct catalog_version *old = catalog_version_find(function, version->number);
    struct version_facts facts;
    int r = version_facts(version, &facts);

    if (r == 0 && !old && !versions_reserve(function))
        r = err_new(-ENOMEM);
    if (r == 0)
        r = packages_retain(catalog, facts.packages, facts.package_count);
    if (r < 0)
        return err_pass(r);
    if (!old) {
        memmove(&function->versions[at + 1], &function->versions[at],
                (function->version_count - at) * sizeof(struct catalog_version *));
        function->version_count++;
        function->scope->usage.functions += version->number == FUNCTION_LATEST;
    }
    function->versions[at] = version;
    function->scope->usage.code_bytes += facts.code_bytes;
    if (old)
        version_replace(catalog, function, old, version, &facts);
    return 0;
}

void catalog_version_remove(struct catalog *catalog, struct catalog_function *function,
                            uint64_t number)
{
    size_t at = catalog_version_place(function, number);
    struct version_facts facts = {0};

    must(catalog_version_find(function, number) != NULL);
    (void)version_facts(function->versions[at], &facts); /* it was decoded when it came */
    function->scope->usage.code_bytes -= facts.code_bytes;
    function->scope->usage.functions -= number == FUNCTION_LATEST;
    catalog_version_free(catalog, function->versions[at]);
    if (number == FUNCTION_LATEST && function->serving) {
        catalog_version_free(catalog, function->serving);
        function->serving = NULL;
    }
    function->version_count--;
    memmove(&function->versions[at], &function->versions[at + 1],
            (function->version_count - at) * sizeof(struct catalog_version *));
}

void catalog_scope_free(struct catalog *catalog, struct catalog_scope *scope)
{
    for (size_t i = 0; i < scope->count; i++)
        function_free(catalog, scope->functions[i]);
    free(scope->functions);
    catalog_tables_free(catalog, scope);
    free(scope);
}
