/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Loops of functions: the trace header carries through which functions an event has come
 * ("Lineage=1:a87bd80c:3|1:00c0ffee:0", version, hash of the function, how often it has come here
 * again), SDKs inside functions pass it on, and so does lambd when a function's result goes to
 * another. Pure.
 */

#include <stdint.h>

#include "base/str.h"

struct arena;

enum {
    LINEAGE_COUNT_MAX = 16,     /* from here on an invocation is a loop's */
    LINEAGE_FUNCTIONS_MAX = 16, /* of one header; the first ones are kept */
};

/*
 * The trace header as that function gets it, and how often the event has come there before. Absent
 * when out of memory. function_arn: unqualified.
 */
struct str lineage_step(struct arena *arena, struct str trace, struct str function_arn,
                        uint64_t *ret_count);
