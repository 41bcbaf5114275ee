/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who may do what with a resource, by its policy alone. Whether the policy is asked at all, and
 * what the caller's own account allows, is the business of whoever asks. Pure.
 */

#include <stdbool.h>

#include "base/str.h"

struct policy;

/* Somebody who wants to do something. What is not known, or does not apply, is absent. */
struct policy_access {
    struct str principal;  /* ARN of IAM or STS, or a service; absent: anonymous */
    struct str action;     /* "lambda:InvokeFunction" */
    struct str source_arn; /* on whose behalf a service calls */
    struct str source_account;
    struct str principal_org_id;
    struct str event_source_token;
    struct str function_url_auth_type;
    bool via_function_url;
};

/* Does a statement allow it? 1, 0, or -EBADMSG. */
int policy_allows(const struct policy *policy, const struct policy_access *access);
