/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/arn.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "catalog/catalog.h"
#include "catalog/resource.h"

static const struct {
    struct str region_prefix;
    struct str partition;
} partitions[] = {
    {STR_INIT("cn-"), STR_INIT("aws-cn")},         {STR_INIT("us-gov-"), STR_INIT("aws-us-gov")},
    {STR_INIT("us-iso-"), STR_INIT("aws-iso")},    {STR_INIT("us-isob-"), STR_INIT("aws-iso-b")},
    {STR_INIT("eu-isoe-"), STR_INIT("aws-iso-e")}, {STR_INIT("us-isof-"), STR_INIT("aws-iso-f")},
    {STR_INIT("eusc-"), STR_INIT("aws-eusc")},
};

struct str arn_partition(struct str region)
{
    for (size_t i = 0; i < array_count(partitions); i++)
        if (str_starts_with(region, partitions[i].region_prefix))
            return partitions[i].partition;
    return STR("aws");
}

struct str arn_function(struct arena *arena, const struct function_id *id, struct str qualifier)
{
    return arena_printf(arena, "arn:%.*s:lambda:%.*s:%.*s:function:%.*s%s%.*s",
                        STR_FMT(arn_partition(id->region)), STR_FMT(id->region),
                        STR_FMT(id->account), STR_FMT(id->name), str_is_set(qualifier) ? ":" : "",
                        STR_FMT(qualifier));
}

struct str arn_layer(struct arena *arena, const struct catalog_resource_id *layer)
{
    return arena_printf(arena, "arn:%.*s:lambda:%.*s:%.*s:layer:%.*s",
                        STR_FMT(arn_partition(layer->region)), STR_FMT(layer->region),
                        STR_FMT(layer->account), STR_FMT(layer->name));
}

struct str arn_layer_version(struct arena *arena, const struct catalog_resource_id *layer,
                             int64_t number)
{
    return arena_printf(arena, "arn:%.*s:lambda:%.*s:%.*s:layer:%.*s:%" PRId64,
                        STR_FMT(arn_partition(layer->region)), STR_FMT(layer->region),
                        STR_FMT(layer->account), STR_FMT(layer->name), number);
}
