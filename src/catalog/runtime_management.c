/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/runtime_management.h"

#include <stddef.h>

#include "base/cleanup.h"

static const struct codec_field fields[] = {
    {1, CODEC_U32, offsetof(struct function_runtime_management, update)},
    {2, CODEC_STR, offsetof(struct function_runtime_management, runtime_version_arn)},
};

struct str function_runtime_management_encode(struct arena *arena,
                                              const struct function_runtime_management *management)
{
    return codec_encode_in(arena, fields, array_count(fields), management);
}

int function_runtime_management_decode(const struct codec_pair *pair, struct arena *arena,
                                       struct function_runtime_management *ret_management)
{
    *ret_management = (struct function_runtime_management){0};
    return codec_decode(pair->value, fields, array_count(fields), arena, ret_management);
}
