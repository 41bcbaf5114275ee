/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of a call goes over the wire besides its body: the URL and the header lines. Pure. */

#include "base/str.h"

struct aws_call;
struct aws_credentials;
struct buf;

struct aws_request_options {
    struct str endpoint; /* valid (aws/endpoint.h) */
    struct str service;  /* as credentials are scoped: "s3" */
    struct str time;     /* "20251125T022654Z" */
    bool is_s3;
    const struct aws_credentials *credentials;
};

/* Appends the URL, and each header as "name: value" with a NUL behind it. 0 or -ENOMEM. */
int aws_request_make(const struct aws_call *call, const struct aws_request_options *options,
                     struct buf *url, struct buf *lines);
