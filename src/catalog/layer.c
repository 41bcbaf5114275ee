/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/layer.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "catalog/config.h"

/* On disk: the tags of the package in the row of a version. */
enum { TAG_CODE = 6, TAG_CODE_BYTES, TAG_CODE_UNPACKED_BYTES };

static const struct codec_field version_fields[] = {
    {1, CODEC_STR, offsetof(struct layer_version, description)},
    {2, CODEC_STR, offsetof(struct layer_version, license_info)},
    {3, CODEC_LIST, offsetof(struct layer_version, runtimes)},
    {4, CODEC_LIST, offsetof(struct layer_version, architectures)},
    {5, CODEC_U64, offsetof(struct layer_version, created_ms)},
    {TAG_CODE, CODEC_DIGEST, offsetof(struct layer_version, code)},
    {TAG_CODE_BYTES, CODEC_U64, offsetof(struct layer_version, code_bytes)},
    {TAG_CODE_UNPACKED_BYTES, CODEC_U64, offsetof(struct layer_version, code_unpacked_bytes)},
    {9, CODEC_STR, offsetof(struct layer_version, policy)},
};

static const struct codec_field package_fields[] = {
    {TAG_CODE, CODEC_DIGEST, offsetof(struct function_layer, code)},
    {TAG_CODE_BYTES, CODEC_U64, offsetof(struct function_layer, code_bytes)},
    {TAG_CODE_UNPACKED_BYTES, CODEC_U64, offsetof(struct function_layer, code_unpacked_bytes)},
};

static const struct codec_field function_fields[] = {
    {1, CODEC_DIGEST, offsetof(struct function_layer, code)},
    {2, CODEC_U64, offsetof(struct function_layer, code_bytes)},
    {3, CODEC_U64, offsetof(struct function_layer, code_unpacked_bytes)},
};

struct str layer_version_encode(struct arena *arena, const struct layer_version *version)
{
    return codec_encode_in(arena, version_fields, array_count(version_fields), version);
}

int layer_version_decode(struct str bytes, struct arena *arena, struct layer_version *ret_version)
{
    *ret_version = (struct layer_version){0};
    return codec_decode(bytes, version_fields, array_count(version_fields), arena, ret_version);
}

int layer_version_decode_package(struct str bytes, struct function_layer *ret_layer)
{
    *ret_layer = (struct function_layer){0};
    return codec_decode(bytes, package_fields, array_count(package_fields), NULL, ret_layer);
}

static bool list_allows(const struct codec_list *list, struct str text)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->ptr[i], text))
            return true;
    return !str_is_set(text);
}

bool layer_version_matches(const struct layer_version *version, struct str runtime,
                           struct str architecture)
{
    return list_allows(&version->runtimes, runtime) &&
           list_allows(&version->architectures, architecture);
}

struct str function_layer_encode(struct arena *arena, const struct function_layer *layer)
{
    return codec_encode_in(arena, function_fields, array_count(function_fields), layer);
}

int function_layer_decode(const struct codec_pair *pair, struct function_layer *ret_layer)
{
    *ret_layer = (struct function_layer){.arn = pair->name};
    return codec_decode(pair->value, function_fields, array_count(function_fields), NULL,
                        ret_layer);
}

int function_unpacked_bytes(const struct function_config *config, uint64_t *ret_bytes)
{
    uint64_t bytes = config->code_unpacked_bytes;

    for (size_t i = 0; i < config->layers.count; i++) {
        struct function_layer layer;
        int r = function_layer_decode(&config->layers.ptr[i], &layer);

        if (r < 0)
            return err_pass(r);
        bytes += layer.code_unpacked_bytes;
    }
    *ret_bytes = bytes;
    return 0;
}
