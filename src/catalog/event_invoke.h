/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What becomes of asynchronous invocations: how often and how long they are tried, and who is told.
 * Kept per qualifier in the row of the function: pairs of "$LATEST", a version or an alias and an
 * encoded function_event_invoke, in the byte order of the qualifiers.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;

struct function_event_invoke {
    struct str qualifier; /* not in the encoded row */
    uint64_t last_modified_ms;
    bool has_retries_max;
    uint32_t retries_max;
    uint32_t age_s_max;    /* 0: not set */
    struct str on_success; /* ARN; absent: nobody is told */
    struct str on_failure;
};

/* The encoded row in the arena; absent when out of memory. */
struct str function_event_invoke_encode(struct arena *arena,
                                        const struct function_event_invoke *event_invoke);
/* 0, -EBADMSG or -ENOMEM */
int function_event_invoke_decode(const struct codec_pair *pair, struct arena *arena,
                                 struct function_event_invoke *ret_event_invoke);
