/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/trace_id.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rand.h"

enum {
    TRACE_ID_BYTES_MAX = 4096
}; /* a real one has about 100; it must fit into one frame with all the rest */

static bool is_part(struct str part, const char *name)
{
    size_t len = strlen(name);

    return part.len > len && part.ptr[len] == '=' && memcmp(part.ptr, name, len) == 0;
}

struct str trace_id_part(struct str trace, const char *name)
{
    struct str part;

    while (str_next(&trace, ';', &part)) {
        part = str_trim(part);
        if (is_part(part, name))
            return str_sub(part, strlen(name) + 1, part.len);
    }
    return STR_NONE;
}

bool trace_id_is_sampled(struct str trace)
{
    return str_eq(trace_id_part(trace, "Sampled"), STR("1"));
}

bool trace_id_is_decided(struct str given)
{
    struct str sampled = trace_id_part(given, "Sampled");

    return str_eq(sampled, STR("0")) || str_eq(sampled, STR("1"));
}

static bool is_hex(struct str text, size_t len)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= '0' && text.ptr[i] <= '9') &&
            !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    return text.len == len;
}

bool trace_id_is_root(struct str root)
{
    return root.len == 35 && root.ptr[0] == '1' && root.ptr[1] == '-' && root.ptr[10] == '-' &&
           is_hex(str_sub(root, 2, 10), 8) && is_hex(str_sub(root, 11, root.len), 24);
}

bool trace_id_is_segment(struct str id)
{
    return is_hex(id, 16);
}

struct str trace_id_set(struct arena *arena, struct str trace, const char *name, struct str value)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    bool is_set = false;
    struct str part;

    while (str_next(&trace, ';', &part)) {
        if (!part.len)
            continue;
        if (out.len)
            (void)buf_append_char(&out, ';');
        if (is_part(str_trim(part), name)) {
            (void)buf_printf(&out, "%s=%.*s", name, STR_FMT(value));
            is_set = true;
        } else {
            (void)buf_append_str(&out, part);
        }
    }
    if (!is_set)
        (void)buf_printf(&out, "%s%s=%.*s", out.len ? ";" : "", name, STR_FMT(value));
    return buf_failed(&out) ? STR_NONE : arena_str(arena, buf_str(&out));
}

struct str trace_id_take(struct arena *arena, struct str given, bool sample)
{
    unsigned long long now_s = clock_real_ms() / 1000;
    char random[41];

    if (given.len && given.len <= TRACE_ID_BYTES_MAX)
        return sample ? trace_id_set(arena, given, "Sampled", STR("1")) : arena_str(arena, given);
    (void)rand_hex(random, 20);
    if (sample) /* the segment it leads to is ours, and comes later */
        return arena_printf(arena, "Root=1-%08llx-%.24s;Sampled=1", now_s, random);
    return arena_printf(arena, "Root=1-%08llx-%.24s;Parent=%.16s;Sampled=0", now_s, random,
                        random + 24);
}

struct str trace_id_of_answer(struct arena *arena, struct str trace)
{
    struct str root = trace_id_part(trace, "Root");
    struct str sampled = trace_id_part(trace, "Sampled");

    return arena_printf(arena, "Root=%.*s;Sampled=%.*s", STR_FMT(root),
                        STR_FMT(str_is_set(sampled) ? sampled : STR("0")));
}
