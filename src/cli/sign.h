/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * AWS Signature Version 4 for the requests this program sends. Pure: the time is an argument.
 */

#include "base/digest.h"
#include "base/str.h"

struct buf;
struct target;

struct sign_request {
    const char *method;
    struct str path; /* as sent, percent-encoded */
    struct str
        query; /* as sent, without the question mark; at most one parameter, or sorted ones */
    const char *host; /* value of the Host header */
    const char *time; /* value of the X-Amz-Date header: 20251125T022654Z */
    struct digest body;
};

/*
 * Append the value of the Authorization header. The request must carry Host, X-Amz-Date and, when
 * the target has a session token, X-Amz-Security-Token. 0 or -ENOMEM.
 */
int sign_authorization(const struct sign_request *request, const struct target *target,
                       struct buf *out);
