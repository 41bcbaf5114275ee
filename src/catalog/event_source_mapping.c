/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/event_source_mapping.h"

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/arn.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"

struct str event_source_arn(struct arena *arena, const struct catalog_resource_id *id)
{
    return arena_printf(arena, "arn:%.*s:lambda:%.*s:%.*s:event-source-mapping:%.*s",
                        STR_FMT(arn_partition(id->region)), STR_FMT(id->region),
                        STR_FMT(id->account), STR_FMT(id->name));
}

static int row_decode(const struct catalog_resource_row *row, struct arena *arena,
                      struct event_source_mapping *ret_mapping)
{
    int r;

    if (!str_is_set(row->bytes))
        return CATALOG_NOT_FOUND;
    r = event_source_decode(row->bytes, arena, ret_mapping);
    if (r < 0)
        return err_pass(r);
    ret_mapping->uuid = row->name;
    return CATALOG_OK;
}

int event_source_get(struct catalog *catalog, const struct catalog_resource_id *id,
                     struct arena *arena, struct event_source_mapping *ret_mapping)
{
    struct catalog_resource_row row =
        catalog_resource_get(catalog, CATALOG_EVENT_SOURCE_MAPPING, id);

    return row_decode(&row, arena, ret_mapping);
}

/* ---- Pairs ---- */

/* How many pairs a mapping has, at least one: self-managed Kafka is known by each of its servers.
 */
static size_t pair_count(const struct event_source_mapping *mapping)
{
    return mapping->kind == EVENT_SOURCE_KAFKA ? mapping->bootstrap_servers.count : 1;
}

static struct str first_of(const struct codec_list *list)
{
    return list->count > 0 ? list->ptr[0] : STR_NONE;
}

/*
 * "function:qualifier|source|part", where the part is what of the source is read. No two mappings
 * come to the same name, because neither functions nor sources have a "|" and no database a "/".
 * Absent when out of memory.
 */
static struct str pair_name(const struct event_source_mapping *mapping, size_t i,
                            struct arena *arena)
{
    struct str source = mapping->source_arn, part = first_of(&mapping->topics);

    if (mapping->kind == EVENT_SOURCE_KAFKA)
        source = mapping->bootstrap_servers.ptr[i];
    if (mapping->kind == EVENT_SOURCE_MQ)
        part = first_of(&mapping->queues);
    if (mapping->kind == EVENT_SOURCE_DOCUMENTDB)
        part = arena_printf(arena, "%.*s/%.*s", STR_FMT(mapping->database),
                            STR_FMT(mapping->collection));
    return arena_printf(arena, "%.*s:%.*s|%.*s|%.*s", STR_FMT(mapping->function_name),
                        STR_FMT(mapping->qualifier), STR_FMT(source), STR_FMT(part));
}

/* The row of a pair; with an absent name: out of memory. */
static struct catalog_resource_row pair_get(struct catalog *catalog, struct str account,
                                            struct str region,
                                            const struct event_source_mapping *mapping, size_t i,
                                            struct arena *arena)
{
    const struct catalog_resource_id id = {account, region, pair_name(mapping, i, arena)};

    if (!str_is_set(id.name))
        return (struct catalog_resource_row){.store_revision = STORE_ABSENT};
    return catalog_resource_get(catalog, CATALOG_EVENT_SOURCE_PAIR, &id);
}

int event_source_duplicate(struct catalog *catalog, struct str account, struct str region,
                           const struct event_source_mapping *mapping, struct arena *arena,
                           struct str *ret_uuid)
{
    *ret_uuid = STR_NONE;
    for (size_t i = 0; i < pair_count(mapping); i++) {
        struct catalog_resource_row row = pair_get(catalog, account, region, mapping, i, arena);

        if (!str_is_set(row.name))
            return err_new(-ENOMEM);
        if (str_is_set(row.bytes)) {
            *ret_uuid = row.bytes;
            return 0;
        }
    }
    return 0;
}

/* A server may be named twice. */
static bool is_repeated(const struct event_source_mapping *mapping, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (str_eq(mapping->bootstrap_servers.ptr[i], mapping->bootstrap_servers.ptr[at]))
            return true;
    return false;
}

