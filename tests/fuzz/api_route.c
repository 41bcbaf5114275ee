/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/* Routing and the credential scope: lines of method, path, query and Authorization. */

#include <string.h>

#include "api/route.h"
#include "api/scope.h"
#include "base/arena.h"
#include "base/must.h"
#include "model/lambda/operations.h"
#include "model/model.h"

static void check_route(const struct api_route *route, struct str path)
{
    must(route->operation != NULL);
    for (size_t i = 0; i < route->path_count; i++) {
        must(route->path[i].value.len > 0);
        must(route->path[i].value.len <= path.len);
    }
    must(route->query_count <= API_QUERY_PARAMETERS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct api_router *router;
    CLEANUP(arena_deinit) struct arena arena;
    struct str rest = str_make((const char *)data, size);
    struct str method = STR_NONE, path = STR_NONE, query = STR_NONE;
    struct api_route route;
    struct api_scope scope;

    if (router == NULL)
        router = api_router_new(&lambda_service);
    must(router != NULL);
    arena_init(&arena);
    (void)(str_next(&rest, '\n', &method) && str_next(&rest, '\n', &path) &&
           str_next(&rest, '\n', &query));
    if (api_router_find(router, &arena, method, path, query, &route) == API_ROUTE_OK)
        check_route(&route, path);
    scope = api_scope_of_header(rest);
    must(scope.region.len <= rest.len);
    (void)api_query_find(&arena, query, STR("X-Amz-Credential"));
    return 0;
}
