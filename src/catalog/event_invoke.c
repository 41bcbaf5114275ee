/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/event_invoke.h"

#include <stddef.h>

#include "base/cleanup.h"

#define FIELD(tag, kind, member)                                                                   \
    {                                                                                              \
        tag, kind, offsetof(struct function_event_invoke, member)                                  \
    }

static const struct codec_field fields[] = {
    FIELD(1, CODEC_U64, last_modified_ms), FIELD(2, CODEC_BOOL, has_retries_max),
    FIELD(3, CODEC_U32, retries_max),      FIELD(4, CODEC_U32, age_s_max),
    FIELD(5, CODEC_STR, on_success),       FIELD(6, CODEC_STR, on_failure),
};

struct str function_event_invoke_encode(struct arena *arena,
                                        const struct function_event_invoke *event_invoke)
{
    return codec_encode_in(arena, fields, array_count(fields), event_invoke);
}

int function_event_invoke_decode(const struct codec_pair *pair, struct arena *arena,
                                 struct function_event_invoke *ret_event_invoke)
{
    *ret_event_invoke = (struct function_event_invoke){.qualifier = pair->name};
    return codec_decode(pair->value, fields, array_count(fields), arena, ret_event_invoke);
}
