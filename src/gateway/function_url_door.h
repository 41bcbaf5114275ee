/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The HTTP endpoint of function URLs: a request becomes an event, what the function gives back
 * becomes the answer. Loop thread only.
 */

#include <stdbool.h>
#include <uv.h>

#include "aws/sign.h"
#include "base/str.h"

struct catalog;
struct code_store;
struct dispatch;
struct http_request;

/* All borrowed. */
struct function_url_door {
    uv_loop_t *loop;
    struct catalog *catalog;
    struct code_store *code;
    struct dispatch *dispatch;
    struct aws_credentials credentials; /* the daemon's own; no access key: none */
    struct str default_account;
};

/* Is it for a function URL? Then the request is taken over; the door stays until it is answered. */
bool function_url_door_take(const struct function_url_door *door, struct http_request *req);
