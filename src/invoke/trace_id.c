/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/trace_id.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/rand.h"

enum {
    TRACE_ID_BYTES_MAX = 4096
}; /* a real one has about 100; it must fit into one frame with all the rest */

struct str trace_id_take(struct arena *arena, struct str given)
{
    char random[41];

    if (given.len && given.len <= TRACE_ID_BYTES_MAX)
        return arena_str(arena, given);
    (void)rand_hex(random, 20);
    return arena_printf(arena, "Root=1-%08llx-%.24s;Parent=%.16s;Sampled=0",
                        (unsigned long long)(clock_real_ms() / 1000), random, random + 24);
}

struct str trace_id_of_answer(struct arena *arena, struct str trace)
{
    struct str rest = trace;
    struct str part;
    struct str root = STR("Root=");
    struct str sampled = STR("Sampled=0");

    while (str_next(&rest, ';', &part)) {
        if (str_starts_with(part, STR("Root=")))
            root = part;
        else if (str_starts_with(part, STR("Sampled=")))
            sampled = part;
    }
    return arena_printf(arena, "%.*s;%.*s", STR_FMT(root), STR_FMT(sampled));
}
