/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who signed a request (Signature Version 4, in the Authorization header, or in the query of an
 * address that was signed in advance and is good for a while). Only keys whose secret
 * is known can be verified; nobody else gets in. Known are:
 *
 *   the daemon's own (AWS_ACCESS_KEY_ID …)   the default account
 *   "test", secret "test"                    the default account
 *   twelve digits, secret "test"             the account of that number
 *
 * Each acts as the root of its account. Pure: the time is an argument.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "gateway/function_url_event.h"
#include "http/header.h"

struct arena;
struct aws_credentials;

struct function_url_signed {
    struct str method;
    struct str path;  /* as sent */
    struct str query; /* as sent; absent: none */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    struct str region; /* of the function: the signature has to be for it */
    uint64_t time_ms;
    const struct aws_credentials *own; /* of the daemon; no access key: none */
    struct str default_account;
};

struct function_url_refusal {
    const char *type;   /* "InvalidSignatureException" */
    struct str message; /* in the arena */
};

enum {
    FUNCTION_URL_AUTH_OK,
    FUNCTION_URL_AUTH_UNSIGNED,
    FUNCTION_URL_AUTH_REFUSED, /* and why: *ret_refusal */
};

/* One of these, or -ENOMEM. Texts of *ret_caller are in the arena or borrowed. */
int function_url_authenticate(const struct function_url_signed *request, struct arena *arena,
                              struct function_url_caller *ret_caller,
                              struct function_url_refusal *ret_refusal);
