/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/alias.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/rand.h"

static const struct codec_field alias_fields[] = {
    {1, CODEC_STR, offsetof(struct function_alias, description)},
    {2, CODEC_STR, offsetof(struct function_alias, revision_id)},
    {3, CODEC_U64, offsetof(struct function_alias, version)},
    {4, CODEC_U64, offsetof(struct function_alias, weighted_version)},
    {5, CODEC_U64, offsetof(struct function_alias, weight_bits)},
};

double function_alias_weight(const struct function_alias *alias)
{
    double weight;

    memcpy(&weight, &alias->weight_bits, sizeof(weight));
    return weight;
}

void function_alias_set_weight(struct function_alias *alias, double weight)
{
    memcpy(&alias->weight_bits, &weight, sizeof(weight));
}

bool function_alias_names(const struct function_alias *alias, uint64_t version)
{
    return alias->version == version ||
           (alias->weighted_version != 0 && alias->weighted_version == version);
}

uint64_t function_alias_route(const struct function_alias *alias)
{
    double dice = (double)(rand_u64() >> 11) * 0x1p-53; /* from 0 to just under 1 */

    if (alias->weighted_version != 0 && dice < function_alias_weight(alias))
        return alias->weighted_version;
    return alias->version;
}

void function_alias_encode(struct buf *out, const struct function_alias *alias)
{
    codec_encode(out, alias_fields, array_count(alias_fields), alias);
}

int function_alias_decode(const struct codec_pair *pair, struct arena *arena,
                          struct function_alias *ret_alias)
{
    *ret_alias = (struct function_alias){.name = pair->name};
    return codec_decode(pair->value, alias_fields, array_count(alias_fields), arena, ret_alias);
}

const struct codec_pair *function_alias_find(const struct codec_pairs *aliases, struct str name)
{
    for (size_t i = 0; i < aliases->count; i++)
        if (str_eq(aliases->ptr[i].name, name))
            return &aliases->ptr[i];
    return NULL;
}

int function_alias_replace(struct codec_pairs *aliases, struct arena *arena, struct str name,
                           struct str row)
{
    struct codec_pair *all = arena_new_array(arena, struct codec_pair, aliases->count + 1);
    size_t count = 0, i = 0;

    if (!all)
        return err_new(-ENOMEM);
    while (i < aliases->count && str_cmp(aliases->ptr[i].name, name) < 0)
        all[count++] = aliases->ptr[i++];
    if (str_is_set(row))
        all[count++] = (struct codec_pair){name, row};
    if (i < aliases->count && str_eq(aliases->ptr[i].name, name))
        i++;
    while (i < aliases->count)
        all[count++] = aliases->ptr[i++];
    *aliases = count > 0 ? (struct codec_pairs){all, count} : (struct codec_pairs){0};
    return 0;
}
