/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/function_policy.h"

#include <errno.h>

#include "base/error.h"
#include "catalog/config.h"

int function_policy_get(const struct function_settings *settings, struct arena *arena,
                        struct str qualifier, struct policy *ret_policy)
{
    const struct codec_pair *pair =
        codec_pairs_find(&settings->policies, function_settings_key(qualifier));
    int r;

    *ret_policy = (struct policy){0};
    if (!pair || str_eq(qualifier, STR("$LATEST")))
        return 0;
    r = policy_decode(pair->value, arena, ret_policy);
    return r < 0 ? err_pass(r) : 1;
}

int function_policy_set(struct function_settings *settings, struct arena *arena,
                        struct str qualifier, const struct policy *policy)
{
    struct str row = STR_NONE;

    if (policy->statements.count > 0) {
        row = policy_encode(arena, policy);
        if (!str_is_set(row))
            return err_new(-ENOMEM);
    }
    return codec_pairs_replace(&settings->policies, arena, function_settings_key(qualifier), row);
}

int function_policy_renew(struct function_settings *settings, struct arena *arena,
                          struct str revision_id)
{
    struct policy policy;
    int r = function_policy_get(settings, arena, STR_NONE, &policy);

    if (r <= 0)
        return r;
    policy.revision_id = revision_id;
    return function_policy_set(settings, arena, STR_NONE, &policy);
}
