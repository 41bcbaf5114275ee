/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The credential scope of a signed request, "AKID/20250101/us-east-1/lambda/aws4_request", from the
 * Authorization header or the X-Amz-Credential parameter. Reading it proves nothing: signatures are
 * verified elsewhere.
 */

#include "base/str.h"

struct api_scope {
    struct str access_key;
    struct str region;
    struct str service;
};

/* Empty parts when there is none, or it is not of that form. */
struct api_scope api_scope_of_header(struct str authorization);
struct api_scope api_scope_of_credential(struct str credential);

/* Whether this access key id names an account: 12 digits. */
bool api_scope_is_account(struct str access_key);

/* Whether it can be the name of a region: letters, digits and hyphens, not too many. */
bool api_scope_is_region(struct str region);
