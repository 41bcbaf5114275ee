/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * When a version's runtime is updated. Kept in the row of the function: pairs of "$LATEST" or a
 * version and an encoded function_runtime_management, in the byte order of the qualifiers; what has
 * none is updated automatically.
 */

#include <stdint.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;

enum runtime_update {
    RUNTIME_UPDATE_AUTO,
    RUNTIME_UPDATE_WITH_FUNCTION,
    RUNTIME_UPDATE_MANUAL,
};

struct function_runtime_management {
    uint32_t update;                /* enum runtime_update */
    struct str runtime_version_arn; /* RUNTIME_UPDATE_MANUAL */
};

/* The encoded row in the arena; absent when out of memory. */
struct str function_runtime_management_encode(struct arena *arena,
                                              const struct function_runtime_management *management);
/* 0, -EBADMSG or -ENOMEM */
int function_runtime_management_decode(const struct codec_pair *pair, struct arena *arena,
                                       struct function_runtime_management *ret_management);
