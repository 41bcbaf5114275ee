/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From method, path and query to an operation, by the URI templates of the service model. Path and
 * query are split and percent-decoded once; what they carry is looked up afterwards by name. Pure:
 * no I/O, nothing kept.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/str.h"

struct api_router;
struct arena;
struct model_operation;
struct model_service;

enum {
    API_PATH_SEGMENTS_MAX = 16,
    API_QUERY_PARAMETERS_MAX = 128,
};

struct api_parameter {
    struct str name;
    struct str value;
};

/* A routed request: its operation and what stood in its path and query, decoded, in the arena. */
struct api_route {
    const struct model_operation *operation;
    struct api_parameter path[API_PATH_SEGMENTS_MAX];
    size_t path_count;
    struct api_parameter *query;
    size_t query_count;
};

/* NULL when out of memory. */
struct api_router *api_router_new(const struct model_service *service);
struct api_router *api_router_free(struct api_router *router);
CLEANUP_DEFINE(struct api_router, api_router_free)

/* Outcomes of api_router_find; or -ENOMEM. */
enum { API_ROUTE_OK, API_ROUTE_UNKNOWN };
int api_router_find(const struct api_router *router, struct arena *arena, struct str method,
                    struct str path, struct str query, struct api_route *ret_route);

/* The first value of that name; absent when there is none. */
struct str api_parameter_find(const struct api_parameter *parameters, size_t count,
                              struct str name);

/* The same straight from a query as sent; also absent when out of memory. */
struct str api_query_find(struct arena *arena, struct str query, struct str name);
