/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A wire protocol: how the operations of a service are told apart, and how inputs, outputs and
 * errors look. It knows the model's tables and no service. rest-json is there; json 1.1, query and
 * rest-xml will be others.
 */

#include <stddef.h>

#include "base/buf.h"
#include "http/header.h"

struct api_body;
struct api_fault;
struct api_request;
struct api_route;
struct api_router;
struct arena;
struct http_request;

enum { API_ANSWER_HEADERS_MAX = 16 };

/* An answer in the making. Header texts are borrowed until it is sent. */
struct api_answer {
    unsigned status;
    struct http_header headers[API_ANSWER_HEADERS_MAX];
    size_t header_count;
    struct buf body;
};

/* Outcome of decode. */
enum { API_DECODE_OK, API_DECODE_WRONG };

struct api_protocol {
    /* API_ROUTE_OK, API_ROUTE_UNKNOWN or -ENOMEM. */
    int (*route)(const struct api_router *router, struct arena *arena,
                 const struct http_request *http, struct api_route *ret_route);
    /*
     * Fills request->input. body is NULL when the request has none. API_DECODE_WRONG with the
     * message of the SerializationException (NULL: none), or -ENOMEM.
     */
    int (*decode)(struct api_request *request, const struct api_route *route,
                  const struct api_body *body, const char **ret_error);
    /* Failures stay in the answer's body. output may be NULL. */
    void (*encode)(const struct api_request *request, const void *output,
                   struct api_answer *answer);
    void (*encode_fault)(const struct api_fault *fault, struct api_answer *answer);
};

void api_answer_header(struct api_answer *answer, struct str name, struct str value);