/* is_there: they are to be, and must not be yet; else they are to go. */
static int pairs_stage(struct catalog_change *change, const struct event_source_mapping *mapping,
                       bool is_there)
{
    for (size_t i = 0; i < pair_count(mapping); i++) {
        struct catalog_resource_row row = pair_get(change->catalog, change->id.account,
                                                   change->id.region, mapping, i, &change->arena);
        int r = str_is_set(row.name) ? 0 : err_new(-ENOMEM);

        if (r == 0 && !is_repeated(mapping, i))
            r = catalog_stage_resource(change, CATALOG_EVENT_SOURCE_PAIR, row.name,
                                       is_there ? mapping->uuid : STR_NONE, row.store_revision);
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

/* ---- Changes ---- */

static int settle(struct catalog_change *change);

/* Writes the row and, when the state is a transient one, goes on later. */
static int mapping_stage(struct catalog_change *change, const struct event_source_mapping *mapping,
                         uint64_t expected)
{
    struct str row = event_source_encode(&change->arena, mapping);
    int r;

    if (!str_is_set(row))
        return err_new(-ENOMEM);
    if (mapping->state != EVENT_SOURCE_ENABLED && mapping->state != EVENT_SOURCE_DISABLED)
        change->settle = settle;
    r = catalog_stage_resource(change, CATALOG_EVENT_SOURCE_MAPPING, mapping->uuid, row, expected);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

/* The mapping that the change is about, which its id names. */
static int mapping_find(struct catalog_change *change, struct event_source_mapping *ret_mapping,
                        uint64_t *ret_revision)
{
    const struct catalog_resource_id id = {change->id.account, change->id.region, change->id.name};
    struct catalog_resource_row row =
        catalog_resource_get(change->catalog, CATALOG_EVENT_SOURCE_MAPPING, &id);

    *ret_revision = row.store_revision;
    return row_decode(&row, &change->arena, ret_mapping);
}

static int function_check(struct catalog_change *change, const struct event_source_mapping *mapping)
{
    const struct function_id id = {change->id.account, change->id.region, mapping->function_name};
    uint64_t version;
    int r = catalog_resolve(change->catalog, &id, mapping->qualifier, &version);

    return r == CATALOG_NOT_FOUND ? EVENT_SOURCE_NO_FUNCTION : r;
}

static int duplicate_check(struct catalog_change *change,
                           const struct event_source_mapping *mapping)
{
    struct str uuid;
    int r = event_source_duplicate(change->catalog, change->id.account, change->id.region, mapping,
                                   &change->arena, &uuid);

    if (r < 0)
        return err_pass(r);
    return str_is_set(uuid) ? EVENT_SOURCE_DUPLICATE : CATALOG_OK;
}

static int create_prepare(struct catalog_change *change)
{
    const struct event_source_create *create = change->input;
    struct event_source_mapping mapping = create->mapping;
    int r;

    if (mapping.tags.count > LIMIT_TAGS_PER_RESOURCE)
        return CATALOG_TAGS;
    r = function_check(change, &mapping);
    if (r == CATALOG_OK)
        r = duplicate_check(change, &mapping);
    if (r != CATALOG_OK)
        return r;
    mapping.state = mapping.is_disabled ? EVENT_SOURCE_DISABLED : EVENT_SOURCE_CREATING;
    mapping.last_modified_ms = clock_real_ms();
    r = pairs_stage(change, &mapping, true);
    return r < 0 ? err_pass(r) : mapping_stage(change, &mapping, STORE_ABSENT);
}

/* The id of the change carries the UUID, for its settling. */
static int start(struct catalog *catalog, struct catalog_change *change,
                 const struct catalog_resource_id *id,
                 int (*prepare)(struct catalog_change *change), const void *input)
{
    const struct function_id change_id = {id->account, id->region, id->name};

    return catalog_change_start(catalog, change, &change_id, prepare, input);
}

int event_source_create(struct catalog *catalog, struct catalog_change *change,
                        const struct event_source_create *create)
{
    const struct catalog_resource_id id = {create->account, create->region, create->mapping.uuid};

    return start(catalog, change, &id, create_prepare, create);
}

static bool is_settled(const struct event_source_mapping *mapping)
{
    return mapping->state == EVENT_SOURCE_ENABLED || mapping->state == EVENT_SOURCE_DISABLED;
}

static bool same_function(const struct event_source_mapping *a,
                          const struct event_source_mapping *b)
{
    return str_eq(a->function_name, b->function_name) && str_eq(a->qualifier, b->qualifier);
}

/* Another function, or another part of the source: the new pair takes the place of the old one.
 * All pairs of a mapping differ when one does. */
static int pairs_move(struct catalog_change *change, const struct event_source_mapping *before,
                      const struct event_source_mapping *after)
{
    struct str old_name = pair_name(before, 0, &change->arena);
    struct str new_name = pair_name(after, 0, &change->arena);
    int r;

    if (!str_is_set(old_name) || !str_is_set(new_name))
        return err_new(-ENOMEM);
    if (str_eq(old_name, new_name))
        return CATALOG_OK;
    r = duplicate_check(change, after);
    if (r != CATALOG_OK)
        return r;
    r = pairs_stage(change, before, false);
    if (r == 0)
        r = pairs_stage(change, after, true);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static uint32_t state_after_update(const struct event_source_mapping *before,
                                   const struct event_source_mapping *after)
{
    if (before->is_disabled == after->is_disabled)
        return EVENT_SOURCE_UPDATING;
    return after->is_disabled ? EVENT_SOURCE_DISABLING : EVENT_SOURCE_ENABLING;
}

static int update_prepare(struct catalog_change *change)
{
    const struct event_source_update *update = change->input;
    struct event_source_mapping before, after;
    uint64_t revision;
    int r = mapping_find(change, &before, &revision);

    if (r != CATALOG_OK)
        return r;
    if (!is_settled(&before))
        return EVENT_SOURCE_IN_USE;
    after = before;
    r = update->apply(update, &change->arena, &after);
    if (r == CATALOG_OK && !same_function(&before, &after))
        r = function_check(change, &after);
    if (r == CATALOG_OK)
        r = pairs_move(change, &before, &after);
    if (r != CATALOG_OK)
        return r;
    after.state = state_after_update(&before, &after);
    after.last_modified_ms = clock_real_ms();
    return mapping_stage(change, &after, revision);
}

int event_source_update(struct catalog *catalog, struct catalog_change *change,
                        const struct event_source_update *update)
{
    return start(catalog, change, &update->id, update_prepare, update);
}

static int delete_prepare(struct catalog_change *change)
{
    struct event_source_mapping mapping;
    uint64_t revision;
    int r = mapping_find(change, &mapping, &revision);

    if (r != CATALOG_OK)
        return r;
    if (!is_settled(&mapping))
        return EVENT_SOURCE_IN_USE;
    mapping.state = EVENT_SOURCE_DELETING;
    mapping.last_modified_ms = clock_real_ms();
    return mapping_stage(change, &mapping, revision);
}

int event_source_delete(struct catalog *catalog, struct catalog_change *change,
                        const struct event_source_delete *delete)
{
    return start(catalog, change, &delete->id, delete_prepare, delete);
}

static int tag_prepare(struct catalog_change *change)
{
    const struct catalog_resource_tag *tag = change->input;
    struct event_source_mapping mapping;
    uint64_t revision;
    int r = mapping_find(change, &mapping, &revision);

    if (r == CATALOG_OK)
        r = catalog_tags_merge(&change->arena, &tag->set, &tag->remove, &mapping.tags);
    if (r != CATALOG_OK)
        return r;
    r = mapping_stage(change, &mapping, revision);
    change->settle = NULL; /* who made the state transient goes on with it */
    return r;
}

int event_source_tag(struct catalog *catalog, struct catalog_change *change,
                     const struct catalog_resource_tag *tag)
{
    return start(catalog, change, &tag->id, tag_prepare, tag);
}

/* ---- Settling ---- */

static int settle_delete(struct catalog_change *change, const struct event_source_mapping *mapping,
                         uint64_t revision)
{
    int r = pairs_stage(change, mapping, false);

    if (r == 0)
        r = catalog_stage_resource(change, CATALOG_EVENT_SOURCE_MAPPING, mapping->uuid, STR_NONE,
                                   revision);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

static int settle(struct catalog_change *change)
{
    struct event_source_mapping mapping;
    uint64_t revision;
    int r = mapping_find(change, &mapping, &revision);

    if (r != CATALOG_OK)
        return r;
    if (is_settled(&mapping))
        return CATALOG_OK;
    if (mapping.state == EVENT_SOURCE_DELETING)
        return settle_delete(change, &mapping, revision);
    mapping.state = mapping.is_disabled ? EVENT_SOURCE_DISABLED : EVENT_SOURCE_ENABLED;
    mapping.last_modified_ms = clock_real_ms();
    return mapping_stage(change, &mapping, revision);
}

static int row_go_on(struct catalog *catalog, const struct catalog_scope *scope,
                     const struct catalog_resource *resource)
{
    const struct catalog_resource_row row = {.name = resource->name, .bytes = resource->bytes};
    const struct function_id id = {scope->account, scope->region, resource->name};
    struct event_source_mapping mapping;
    struct arena arena;
    bool is_transient;
    int r;

    arena_init(&arena);
    r = row_decode(&row, &arena, &mapping);
    is_transient = r == CATALOG_OK && !is_settled(&mapping);
    arena_deinit(&arena);
    if (r < 0)
        return err_pass(r);
    return is_transient ? catalog_settle_start(catalog, &id, settle) : 0;
}

int catalog_event_sources_go_on(struct catalog *catalog, const struct catalog_scope *scope)
{
    const struct catalog_table *table = &scope->tables[CATALOG_EVENT_SOURCE_MAPPING];

    for (size_t i = 0; i < table->count; i++) {
        int r = row_go_on(catalog, scope, table->rows[i]);

        if (r < 0)
            return err_pass(r);
    }
    return 0;
}
