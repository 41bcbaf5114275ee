/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rules of layers. The row of a layer holds the highest number that was given out and outlives
 * the versions; each of these is a row of its own, which holds its package.
 */

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"
#include "catalog/layer.h"
#include "catalog/policy.h"

enum { NUMBER_DIGITS = 20 }; /* as catalog_numbered_name() writes it */

/* The row of a layer. */
struct layer {
    uint64_t last_version;
};

static const struct codec_field layer_fields[] = {
    {1, CODEC_U64, offsetof(struct layer, last_version)},
};

int catalog_layer_version_added(struct catalog *catalog, struct catalog_scope *scope,
                                struct str row)
{
    struct function_layer layer;
    int r = layer_version_decode_package(row, &layer);

    if (r == 0)
        r = catalog->code->retain(catalog->code_context, &layer.code, layer.code_unpacked_bytes);
    if (r < 0)
        return err_pass(r);
    scope->usage.code_bytes += layer.code_bytes;
    return 0;
}

void catalog_layer_version_removed(struct catalog *catalog, struct catalog_scope *scope,
                                   struct str row)
{
    struct function_layer layer;

    must(layer_version_decode_package(row, &layer) == 0); /* it was decoded when it came */
    catalog->code->release(catalog->code_context, &layer.code);
    scope->usage.code_bytes -= layer.code_bytes;
}

/* The row's name is written to text. Absent row: there is no such version, or there cannot be. */
static struct catalog_resource_row version_row(struct catalog *catalog,
                                               const struct catalog_resource_id *layer,
                                               uint64_t number,
                                               char text[static CATALOG_NUMBERED_NAME_MAX])
{
    struct catalog_resource_id id = {layer->account, layer->region, STR_NONE};

    if (catalog_numbered_name(text, layer->name, number) < 0)
        return (struct catalog_resource_row){.store_revision = STORE_ABSENT};
    id.name = str_of(text);
    return catalog_resource_get(catalog, CATALOG_LAYER_VERSION, &id);
}

static int row_decode(const struct catalog_resource_row *row, struct arena *arena,
                      struct layer_version *ret_version)
{
    struct str digits;
    int r;

    if (!str_is_set(row->bytes))
        return CATALOG_NOT_FOUND;
    r = layer_version_decode(row->bytes, arena, ret_version);
    if (r < 0)
        return err_pass(r);
    digits = str_sub(row->name, row->name.len - NUMBER_DIGITS, row->name.len);
    must(str_to_u64(digits, &ret_version->number));
    return CATALOG_OK;
}

int catalog_get_layer_version(struct catalog *catalog, const struct catalog_resource_id *layer,
                              uint64_t number, struct arena *arena,
                              struct layer_version *ret_version)
{
    char text[CATALOG_NUMBERED_NAME_MAX];
    struct catalog_resource_row row = version_row(catalog, layer, number, text);

    return row_decode(&row, arena, ret_version);
}

int catalog_layer_version_before(struct catalog *catalog, const struct catalog_resource_id *layer,
                                 uint64_t number, struct arena *arena,
                                 struct layer_version *ret_version)
{
    char text[CATALOG_NUMBERED_NAME_MAX];
    struct catalog_resource_id id = {layer->account, layer->region, STR_NONE};
    struct catalog_resource_row row;

    if (catalog_numbered_name(text, layer->name, number) < 0)
        return CATALOG_NOT_FOUND;
    id.name = str_of(text);
    row = catalog_resource_before(catalog, CATALOG_LAYER_VERSION, &id,
                                  str_sub(id.name, 0, layer->name.len + 1));
    return row_decode(&row, arena, ret_version);
}

size_t catalog_list_layers(struct catalog *catalog, struct str account, struct str region,
                           struct str after, struct str *ret_names, size_t max)
{
    size_t count = 0;

    while (count < max) {
        struct catalog_resource_row row;

        if (catalog_resource_list(catalog, CATALOG_LAYER, account, region, STR(""), after, &row,
                                  1) == 0)
            break;
        ret_names[count++] = after = row.name;
    }
    return count;
}

