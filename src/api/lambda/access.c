/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/access.h"

#include <errno.h>

#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/policy_access.h"

static struct str arn_of(struct arena *arena, const struct api_principal *caller)
{
    return arena_printf(arena, "arn:%.*s:iam::%.*s:root", STR_FMT(arn_partition(caller->region)),
                        STR_FMT(caller->account));
}

int access_by_policy(struct arena *arena, const struct api_principal *caller,
                     const struct policy *policy, struct str action)
{
    const struct policy_access access = {.principal = arn_of(arena, caller), .action = action};

    return str_is_set(access.principal) ? policy_allows(policy, &access) : err_new(-ENOMEM);
}

struct str access_denied_text(struct arena *arena, const struct api_principal *caller,
                              struct str action, struct str resource)
{
    return arena_printf(arena,
                        "User: %.*s is not authorized to perform: %.*s on resource: %.*s because "
                        "no resource-based policy allows the %.*s action",
                        STR_FMT(arn_of(arena, caller)), STR_FMT(action), STR_FMT(resource),
                        STR_FMT(action));
}
