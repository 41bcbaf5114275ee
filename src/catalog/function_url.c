/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/function_url.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/rand.h"

#define FIELD(tag, kind, member)                                                                   \
    {                                                                                              \
        tag, kind, offsetof(struct function_url, member)                                           \
    }

static const struct codec_field fields[] = {
    FIELD(1, CODEC_STR, id),
    FIELD(2, CODEC_U32, auth),
    FIELD(3, CODEC_U32, mode),
    FIELD(4, CODEC_U64, created_ms),
    FIELD(5, CODEC_U64, modified_ms),
    FIELD(6, CODEC_BOOL, has_cors),
    FIELD(7, CODEC_BOOL, cors.has_credentials),
    FIELD(8, CODEC_BOOL, cors.allow_credentials),
    FIELD(9, CODEC_BOOL, cors.has_max_age),
    FIELD(10, CODEC_U32, cors.max_age_s),
    FIELD(11, CODEC_LIST, cors.allow_headers),
    FIELD(12, CODEC_LIST, cors.allow_methods),
    FIELD(13, CODEC_LIST, cors.allow_origins),
    FIELD(14, CODEC_LIST, cors.expose_headers),
};

/* 32 of 36 characters each are 165 bits; that 2^64 is no multiple of 36 does not matter. */
struct str function_url_id_make(struct arena *arena)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    char *id = arena_alloc(arena, FUNCTION_URL_ID_CHARACTERS);

    if (!id)
        return STR_NONE;
    for (size_t i = 0; i < FUNCTION_URL_ID_CHARACTERS; i++)
        id[i] = characters[rand_u64() % (sizeof(characters) - 1)];
    return str_make(id, FUNCTION_URL_ID_CHARACTERS);
}

struct str function_url_encode(struct arena *arena, const struct function_url *url)
{
    return codec_encode_in(arena, fields, array_count(fields), url);
}

int function_url_decode(const struct codec_pair *pair, struct arena *arena,
                        struct function_url *ret_url)
{
    *ret_url = (struct function_url){.qualifier = pair->name};
    return codec_decode(pair->value, fields, array_count(fields), arena, ret_url);
}
