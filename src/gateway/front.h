/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The front door of the public port. Function URLs are known by their host or path
 * (function_url_address.h); lambd's own pages live under /_lambd/; everything else is for the API
 * gate.
 *
 *   GET /_lambd/health                 JSON: status, version, counters
 *   GET /_lambd/packages/<digest>?…    a code package, by the presigned link of GetFunction
 *   any /_lambd/url/<url-id>/…         a function URL
 */

#include <uv.h>

#include "base/buf.h"
#include "code/package_url.h"
#include "gateway/function_url_door.h"

struct code_store;
struct front;
struct http_request;

struct front_ops {
    /* Takes the request over. */
    void (*api)(void *owner, struct http_request *req);
    /* Append the members of the health object, without braces. */
    void (*health)(void *owner, struct buf *json);
};

struct front_options {
    uv_loop_t *loop;
    struct code_store *code;           /* borrowed */
    const struct package_url_key *key; /* borrowed */
    struct function_url_door urls;
    const struct front_ops *ops;
    void *owner;
};

/* NULL when out of memory. */
struct front *front_new(const struct front_options *options);
struct front *front_free(struct front *front);

void front_request(struct front *front, struct http_request *req);
