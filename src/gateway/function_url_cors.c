/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_cors.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "catalog/function_url.h"

/* One star stands for anything: alone, or for every name below a domain. */
static bool origin_matches(struct str allowed, struct str origin)
{
    size_t star = str_find(allowed, '*');
    size_t behind = star < allowed.len ? allowed.len - star - 1 : 0;

    if (star == allowed.len)
        return str_eq_nocase(allowed, origin);
    return origin.len > star + behind &&
           str_eq_nocase(str_sub(allowed, 0, star), str_sub(origin, 0, star)) &&
           str_eq_nocase(str_sub(allowed, star + 1, allowed.len),
                         str_sub(origin, origin.len - behind, origin.len));
}

/* What Access-Control-Allow-Origin says; absent: nothing. */
static struct str allowed_origin(const struct function_url_cors *cors, struct str origin)
{
    for (size_t i = 0; i < cors->allow_origins.count; i++) {
        struct str allowed = cors->allow_origins.ptr[i];

        if (str_eq(allowed, STR("*")) && !cors->allow_credentials)
            return STR("*");
        if (str_is_set(origin) && origin_matches(allowed, origin))
            return origin;
    }
    return STR_NONE;
}

static struct str join(struct arena *arena, const struct codec_list *list)
{
    size_t len = list->count;
    char *text, *at;

    for (size_t i = 0; i < list->count; i++)
        len += list->ptr[i].len;
    text = arena_alloc(arena, len);
    if (!text)
        return STR_NONE;
    at = text;
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            *at++ = ',';
        memcpy(at, list->ptr[i].ptr, list->ptr[i].len);
        at += list->ptr[i].len;
    }
    return str_make(text, (size_t)(at - text));
}

static void put(struct function_url_cors_headers *headers, struct str name, struct str value)
{
    headers->ptr[headers->count++] = (struct http_header){name, value};
}

/* Nothing for an empty list. */
static int put_list(struct function_url_cors_headers *headers, struct arena *arena, struct str name,
                    const struct codec_list *list)
{
    struct str value;

    if (list->count == 0)
        return 0;
    value = join(arena, list);
    if (!str_is_set(value))
        return err_new(-ENOMEM);
    put(headers, name, value);
    return 0;
}

static int put_preflight(struct function_url_cors_headers *headers, struct arena *arena,
                         const struct function_url_cors *cors)
{
    struct str age;
    int r = put_list(headers, arena, STR("Access-Control-Allow-Methods"), &cors->allow_methods);

    if (r == 0)
        r = put_list(headers, arena, STR("Access-Control-Allow-Headers"), &cors->allow_headers);
    if (r < 0)
        return err_pass(r);
    if (cors->max_age_s == 0)
        return 0;
    age = arena_printf(arena, "%u", (unsigned)cors->max_age_s);
    if (!str_is_set(age))
        return err_new(-ENOMEM);
    put(headers, STR("Access-Control-Max-Age"), age);
    return 0;
}

int function_url_cors_make(struct function_url_cors_headers *ret_headers, struct arena *arena,
                           const struct function_url_cors *cors, struct str origin,
                           bool is_preflight)
{
    struct str allowed = allowed_origin(cors, origin);
    int r;

    ret_headers->count = 0;
    if (!str_is_set(allowed))
        return 0;
    put(ret_headers, STR("Access-Control-Allow-Origin"), allowed);
    if (!str_eq(allowed, STR("*")))
        put(ret_headers, STR("Vary"), STR("Origin"));
    if (cors->allow_credentials)
        put(ret_headers, STR("Access-Control-Allow-Credentials"), STR("true"));
    r = put_list(ret_headers, arena, STR("Access-Control-Expose-Headers"), &cors->expose_headers);
    if (r == 0 && is_preflight)
        r = put_preflight(ret_headers, arena, cors);
    return r < 0 ? err_pass(r) : 0;
}

bool function_url_cors_owns(struct str header_name)
{
    static const struct str prefix = STR_INIT("access-control-");

    return str_eq_nocase(str_sub(header_name, 0, prefix.len), prefix);
}
