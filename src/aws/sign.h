/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * AWS Signature Version 4 for requests that are sent, and what goes with it: the percent-encoding
 * of paths and queries. Pure: the time is an argument.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/str.h"

struct buf;

/* Borrowed. Absent access_key: there are none. Absent session_token: they are not temporary. */
struct aws_credentials {
    struct str access_key;
    struct str secret_key;
    struct str session_token;
};

struct aws_header {
    struct str name; /* lower case */
    struct str value;
};

struct aws_sign_request {
    struct str method;
    struct str path;  /* as sent, percent-encoded */
    struct str query; /* as sent, without the question mark; every "name=value", sorted */
    struct str region;
    struct str service;
    struct str time; /* value of x-amz-date: "20251125T022654Z" */
    /* What is signed, sorted by name: host, x-amz-date and, with temporary credentials,
     * x-amz-security-token among them. */
    const struct aws_header *headers;
    size_t header_count;
    struct digest body;
    bool is_s3; /* S3 signs the path as it is sent; all others percent-encode it once more */
};

/* Appends the value of the Authorization header. 0 or -ENOMEM. */
int aws_sign(const struct aws_sign_request *request, const struct aws_credentials *credentials,
             struct buf *out);

/* Appends text percent-encoded as the signature wants it; keeps_slash: "/" stays, for paths.
 * Failures stay in the buffer. */
void aws_uri_encode(struct buf *out, struct str text, bool keeps_slash);
