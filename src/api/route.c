/* SPDX-License-Identifier: Apache-2.0 */

#include "api/route.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/must.h"
#include "model/model.h"

/* A template, split. A segment "{FunctionName}" is kept as the name alone. */
struct template
{
    const struct model_operation *operation;
    struct str method;
    struct str segments[API_PATH_SEGMENTS_MAX];
    uint32_t parameters; /* bit n: segment n is a parameter */
    size_t segment_count;
    struct api_parameter query; /* that has to be there; name absent: none */
};

struct api_router {
    struct template *templates; /* owned */
    size_t template_count;
};

/*
 * The parts between the slashes after the first one. One slash at the end is not significant: the
 * service accepts both forms. Returns the number of parts, or SIZE_MAX when there are too many.
 */
static size_t split_path(struct str path, struct str segments[API_PATH_SEGMENTS_MAX])
{
    struct str rest = str_sub(path, 1, path.len);
    size_t count = 0;
    struct str part;

    while (str_next(&rest, '/', &part)) {
        if (!str_is_set(rest) && part.len == 0)
            break;
        if (count == API_PATH_SEGMENTS_MAX)
            return SIZE_MAX;
        segments[count++] = part;
    }
    return count;
}

static void template_init(struct template *template, const struct model_operation *operation)
{
    struct str query = str_of(operation->uri_query);

    template->operation = operation;
    template->method = str_of(operation->method);
    template->segment_count = split_path(str_of(operation->uri), template->segments);
    must(template->segment_count <= API_PATH_SEGMENTS_MAX);
    for (size_t i = 0; i < template->segment_count; i++) {
        struct str *segment = &template->segments[i];

        if (!str_starts_with(*segment, STR("{")))
            continue;
        *segment = str_sub(*segment, 1, segment->len - 1);
        template->parameters |= UINT32_C(1) << i;
    }
    if (str_is_set(query)) {
        (void)str_next(&query, '=', &template->query.name);
        template->query.value = query;
    }
}

struct api_router *api_router_new(const struct model_service *service)
{
    CLEANUP(api_router_freep) struct api_router *router = calloc(1, sizeof(*router));
    struct api_router *result;

    if (router == NULL)
        return NULL;
    router->template_count = service->operation_count;
    router->templates = calloc(service->operation_count, sizeof(*router->templates));
    if (router->templates == NULL)
        return NULL;
    for (size_t i = 0; i < service->operation_count; i++)
        template_init(&router->templates[i], &service->operations[i]);
    result = router;
    router = NULL;
    return result;
}

struct api_router *api_router_free(struct api_router *router)
{
    if (router != NULL)
        free(router->templates);
    free(router);
    return NULL;
}

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

/* A '%' that starts no valid escape stands for itself. `blank` is what else means a blank, or 0. */
static int percent_decode(struct arena *arena, struct str text, char blank, struct str *ret)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;

    if (out == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < text.len; i++) {
        int high = i + 2 < text.len && text.ptr[i] == '%' ? hex_value(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.ptr[i + 2]) : -1;

        if (low >= 0) {
            out[len++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[len++] = text.ptr[i] == blank && blank != 0 ? ' ' : text.ptr[i];
        }
    }
    out[len] = '\0';
    *ret = str_make(out, len);
    return 0;
}

static int parse_query(struct arena *arena, struct str query, struct api_route *route)
{
    struct str rest = query, part, name;

    while (str_next(&rest, '&', &part) && route->query_count < API_QUERY_PARAMETERS_MAX) {
        struct api_parameter *parameter;
        int r;

        if (part.len == 0)
            continue;
        if (route->query == NULL) {
            route->query = arena_new_array(arena, struct api_parameter, API_QUERY_PARAMETERS_MAX);
            if (route->query == NULL)
                return err_new(-ENOMEM);
        }
        parameter = &route->query[route->query_count];
        (void)str_next(&part, '=', &name);
        r = percent_decode(arena, name, '+', &parameter->name);
        if (r == 0)
            r = percent_decode(arena, part, '+', &parameter->value);
        if (r < 0)
            return err_pass(r);
        route->query_count++;
    }
    return 0;
}

struct str api_parameter_find(const struct api_parameter *parameters, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(parameters[i].name, name))
            return parameters[i].value;
    return STR_NONE;
}

struct str api_query_find(struct arena *arena, struct str query, struct str name)
{
    struct str rest = query, part, found, value;

    while (str_next(&rest, '&', &part)) {
        (void)str_next(&part, '=', &found);
        if (str_eq(found, name) && percent_decode(arena, part, '+', &value) == 0)
            return value;
    }
    return STR_NONE;
}

static bool template_matches(const struct template *template, struct str method,
                             const struct str *segments, size_t count)
{
    if (template->segment_count != count || !str_eq(template->method, method))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool is_parameter = template->parameters >> i & 1;

        if (is_parameter ? segments[i].len == 0 : !str_eq(template->segments[i], segments[i]))
            return false;
    }
    return true;
}

/* Of two templates for the same path the one that also names a query parameter wins, when that is
 * there. */
static const struct template *find_template(const struct api_router *router, struct str method,
                                            const struct str *segments, size_t count,
                                            const struct api_route *route)
{
    const struct template *found = NULL;

    for (size_t i = 0; i < router->template_count; i++) {
        const struct template *template = &router->templates[i];
        struct str wanted = template->query.name;

        if (!template_matches(template, method, segments, count))
            continue;
        if (!str_is_set(wanted))
            found = found != NULL ? found : template;
        else if (str_eq(api_parameter_find(route->query, route->query_count, wanted),
                        template->query.value))
            return template;
    }
    return found;
}

int api_router_find(const struct api_router *router, struct arena *arena, struct str method,
                    struct str path, struct str query, struct api_route *ret_route)
{
    struct api_route route = {.path_count = 0};
    struct str segments[API_PATH_SEGMENTS_MAX];
    const struct template *template;
    size_t count;
    int r;

    if (!str_starts_with(path, STR("/")))
        return API_ROUTE_UNKNOWN;
    count = split_path(path, segments);
    r = parse_query(arena, query, &route);
    if (r < 0)
        return err_pass(r);
    template = count <= API_PATH_SEGMENTS_MAX
                   ? find_template(router, method, segments, count, &route)
                   : NULL;
    if (template == NULL)
        return API_ROUTE_UNKNOWN;
    route.operation = template->operation;
    for (size_t i = 0; i < count; i++) {
        if (!(template->parameters >> i & 1))
            continue;
        route.path[route.path_count].name = template->segments[i];
        r = percent_decode(arena, segments[i], 0, &route.path[route.path_count++].value);
        if (r < 0)
            return err_pass(r);
    }
    *ret_route = route;
    return API_ROUTE_OK;
}
