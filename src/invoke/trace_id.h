/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The trace header of invocations: "Root=1-<time>-<random>;Parent=<segment>;Sampled=0", perhaps
 * with more parts, in any order.
 */

#include <stdbool.h>

#include "base/str.h"

struct arena;

/*
 * The caller's (X-Amzn-Trace-Id), if it can be one, or a new root; in the arena. sample: the
 * decision is ours (trace_id_is_decided() tells), and it is yes; otherwise the caller's stays, and
 * a new root is not sampled. Absent when out of memory.
 */
struct str trace_id_take(struct arena *arena, struct str given, bool sample);

/* The value of a part ("Root"); absent when it has none. */
struct str trace_id_part(struct str trace, const char *name);
/* Has somebody decided whether this trace is sampled? */
bool trace_id_is_decided(struct str given);
bool trace_id_is_sampled(struct str trace);

/* Such a value of Root ("1-5f35ae12-0c0fec141ab77a00bc047aa2"), and of Parent. */
bool trace_id_is_root(struct str root);
bool trace_id_is_segment(struct str id);

/* With that value of that part instead of its own, or as the last one. Absent when out of memory.
 */
struct str trace_id_set(struct arena *arena, struct str trace, const char *name, struct str value);

/* What an answer shows: the trace without the parent, which only the function sees. Absent when out
 * of memory. */
struct str trace_id_of_answer(struct arena *arena, struct str trace);
