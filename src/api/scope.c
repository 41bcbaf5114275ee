/* SPDX-License-Identifier: Apache-2.0 */

#include "api/scope.h"

enum { ACCOUNT_DIGITS = 12, REGION_BYTES_MAX = 32 };

struct api_scope api_scope_of_credential(struct str credential)
{
    struct api_scope scope = {.access_key = STR_NONE};
    struct str date, terminator;
    struct str rest = credential;

    if (str_next(&rest, '/', &scope.access_key) && str_next(&rest, '/', &date) &&
        str_next(&rest, '/', &scope.region) && str_next(&rest, '/', &scope.service) &&
        str_next(&rest, '/', &terminator) && !str_is_set(rest))
        return scope;
    return (struct api_scope){.access_key = STR_NONE};
}

/* "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…" */
struct api_scope api_scope_of_header(struct str authorization)
{
    static const struct str credential = STR_INIT("Credential=");
    struct str rest = authorization;
    struct str part, algorithm;

    (void)str_next(&rest, ' ', &algorithm);
    while (str_next(&rest, ',', &part)) {
        part = str_trim(part);
        if (str_starts_with(part, credential))
            return api_scope_of_credential(str_sub(part, credential.len, part.len));
    }
    return (struct api_scope){.access_key = STR_NONE};
}

bool api_scope_is_account(struct str access_key)
{
    for (size_t i = 0; i < access_key.len; i++)
        if (access_key.ptr[i] < '0' || access_key.ptr[i] > '9')
            return false;
    return access_key.len == ACCOUNT_DIGITS;
}

/* It becomes part of ARNs, of file names and of the functions' environment. */
bool api_scope_is_region(struct str region)
{
    for (size_t i = 0; i < region.len; i++) {
        char c = region.ptr[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
            return false;
    }
    return region.len > 0 && region.len <= REGION_BYTES_MAX;
}
