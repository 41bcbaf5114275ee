/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/function_layers.h"

#include <errno.h>
#include <inttypes.h>

#include "api/lambda/layer_ref.h"
#include "api/lambda/settings.h"
#include "api/request.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/config.h"
#include "catalog/layer.h"
#include "model/lambda/faults.h"

/* The layer without its version: "…:layer:name". */
static struct str layer_of(struct str arn)
{
    size_t end = arn.len;

    while (end > 0 && arn.ptr[end - 1] != ':')
        end--;
    return str_sub(arn, 0, end > 0 ? end - 1 : 0);
}

static int check_pairs(const struct lambda_layer_list *layers, struct arena *arena,
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

static int refuse_missing(struct settings_fault *fault, struct arena *arena, struct str arn)
{
    return settings_refuse(fault, arena, "Layer version %.*s does not exist.", STR_FMT(arn));
}

static int refuse_denied(const struct settings *settings, struct settings_fault *fault,
                         struct arena *arena, const struct layer_ref *ref)
{
    fault->kind = &lambda_fault_access_denied;
    fault->message = layer_ref_denied_text(arena, settings->principal, LAYER_REF_GET, ref);
    return SETTINGS_REFUSED;
}

static int version_get(const struct settings *settings, struct str arn, struct arena *arena,
                       struct settings_fault *fault, struct layer_version *ret_version)
{
    struct layer_ref ref;
    int r;

    if (!layer_ref_parse(arn, &ref))
        return refuse_missing(fault, arena, arn);
    if (!str_eq(ref.layer.region, settings->principal->region))
        return settings_refuse(fault, arena,
                               "Layers are not in the same region as the function. Layers are "
                               "expected to be in region %.*s.",
                               STR_FMT(settings->principal->region));
    r = layer_ref_get(settings->catalog, settings->principal, &ref, arena, ret_version);
    switch (r) {
    case LAYER_REF_OK:
        return SETTINGS_OK;
    case LAYER_REF_MISSING:
        return refuse_missing(fault, arena, arn);
    case LAYER_REF_DENIED:
        return refuse_denied(settings, fault, arena, &ref);
    default:
        return err_pass(r);
    }
}

/* What the function keeps of one version. */
static int pair_make(const struct settings *settings, struct str arn, struct arena *arena,
                     struct settings_fault *fault, struct codec_pair *ret_pair)
{
    struct layer_version version;
    struct function_layer layer;
    int r = version_get(settings, arn, arena, fault, &version);

    if (r != SETTINGS_OK)
        return r;
    layer = (struct function_layer){
        .code = version.code,
        .code_bytes = version.code_bytes,
        .code_unpacked_bytes = version.code_unpacked_bytes,
    };
    *ret_pair = (struct codec_pair){arn, function_layer_encode(arena, &layer)};
    return str_is_set(ret_pair->value) ? SETTINGS_OK : err_new(-ENOMEM);
}

static int layers_set(const struct settings *settings, struct arena *arena,
                      struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_layer_list *layers = &settings->layers;
    struct codec_pair *pairs = arena_new_array(arena, struct codec_pair, layers->count + 1);

    if (!pairs)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < layers->count; i++) {
        int r = pair_make(settings, layers->ptr[i], arena, fault, &pairs[i]);

        if (r != SETTINGS_OK)
            return r;
    }
    config->layers = (struct codec_pairs){layers->count > 0 ? pairs : NULL, layers->count};
    return function_layers_check_size(config, arena, fault);
}

int function_layers_apply(const struct settings *settings, struct arena *arena,
                          struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_layer_list *layers = &settings->layers;
    int r;

    if (!layers->ptr)
        return SETTINGS_OK;
    if (layers->count > LIMIT_LAYERS_PER_FUNCTION)
        return settings_refuse(fault, arena, "Cannot reference more than %d layers.",
                               LIMIT_LAYERS_PER_FUNCTION);
    r = check_pairs(layers, arena, fault);
    return r == SETTINGS_OK ? layers_set(settings, arena, config, fault) : r;
}

int function_layers_check_size(const struct function_config *config, struct arena *arena,
                               struct settings_fault *fault)
{
    uint64_t bytes;
    int r = function_unpacked_bytes(config, &bytes);

    if (r < 0)
        return err_pass(r);
    if (config->layers.count == 0 || bytes <= LIMIT_CODE_UNZIPPED_BYTES)
        return SETTINGS_OK; /* code alone was judged when it was unpacked */
    return settings_refuse(fault, arena,
                           "Function code combined with layers exceeds the maximum allowed size of "
                           "%d bytes. The actual size is %" PRIu64 " bytes.",
                           LIMIT_CODE_UNZIPPED_BYTES, bytes);
}

int function_layers_make(const struct function_config *config, struct arena *arena,
                         struct lambda_layers_reference_list *ret_list)
{
    size_t count = config->layers.count;
    struct lambda_layer *list = arena_new_array(arena, struct lambda_layer, count + 1);

    if (!list)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++) {
        struct function_layer layer;
        int r = function_layer_decode(&config->layers.ptr[i], &layer);

        if (r < 0)
            return err_pass(r);
        list[i].arn = layer.arn;
        list[i].code_size = model_int((int64_t)layer.code_bytes);
    }
    if (count > 0)
        *ret_list = (struct lambda_layers_reference_list){.ptr = list, .count = count};
    return 0;
}
