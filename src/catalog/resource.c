/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/resource.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog_internal.h"

/* What the kinds differ in: what hangs on a row (NULL: nothing) and comes and goes with it. */
static const struct {
    enum store_kind stored;
    int (*added)(struct catalog *catalog, struct catalog_scope *scope, struct str row);
    void (*removed)(struct catalog *catalog, struct catalog_scope *scope, struct str row);
} kinds[CATALOG_RESOURCE_KINDS] = {
    [CATALOG_LAYER] = {.stored = STORE_LAYER},
    [CATALOG_LAYER_VERSION] = {.stored = STORE_LAYER_VERSION,
                               .added = catalog_layer_version_added,
                               .removed = catalog_layer_version_removed},
    [CATALOG_CODE_SIGNING_CONFIG] = {.stored = STORE_CODE_SIGNING_CONFIG},
    [CATALOG_EVENT_SOURCE_MAPPING] = {.stored = STORE_EVENT_SOURCE_MAPPING},
    [CATALOG_EVENT_SOURCE_PAIR] = {.stored = STORE_EVENT_SOURCE_PAIR},
};

enum store_kind catalog_resource_stored(enum catalog_resource_kind kind)
{
    return kinds[kind].stored;
}

/* The place of the first name that is not before `name`. */
static size_t table_place(const struct catalog_table *table, struct str name)
{
    size_t from = 0, to = table->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (str_cmp(table->rows[middle]->name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool table_has(const struct catalog_table *table, size_t at, struct str name)
{
    return at < table->count && str_eq(table->rows[at]->name, name);
}

static bool table_reserve(struct catalog_table *table)
{
    size_t cap = table->cap ? table->cap * 2 : 8;
    struct catalog_resource **rows;

    if (table->count < table->cap)
        return true;
    rows = realloc(table->rows, cap * sizeof(struct catalog_resource *));
    if (!rows)
        return false;
    table->rows = rows;
    table->cap = cap;
    return true;
}

struct catalog_resource *catalog_resource_new(struct str name, struct str bytes)
{
    struct catalog_resource *resource = calloc(1, sizeof(*resource) + name.len + bytes.len);

    if (!resource)
        return NULL;
    memcpy(resource->storage, name.ptr, name.len);
    memcpy(resource->storage + name.len, bytes.ptr, bytes.len);
    resource->name = str_make(resource->storage, name.len);
    resource->bytes = str_make(resource->storage + name.len, bytes.len);
    return resource;
}

static void resource_drop(struct catalog *catalog, struct catalog_scope *scope,
                          enum catalog_resource_kind kind, struct catalog_resource *resource)
{
    if (kinds[kind].removed)
        kinds[kind].removed(catalog, scope, resource->bytes);
    free(resource);
}

int catalog_resource_install(struct catalog *catalog, enum catalog_resource_kind kind,
                             const struct catalog_resource_id *id,
                             struct catalog_resource *resource)
{
    struct catalog_scope *scope = catalog_scope_make(catalog, id->account, id->region);
    struct catalog_table *table;
    size_t at;
    int r = 0;

    if (!scope || !table_reserve(&scope->tables[kind]))
        return err_new(-ENOMEM);
    if (kinds[kind].added)
        r = kinds[kind].added(catalog, scope, resource->bytes);
    if (r < 0)
        return err_pass(r);
    table = &scope->tables[kind];
    at = table_place(table, resource->name);
    if (table_has(table, at, resource->name)) {
        resource_drop(catalog, scope, kind, table->rows[at]);
    } else {
        memmove(&table->rows[at + 1], &table->rows[at],
                (table->count - at) * sizeof(struct catalog_resource *));
        table->count++;
    }
    table->rows[at] = resource;
    return 0;
}

void catalog_resource_remove(struct catalog *catalog, enum catalog_resource_kind kind,
                             const struct catalog_resource_id *id)
{
    struct catalog_scope *scope = catalog_scope_find(catalog, id->account, id->region);
    struct catalog_table *table;
    size_t at;

    must(scope != NULL);
    table = &scope->tables[kind];
    at = table_place(table, id->name);
    must(table_has(table, at, id->name));
    resource_drop(catalog, scope, kind, table->rows[at]);
    table->count--;
    memmove(&table->rows[at], &table->rows[at + 1],
            (table->count - at) * sizeof(struct catalog_resource *));
}

void catalog_tables_free(struct catalog *catalog, struct catalog_scope *scope)
{
    for (unsigned kind = 0; kind < CATALOG_RESOURCE_KINDS; kind++) {
        struct catalog_table *table = &scope->tables[kind];

        for (size_t i = 0; i < table->count; i++)
            resource_drop(catalog, scope, kind, table->rows[i]);
        free(table->rows);
    }
}

static struct catalog_resource_row row_of(const struct catalog_resource *resource)
{
    return (struct catalog_resource_row){resource->name, resource->bytes, resource->store_revision};
}

struct catalog_resource_row catalog_resource_get(struct catalog *catalog,
                                                 enum catalog_resource_kind kind,
                                                 const struct catalog_resource_id *id)
{
    const struct catalog_scope *scope = catalog_scope_find(catalog, id->account, id->region);
    const struct catalog_table *table = scope ? &scope->tables[kind] : NULL;
    size_t at = table ? table_place(table, id->name) : 0;

    if (!table || !table_has(table, at, id->name))
        return (struct catalog_resource_row){.name = id->name, .store_revision = STORE_ABSENT};
    return row_of(table->rows[at]);
}

size_t catalog_resource_list(struct catalog *catalog, enum catalog_resource_kind kind,
                             struct str account, struct str region, struct str prefix,
                             struct str after, struct catalog_resource_row *ret_rows, size_t max)
{
    const struct catalog_scope *scope = catalog_scope_find(catalog, account, region);
    const struct catalog_table *table;
    size_t count = 0, at;

    if (!scope)
        return 0;
    table = &scope->tables[kind];
    at = table_place(table, str_is_set(after) && str_cmp(after, prefix) > 0 ? after : prefix);
    if (str_is_set(after) && table_has(table, at, after))
        at++;
    for (; at < table->count && count < max; at++) {
        if (!str_starts_with(table->rows[at]->name, prefix))
            break;
        ret_rows[count++] = row_of(table->rows[at]);
    }
    return count;
}

struct catalog_resource_row catalog_resource_before(struct catalog *catalog,
                                                    enum catalog_resource_kind kind,
                                                    const struct catalog_resource_id *id,
                                                    struct str prefix)
{
    const struct catalog_scope *scope = catalog_scope_find(catalog, id->account, id->region);
    const struct catalog_table *table = scope ? &scope->tables[kind] : NULL;
    size_t at = table ? table_place(table, id->name) : 0;

    if (at == 0 || !str_starts_with(table->rows[at - 1]->name, prefix))
        return (struct catalog_resource_row){.store_revision = STORE_ABSENT};
    return row_of(table->rows[at - 1]);
}

int catalog_numbered_name(char to[static CATALOG_NUMBERED_NAME_MAX], struct str name,
                          uint64_t number)
{
    int len = snprintf(to, CATALOG_NUMBERED_NAME_MAX, "%.*s:%020" PRIu64, STR_FMT(name), number);

    return len < CATALOG_NUMBERED_NAME_MAX ? 0 : err_new(-EINVAL);
}

int catalog_resource_change_start(struct catalog *catalog, struct catalog_change *change,
                                  struct str account, struct str region,
                                  int (*prepare)(struct catalog_change *change), const void *input)
{
    const struct function_id no_function = {account, region, STR("")};

    return catalog_change_start(catalog, change, &no_function, prepare, input);
}
