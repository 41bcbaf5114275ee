/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/lineage.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/hash.h"

enum { HASH_DIGITS = 8 };

struct hop {
    struct str hash;
    uint64_t count;
};

static struct str function_hash(struct arena *arena, struct str function_arn)
{
    char hex[DIGEST_HEX_BYTES];
    struct digest digest;

    if (hash_bytes(&digest, function_arn.ptr, function_arn.len) < 0)
        return STR_NONE;
    return arena_str(arena, str_make(digest_hex(&digest, hex), HASH_DIGITS));
}

/* "1:a87bd80c:3", or without the version. False: none that anybody makes. */
static bool hop_parse(struct str text, struct hop *ret_hop)
{
    struct str rest = text, first, second = STR_NONE, third = STR_NONE;

    (void)str_next(&rest, ':', &first);
    (void)str_next(&rest, ':', &second);
    (void)str_next(&rest, ':', &third);
    ret_hop->hash = str_is_set(third) ? second : first;
    return !str_is_set(rest) && ret_hop->hash.len == HASH_DIGITS &&
           str_to_u64(str_is_set(third) ? third : second, &ret_hop->count);
}

static size_t lineage_parse(struct str trace, struct hop hops[LINEAGE_FUNCTIONS_MAX])
{
    struct str rest = trace, part = STR_NONE, hop;
    size_t count = 0;

    while (str_next(&rest, ';', &part) && !str_starts_with(part, STR("Lineage=")))
        part = STR_NONE;
    if (!str_is_set(part))
        return 0;
    part = str_sub(part, sizeof("Lineage=") - 1, part.len);
    while (count < LINEAGE_FUNCTIONS_MAX && str_next(&part, '|', &hop))
        if (hop_parse(hop, &hops[count]))
            count++;
    return count;
}

static void write_without_lineage(struct buf *out, struct str trace)
{
    struct str rest = trace, part;

    while (str_next(&rest, ';', &part))
        if (part.len > 0 && !str_starts_with(part, STR("Lineage=")))
            (void)buf_printf(out, "%.*s;", STR_FMT(part)); /* failures stay in the buffer */
}

struct str lineage_step(struct arena *arena, struct str trace, struct str function_arn,
                        uint64_t *ret_count)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    struct hop hops[LINEAGE_FUNCTIONS_MAX];
    size_t count = lineage_parse(trace, hops), at = 0;
    struct str hash = function_hash(arena, function_arn);

    if (!str_is_set(hash))
        return STR_NONE;
    while (at < count && !str_eq(hops[at].hash, hash))
        at++;
    if (at < count)
        hops[at].count++;
    else if (count < LINEAGE_FUNCTIONS_MAX)
        hops[count++] = (struct hop){hash, 0};
    *ret_count = at < count ? hops[at].count : 0;
    write_without_lineage(&out, trace);
    (void)buf_append_str(&out, STR("Lineage="));
    for (size_t i = 0; i < count; i++)
        (void)buf_printf(&out, "%s1:%.*s:%" PRIu64, i > 0 ? "|" : "", STR_FMT(hops[i].hash),
                         hops[i].count);
    return buf_failed(&out) ? STR_NONE : arena_str(arena, buf_str(&out));
}
