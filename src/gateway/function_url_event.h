/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The event that a function gets for an HTTP request to its URL: payload format 2.0. Pure. */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "http/header.h"

struct arena;
struct buf;

/* Who signed the request. */
struct function_url_caller {
    struct str account;
    struct str access_key;
    struct str user_arn;
};

/* Borrowed; as the client sent it where it comes from the client. */
struct function_url_event {
    struct str method;
    struct str path;
    struct str query; /* absent or empty: none */
    struct str protocol;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    struct str url_id;
    struct str domain;
    struct str source_ip;
    struct str port;
    struct str trace_id; /* of the header that the function sees */
    struct str request_id;
    const struct function_url_caller *caller; /* NULL: anonymous */
    uint64_t time_ms;
};

/* Appends the JSON text. What cannot be appended stays in the buffer; 0, or -ENOMEM of the arena.
 */
int function_url_event_write(struct buf *out, struct arena *arena,
                             const struct function_url_event *event);
