/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Trace ids of invocations: "Root=1-<time>-<random>;Parent=<random>;Sampled=0". */

#include "base/str.h"

struct arena;

/* The caller's (X-Amzn-Trace-Id), if it can be one, or a new root that is not sampled; in the
 * arena. Absent when out of memory. */
struct str trace_id_take(struct arena *arena, struct str given);

/* What an answer shows: the trace without the parent, which only the function sees. Absent when out
 * of memory. */
struct str trace_id_of_answer(struct arena *arena, struct str trace);
