/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Function URLs: an HTTP address of a function ($LATEST) or of one of its aliases. Kept in the row
 * of the function: pairs of "$LATEST" or the alias and an encoded function_url, in the byte order
 * of the qualifiers. A URL outlives its alias, as AWS's do: it stays listed, and calls find nothing
 * to run.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;

enum { FUNCTION_URL_ID_CHARACTERS = 32 };

enum function_url_auth { FUNCTION_URL_AUTH_NONE, FUNCTION_URL_AUTH_IAM };

/* Unset works as buffered, and is not shown by every operation. */
enum function_url_mode {
    FUNCTION_URL_MODE_UNSET,
    FUNCTION_URL_BUFFERED,
    FUNCTION_URL_RESPONSE_STREAM,
};

/* Absent lists and members were not given. */
struct function_url_cors {
    bool has_credentials;
    bool allow_credentials;
    bool has_max_age;
    uint32_t max_age_s;
    struct codec_list allow_headers;
    struct codec_list allow_methods;
    struct codec_list allow_origins;
    struct codec_list expose_headers;
};

struct function_url {
    struct str qualifier; /* not in the encoded row */
    struct str id;        /* the first label of the host name */
    uint32_t auth;        /* enum function_url_auth */
    uint32_t mode;        /* enum function_url_mode */
    uint64_t created_ms;
    uint64_t modified_ms;
    bool has_cors;
    struct function_url_cors cors;
};

/* A new id: so random that no two are equal. Absent when out of memory. */
struct str function_url_id_make(struct arena *arena);

/* The encoded row in the arena; absent when out of memory. */
struct str function_url_encode(struct arena *arena, const struct function_url *url);
/* 0, -EBADMSG or -ENOMEM */
int function_url_decode(const struct codec_pair *pair, struct arena *arena,
                        struct function_url *ret_url);
