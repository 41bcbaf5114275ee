/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The policy of a resource (a function, one of its versions or aliases, a layer version):
 * statements that allow somebody to do something with it. This file knows rows and documents, not
 * what they are attached to: the resource is the ARN that the caller names, and the caller keeps
 * the row.
 *
 * A statement of a request becomes a struct policy_statement (its principal through
 * policy_principal()), goes in with policy_add() and out with policy_remove(), and is shown by
 * policy_statement_write() and policy_write(), which put members in the service's order. Who may do
 * what by a policy: policy_access.h. All of it is pure.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;
struct buf;

/* Of the document, with every statement. */
enum { POLICY_BYTES_MAX = 20480 };

/* Conditions that are absent (false) do not restrict. */
struct policy_statement {
    struct str sid;
    struct str principal; /* "*", a service ("s3.amazonaws.com") or an ARN */
    struct str action;    /* "lambda:InvokeFunction", "lambda:*", "*" */
    struct str source_account;
    struct str event_source_token;
    struct str function_url_auth_type;
    struct str principal_org_id;
    struct str source_arn; /* may have wildcards */
    bool via_function_url;
};

/* Views of a row, or of an arena. */
struct policy {
    struct str revision_id;
    struct codec_list statements; /* encoded; in the order in which they were added */
};

enum policy_answer {
    POLICY_OK,
    POLICY_EXISTS,       /* there is a statement of that sid */
    POLICY_EMPTY,        /* there are no statements at all */
    POLICY_NO_STATEMENT, /* there is none of that sid */
    POLICY_TOO_LONG,     /* the document would be longer than POLICY_BYTES_MAX */
};

/*
 * What a request's Principal becomes: "*" and services stay, twelve digits are the whole account
 * ("arn:<partition>:iam::<account>:root"), ARNs of IAM and STS stay. 0, -EINVAL (none of these) or
 * -ENOMEM.
 */
int policy_principal(struct arena *arena, struct str partition, struct str text,
                     struct str *ret_principal);
/* Is it a service, as policy_principal() leaves it? */
bool policy_principal_is_service(struct str principal);

/* The row, in the arena; absent when out of memory. */
struct str policy_encode(struct arena *arena, const struct policy *policy);
/* An absent row is a policy without statements. 0, -EBADMSG or -ENOMEM. */
int policy_decode(struct str row, struct arena *arena, struct policy *ret_policy);
/* 0, -EBADMSG or -ENOMEM */
int policy_statement_decode(struct str row, struct policy_statement *ret_statement);

/*
 * The policy with one statement more, in the arena. resource: what the document names. POLICY_OK,
 * POLICY_EXISTS, POLICY_TOO_LONG (*ret_bytes: how long it would be) or a failure.
 */
int policy_add(struct policy *policy, struct arena *arena, const struct policy_statement *statement,
               struct str resource, size_t *ret_bytes);
/* POLICY_OK, POLICY_EMPTY, POLICY_NO_STATEMENT or a failure. */
int policy_remove(struct policy *policy, struct arena *arena, struct str sid);

/* Append the JSON text of one statement, of the whole document. Failures to append stay in the
 * buffer. */
void policy_statement_write(struct buf *out, const struct policy_statement *statement,
                            struct str resource);
/* 0 or -EBADMSG */
int policy_write(struct buf *out, const struct policy *policy, struct str resource);
