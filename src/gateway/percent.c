/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/percent.h"

#include "base/arena.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that the escape at `at` stands for; -1: it is none. */
static int escape_at(struct str text, size_t at)
{
    int high, low;

    if (text.ptr[at] != '%' || text.len - at < 3)
        return -1;
    high = hex_value(text.ptr[at + 1]);
    low = hex_value(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct str percent_decode(struct arena *arena, struct str text, bool plus_is_blank)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;

    if (!out)
        return STR_NONE;
    for (size_t i = 0; i < text.len; i++) {
        int byte = escape_at(text, i);

        if (byte >= 0) {
            out[len++] = (char)byte;
            i += 2;
        } else {
            out[len++] = plus_is_blank && text.ptr[i] == '+' ? ' ' : text.ptr[i];
        }
    }
    return str_make(out, len);
}

bool query_next(struct str *rest, struct str *ret_name, struct str *ret_value)
{
    struct str part;

    while (str_next(rest, '&', &part)) {
        if (part.len == 0)
            continue;
        *ret_value = part;
        (void)str_next(ret_value, '=', ret_name);
        return true;
    }
    return false;
}
