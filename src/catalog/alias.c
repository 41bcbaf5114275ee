/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/alias.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
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

struct str function_alias_encode(struct arena *arena, const struct function_alias *alias)
{
    return codec_encode_in(arena, alias_fields, array_count(alias_fields), alias);
}

int function_alias_decode(const struct codec_pair *pair, struct arena *arena,
                          struct function_alias *ret_alias)
{
    *ret_alias = (struct function_alias){.name = pair->name};
    return codec_decode(pair->value, alias_fields, array_count(alias_fields), arena, ret_alias);
}
