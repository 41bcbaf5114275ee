/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which function URL a request is for. Two forms, which reach the same:
 *
 *   Host: <url-id>.lambda-url.<region>.<anything>      GET /path
 *   any Host                                           GET /_lambd/url/<url-id>/path
 *
 * The second is for clients that cannot resolve names below "localhost". Names are compared without
 * regard to case. Pure.
 */

#include <stdbool.h>

#include "base/str.h"

#define FUNCTION_URL_PATH "/_lambd/url/"

/* Views of the request. */
struct function_url_address {
    struct str id;     /* as sent */
    struct str region; /* absent: the path form */
    struct str domain; /* the Host without its port */
    struct str path;   /* what the function sees: as sent, at least "/" */
};

/* False: the request is for something else. */
bool function_url_address_find(struct str host, struct str path,
                               struct function_url_address *ret_address);

/* The port that a Host header names; absent: none. */
struct str function_url_port(struct str host);
