/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/function_layers.h"

#include "api/lambda/settings.h"
#include "api/request.h"
#include "base/arena.h"
#include "base/limits.h"
#include "catalog/config.h"

/* The layer without its version: "…:layer:name". */
static struct str layer_of(struct str arn)
{
    size_t end = arn.len;

    while (end > 0 && arn.ptr[end - 1] != ':')
        end--;
    return str_sub(arn, 0, end > 0 ? end - 1 : 0);
}

static int check_layer_pairs(const struct lambda_layer_list *layers, struct arena *arena,
                             struct settings_fault *fault)
{
    for (size_t i = 0; i < layers->count; i++)
        for (size_t j = i + 1; j < layers->count; j++)
            if (str_eq(layer_of(layers->ptr[i]), layer_of(layers->ptr[j])))
                return settings_refuse(
                    fault, arena,
                    "Two different versions of the same layer are not allowed to be "
                    "referenced in the same function. %.*s and %.*s are versions of "
                    "the same layer.",
                    STR_FMT(layers->ptr[i]), STR_FMT(layers->ptr[j]));
    return SETTINGS_OK;
}

static struct str arn_region(struct str arn)
{
    struct str part = STR_NONE;

    for (size_t i = 0; i < 4; i++)
        (void)str_next(&arn, ':', &part);
    return part;
}

int function_layers_apply(const struct settings *settings, struct arena *arena,
                          struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_layer_list *layers = &settings->layers;
    int r;

    (void)config;
    if (layers->count > LIMIT_LAYERS_PER_FUNCTION)
        return settings_refuse(fault, arena, "Cannot reference more than %d layers.",
                               LIMIT_LAYERS_PER_FUNCTION);
    r = check_layer_pairs(layers, arena, fault);
    if (r != SETTINGS_OK || layers->count == 0)
        return r;
    if (!str_eq(arn_region(layers->ptr[0]), settings->principal->region))
        return settings_refuse(
            fault, arena,
            "Layers are not in the same region as the function. Layers are expected to "
            "be in region %.*s.",
            STR_FMT(settings->principal->region));
    return settings_refuse(fault, arena, "Layer version %.*s does not exist.",
                           STR_FMT(layers->ptr[0]));
}