/* The next number of the layer, counted in its row. */
static int number_take(struct catalog_change *change, const struct catalog_resource_id *id,
                       uint64_t *ret_number)
{
    const struct catalog_resource_row row =
        catalog_resource_get(change->catalog, CATALOG_LAYER, id);
    struct arena *arena = &change->arena;
    struct layer layer = {0};
    struct str bytes;
    int r = codec_decode(row.bytes, layer_fields, array_count(layer_fields), arena, &layer);

    if (r < 0)
        return err_pass(r);
    *ret_number = ++layer.last_version;
    bytes = codec_encode_in(arena, layer_fields, array_count(layer_fields), &layer);
    if (!str_is_set(bytes))
        return err_new(-ENOMEM);
    return catalog_stage_resource(change, CATALOG_LAYER, id->name, bytes, row.store_revision);
}

static int version_stage(struct catalog_change *change, struct str name,
                         const struct layer_version *version, uint64_t expected)
{
    struct str bytes = layer_version_encode(&change->arena, version);
    int r;

    if (!str_is_set(bytes))
        return err_new(-ENOMEM);
    r = catalog_stage_resource(change, CATALOG_LAYER_VERSION, name, bytes, expected);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

static int publish_prepare(struct catalog_change *change)
{
    const struct catalog_publish_layer *publish = change->input;
    struct layer_version version = publish->version;
    char name[CATALOG_NUMBERED_NAME_MAX];
    int r;

    if (!catalog_storage_has_room(change, version.code_bytes))
        return CATALOG_CODE_STORAGE;
    r = number_take(change, &publish->layer, &version.number);
    if (r == 0)
        r = catalog_numbered_name(name, publish->layer.name, version.number);
    if (r < 0)
        return err_pass(r);
    version.created_ms = clock_real_ms();
    change->result.version = version.number;
    return version_stage(change, str_of(name), &version, STORE_ABSENT);
}

int catalog_publish_layer(struct catalog *catalog, struct catalog_change *change,
                          const struct catalog_publish_layer *publish)
{
    return catalog_resource_change_start(catalog, change, publish->layer.account,
                                         publish->layer.region, publish_prepare, publish);
}

static int delete_prepare(struct catalog_change *change)
{
    const struct catalog_delete_layer *delete = change->input;
    char name[CATALOG_NUMBERED_NAME_MAX];
    const struct catalog_resource_row row =
        version_row(change->catalog, &delete->layer, delete->number, name);
    int r;

    if (!str_is_set(row.bytes))
        return CATALOG_OK;
    r = catalog_stage_resource(change, CATALOG_LAYER_VERSION, row.name, STR_NONE,
                               row.store_revision);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

int catalog_delete_layer(struct catalog *catalog, struct catalog_change *change,
                         const struct catalog_delete_layer *delete)
{
    return catalog_resource_change_start(catalog, change, delete->layer.account,
                                         delete->layer.region, delete_prepare, delete);
}

/* What apply makes of the policy, with a RevisionId of its own. */
static int policy_renew(struct catalog_change *change, const struct catalog_edit_layer_policy *edit,
                        struct layer_version *version)
{
    struct policy policy;
    int r = policy_decode(version->policy, &change->arena, &policy);

    if (r < 0)
        return err_pass(r);
    if (str_is_set(edit->revision_id) && !str_eq(edit->revision_id, policy.revision_id))
        return CATALOG_REVISION;
    r = edit->apply(edit, &change->arena, &policy);
    if (r != CATALOG_OK)
        return r;
    version->policy = STR_NONE;
    if (policy.statements.count == 0)
        return CATALOG_OK;
    r = catalog_revision_make(&change->arena, &policy.revision_id);
    if (r < 0)
        return err_pass(r);
    version->policy = policy_encode(&change->arena, &policy);
    return str_is_set(version->policy) ? CATALOG_OK : err_new(-ENOMEM);
}

static int policy_prepare(struct catalog_change *change)
{
    const struct catalog_edit_layer_policy *edit = change->input;
    char name[CATALOG_NUMBERED_NAME_MAX];
    const struct catalog_resource_row row =
        version_row(change->catalog, &edit->layer, edit->number, name);
    struct layer_version version;
    int r = row_decode(&row, &change->arena, &version);

    if (r == CATALOG_OK)
        r = policy_renew(change, edit, &version);
    return r == CATALOG_OK ? version_stage(change, row.name, &version, row.store_revision) : r;
}

int catalog_edit_layer_policy(struct catalog *catalog, struct catalog_change *change,
                              const struct catalog_edit_layer_policy *edit)
{
    return catalog_resource_change_start(catalog, change, edit->layer.account, edit->layer.region,
                                         policy_prepare, edit);
}
