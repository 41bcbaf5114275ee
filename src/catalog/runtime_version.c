/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/runtime_version.h"

#include <stdio.h>

#include "base/hash.h"

char *runtime_version_arn(struct str region, struct str runtime,
                          char buffer[RUNTIME_VERSION_ARN_BYTES])
{
    struct digest digest = {0};
    char hex[DIGEST_HEX_BYTES];

    /* Out of memory leaves zeroes: a name that is wrong but harmless. */
    (void)hash_bytes(&digest, runtime.ptr, runtime.len);
    (void)snprintf(buffer, RUNTIME_VERSION_ARN_BYTES, "arn:aws:lambda:%.*s::runtime:%s",
                   STR_FMT(region), digest_hex(&digest, hex));
    return buffer;
}
