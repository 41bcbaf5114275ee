/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/code_signing.h"

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/rand.h"
#include "catalog/arn.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"

#define FIELD(tag, kind, member)                                                                   \
    {                                                                                              \
        tag, kind, offsetof(struct code_signing_config, member)                                    \
    }

static const struct codec_field config_fields[] = {
    FIELD(1, CODEC_STR, description), FIELD(2, CODEC_LIST, publishers),
    FIELD(3, CODEC_BOOL, enforces),   FIELD(4, CODEC_U64, last_modified_ms),
    FIELD(5, CODEC_PAIRS, tags),
};

struct str code_signing_id(struct str arn)
{
    return arn.len > CODE_SIGNING_ID_CHARACTERS
               ? str_sub(arn, arn.len - CODE_SIGNING_ID_CHARACTERS, arn.len)
               : arn;
}

struct str code_signing_arn(struct arena *arena, const struct catalog_resource_id *id)
{
    return arena_printf(arena, "arn:%.*s:lambda:%.*s:%.*s:code-signing-config:%.*s",
                        STR_FMT(arn_partition(id->region)), STR_FMT(id->region),
                        STR_FMT(id->account), STR_FMT(id->name));
}

/* An absent row when the ARN is not of that account and region, or there is no such one. */
static struct catalog_resource_row row_find(struct catalog *catalog, struct str account,
                                            struct str region, struct str arn)
{
    const struct catalog_resource_id id = {account, region, code_signing_id(arn)};
    struct catalog_resource_row row = {.store_revision = STORE_ABSENT};
    struct arena arena;

    arena_init(&arena);
    if (str_eq(code_signing_arn(&arena, &id), arn))
        row = catalog_resource_get(catalog, CATALOG_CODE_SIGNING_CONFIG, &id);
    arena_deinit(&arena);
    return row;
}

int code_signing_decode(const struct catalog_resource_row *row, struct arena *arena,
                        struct code_signing_config *ret_config)
{
    int r;

    if (!str_is_set(row->bytes))
        return CATALOG_NOT_FOUND;
    *ret_config = (struct code_signing_config){.id = row->name};
    r = codec_decode(row->bytes, config_fields, array_count(config_fields), arena, ret_config);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

int code_signing_get(struct catalog *catalog, struct str account, struct str region, struct str arn,
                     struct arena *arena, struct code_signing_config *ret_config)
{
    struct catalog_resource_row row = row_find(catalog, account, region, arn);

