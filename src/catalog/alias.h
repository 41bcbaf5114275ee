/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An alias: a name for a version, or for two of which one gets a share of the invocations. The
 * aliases of a function are a part of its row (struct function_settings): pairs of a name and an
 * encoded function_alias, in the byte order of the names.
 */

#include <stdint.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;

struct function_alias {
    struct str name; /* not in the encoded row */
    struct str description;
    struct str revision_id;
    uint64_t version;          /* FUNCTION_LATEST or a number */
    uint64_t weighted_version; /* gets a share; 0: there is none */
    uint64_t weight_bits;      /* of the double from 0 to 1 */
};

double function_alias_weight(const struct function_alias *alias);
void function_alias_set_weight(struct function_alias *alias, double weight);

/* Is that version the target of the alias, or one of both? */
bool function_alias_names(const struct function_alias *alias, uint64_t version);
/* The version for one invocation: random by weight. */
uint64_t function_alias_route(const struct function_alias *alias);

/* The row, in the arena; absent when out of memory. */
struct str function_alias_encode(struct arena *arena, const struct function_alias *alias);
/* 0, -EBADMSG or -ENOMEM */
int function_alias_decode(const struct codec_pair *pair, struct arena *arena,
                          struct function_alias *ret_alias);
