/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rules of aliases. They are kept in the row of the function, which every change of an alias
 * and every deletion of a version writes: an alias never names a version that is not there.
 */

#include <errno.h>

#include "base/error.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"

int catalog_alias_decode(const struct catalog_function *function, struct str name,
                         struct arena *arena, struct function_alias *ret_alias)
{
    struct function_settings settings;
    const struct codec_pair *pair;
    int r = catalog_settings_decode(function, arena, &settings);

    if (r < 0)
        return err_pass(r);
    pair = codec_pairs_find(&settings.aliases, name);
    if (!pair)
        return CATALOG_NOT_FOUND;
    r = function_alias_decode(pair, arena, ret_alias);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

int catalog_get_alias(struct catalog *catalog, const struct function_id *id, struct str name,
                      struct arena *arena, struct function_alias *ret_alias)
{
    const struct catalog_function *function = catalog_function_find(catalog, id);

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    return catalog_alias_decode(function, name, arena, ret_alias);
}

/* 1, 0 or a failure */
int catalog_alias_names_version(const struct function_settings *settings, uint64_t version,
                                struct arena *arena)
{
    for (size_t i = 0; i < settings->aliases.count; i++) {
        struct function_alias alias;
        int r = function_alias_decode(&settings->aliases.ptr[i], arena, &alias);

        if (r < 0)
            return err_pass(r);
        if (function_alias_names(&alias, version))
            return 1;
    }
    return 0;
}

static int alias_judge(const struct catalog_function *function, const struct function_alias *alias)
{
    if (alias->weighted_version != 0 && alias->version == FUNCTION_LATEST)
        return CATALOG_ALIAS_LATEST;
    if (alias->weighted_version != 0 && alias->version == alias->weighted_version)
        return CATALOG_ALIAS_SAME;
    if (!catalog_version_find(function, alias->version) ||
        !catalog_version_find(function, alias->weighted_version))
        return CATALOG_ALIAS_VERSION;
    return CATALOG_OK;
}

/* What the alias is to become, in the change. */
static void alias_merge(struct function_alias *alias, const struct catalog_put_alias *put)
{
    alias->name = put->alias.name;
    if (put->sets_version)
        alias->version = put->alias.version;
    if (str_is_set(put->alias.description))
        alias->description = put->alias.description;
    if (put->sets_weight) {
        alias->weighted_version = put->alias.weighted_version;
        alias->weight_bits = put->alias.weight_bits;
    }
}

static int alias_stage(struct catalog_change *change, const struct catalog_function *function,
                       struct function_settings *settings)
{
    struct str description = change->alias.description, row;
    int r;

    if (str_is_set(description)) /* it may be in the row that is replaced */
        change->alias.description = arena_str(&change->arena, description);
    if (str_is_set(description) != str_is_set(change->alias.description))
        return err_new(-ENOMEM);
    r = catalog_revision_make(&change->arena, &change->alias.revision_id);
    if (r < 0)
        return err_pass(r);
    row = function_alias_encode(&change->arena, &change->alias);
    if (!str_is_set(row))
        return err_new(-ENOMEM);
    r = codec_pairs_replace(&settings->aliases, &change->arena, change->alias.name, row);
    if (r == 0)
        r = catalog_stage_settings(change, settings, function->store_revision);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

/* The alias as it is: CATALOG_OK, also when there is none and there is to be none. */
static int alias_expect(struct catalog_change *change, const struct catalog_put_alias *put,
                        const struct function_settings *settings, bool *ret_exists)
{
    const struct codec_pair *pair = codec_pairs_find(&settings->aliases, put->alias.name);
    int r;

    *ret_exists = pair != NULL;
    if (!pair)
        return put->is_new ? CATALOG_OK : CATALOG_ALIAS_NOT_FOUND;
    if (put->is_new)
        return CATALOG_OK; /* what it is to be is judged before */
    r = function_alias_decode(pair, &change->arena, &change->alias);
    if (r < 0)
        return err_pass(r);
    if (str_is_set(put->alias.revision_id) &&
        !str_eq(put->alias.revision_id, change->alias.revision_id))
        return CATALOG_REVISION;
    return CATALOG_OK;
}

static int put_prepare(struct catalog_change *change)
{
    const struct catalog_put_alias *put = change->input;
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    struct function_settings settings;
    bool exists;
    int r;

    change->alias = (struct function_alias){0};
    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = catalog_settings_decode(function, &change->arena, &settings);
    if (r < 0)
        return err_pass(r);
    r = alias_expect(change, put, &settings, &exists);
    if (r != CATALOG_OK)
        return r;
    alias_merge(&change->alias, put);
    r = alias_judge(function, &change->alias);
    if (r != CATALOG_OK)
        return r;
    if (put->is_new && exists)
        return CATALOG_EXISTS;
    return alias_stage(change, function, &settings);
}

int catalog_put_alias(struct catalog *catalog, struct catalog_change *change,
                      const struct catalog_put_alias *put)
{
    return catalog_change_start(catalog, change, &put->id, put_prepare, put);
}

static int delete_prepare(struct catalog_change *change)
{
    const struct catalog_delete_alias *delete = change->input;
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    struct function_settings settings;
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_OK;
    r = catalog_settings_decode(function, &change->arena, &settings);
    if (r < 0)
        return err_pass(r);
    if (!codec_pairs_find(&settings.aliases, delete->name))
        return CATALOG_OK;
    r = codec_pairs_replace(&settings.aliases, &change->arena, delete->name, STR_NONE);
    if (r == 0)
        r = function_settings_forget(&settings, &change->arena, delete->name);
    if (r == 0)
        r = catalog_stage_settings(change, &settings, function->store_revision);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

int catalog_delete_alias(struct catalog *catalog, struct catalog_change *change,
                         const struct catalog_delete_alias *delete)
{
    return catalog_change_start(catalog, change, &delete->id, delete_prepare, delete);
}
