/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The Cors object of a function URL: who asks, and what the browser is told. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "http/header.h"

struct arena;
struct function_url_cors;

enum { FUNCTION_URL_CORS_HEADERS_MAX = 7 };

struct function_url_cors_headers {
    struct http_header ptr[FUNCTION_URL_CORS_HEADERS_MAX];
    size_t count;
};

/*
 * What is added to an answer; with is_preflight, to the one that the browser asks before it sends
 * its request. origin: the request's, may be absent. Texts are in the arena or borrowed. 0 or
 * -ENOMEM.
 */
int function_url_cors_make(struct function_url_cors_headers *ret_headers, struct arena *arena,
                           const struct function_url_cors *cors, struct str origin,
                           bool is_preflight);

/* Headers that are the URL's own business when it has a Cors object, not the function's. */
bool function_url_cors_owns(struct str header_name);