    return code_signing_decode(&row, arena, ret_config);
}

/* Does the function have it? 1, 0 or a failure. */
static int function_has(const struct catalog_function *function, struct str arn)
{
    struct function_settings settings;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = catalog_settings_decode(function, &arena, &settings);
    if (r == 0)
        r = str_eq(settings.code_signing_config, arn);
    arena_deinit(&arena);
    return r;
}

int code_signing_list_functions(struct catalog *catalog, struct str account, struct str region,
                                struct str arn, struct str after, struct str *ret_names, size_t max,
                                size_t *ret_count)
{
    const struct catalog_scope *scope = catalog_scope_find(catalog, account, region);
    size_t found = 0, at = scope && str_is_set(after) ? catalog_scope_place(scope, after) : 0;

    for (; scope && at < scope->count && found < max; at++) {
        const struct catalog_function *function = scope->functions[at];
        int r = str_eq(function->name, after) ? 0 : function_has(function, arn);

        if (r < 0)
            return err_pass(r);
        if (r > 0)
            ret_names[found++] = function->name;
    }
    *ret_count = found;
    return 0;
}

static int config_stage(struct catalog_change *change, const struct code_signing_config *config,
                        uint64_t expected)
{
    struct str row =
        codec_encode_in(&change->arena, config_fields, array_count(config_fields), config);
    int r;

    if (!str_is_set(row))
        return err_new(-ENOMEM);
    r = catalog_stage_resource(change, CATALOG_CODE_SIGNING_CONFIG, config->id, row, expected);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

void code_signing_id_make(struct code_signing_create *create)
{
    static const char characters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    for (size_t i = 0; i < CODE_SIGNING_ID_CHARACTERS; i++)
        create->id[i] = i < 4 ? "csc-"[i] : characters[rand_u64() % (sizeof(characters) - 1)];
    create->config.id = str_make(create->id, CODE_SIGNING_ID_CHARACTERS);
}

static int create_prepare(struct catalog_change *change)
{
    const struct code_signing_create *create = change->input;
    struct code_signing_config config = create->config;

    if (config.tags.count > LIMIT_TAGS_PER_RESOURCE)
        return CATALOG_TAGS;
    config.last_modified_ms = clock_real_ms();
    return config_stage(change, &config, STORE_ABSENT);
}

int code_signing_create(struct catalog *catalog, struct catalog_change *change,
                        const struct code_signing_create *create)
{
    return catalog_resource_change_start(catalog, change, create->account, create->region,
                                         create_prepare, create);
}

static int edit_prepare(struct catalog_change *change)
{
    const struct code_signing_edit *edit = change->input;
    struct catalog_resource_row row =
        row_find(change->catalog, edit->account, edit->region, edit->arn);
    struct code_signing_config config;
    int r = code_signing_decode(&row, &change->arena, &config);

    if (r != CATALOG_OK)
        return r;
    r = edit->apply(edit, &change->arena, &config);
    if (r != CATALOG_OK)
        return r;
    config.last_modified_ms = clock_real_ms();
    return config_stage(change, &config, row.store_revision);
}

int code_signing_edit(struct catalog *catalog, struct catalog_change *change,
                      const struct code_signing_edit *edit)
{
    return catalog_resource_change_start(catalog, change, edit->account, edit->region, edit_prepare,
                                         edit);
}

static int delete_prepare(struct catalog_change *change)
{
    const struct code_signing_delete *delete = change->input;
    struct catalog_resource_row row =
        row_find(change->catalog, delete->account, delete->region, delete->arn);
    struct str user;
    size_t users;
    int r;

    if (!str_is_set(row.bytes))
        return CATALOG_NOT_FOUND;
    r = code_signing_list_functions(change->catalog, delete->account, delete->region, delete->arn,
                                    STR_NONE, &user, 1, &users);
    if (r == 0 && users > 0)
        return CATALOG_REFERENCED;
    if (r == 0)
        r = catalog_stage_resource(change, CATALOG_CODE_SIGNING_CONFIG, row.name, STR_NONE,
                                   row.store_revision);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

int code_signing_delete(struct catalog *catalog, struct catalog_change *change,
                        const struct code_signing_delete *delete)
{
    return catalog_resource_change_start(catalog, change, delete->account, delete->region,
                                         delete_prepare, delete);
}

static int tag_prepare(struct catalog_change *change)
{
    const struct catalog_resource_tag *tag = change->input;
    struct catalog_resource_row row =
        catalog_resource_get(change->catalog, CATALOG_CODE_SIGNING_CONFIG, &tag->id);
    struct code_signing_config config;
    int r = code_signing_decode(&row, &change->arena, &config);

    if (r == CATALOG_OK)
        r = catalog_tags_merge(&change->arena, &tag->set, &tag->remove, &config.tags);
    return r == CATALOG_OK ? config_stage(change, &config, row.store_revision) : r;
}

int code_signing_tag(struct catalog *catalog, struct catalog_change *change,
                     const struct catalog_resource_tag *tag)
{
    return catalog_resource_change_start(catalog, change, tag->id.account, tag->id.region,
                                         tag_prepare, tag);
}

int code_signing_stage_use(struct catalog_change *change, struct str arn)
{
    struct catalog_resource_row row =
        row_find(change->catalog, change->id.account, change->id.region, arn);
    int r;

    if (!str_is_set(row.bytes))
        return CODE_SIGNING_NOT_FOUND;
    r = catalog_stage_resource(change, CATALOG_CODE_SIGNING_CONFIG, row.name, row.bytes,
                               row.store_revision);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}
