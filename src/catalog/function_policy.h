/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The policies of a function (policy.h), in its row: one for the unqualified function, and one for
 * each version and alias that has statements. The qualifiers here are those of requests: absent is
 * the unqualified function; "$LATEST" is something else, and never has a policy.
 */

#include "base/str.h"
#include "catalog/policy.h"

struct arena;
struct function_settings;

/* 1, 0 (there is none: *ret_policy has no statements) or a failure. */
int function_policy_get(const struct function_settings *settings, struct arena *arena,
                        struct str qualifier, struct policy *ret_policy);
/* One without statements goes. 0 or -ENOMEM. */
int function_policy_set(struct function_settings *settings, struct arena *arena,
                        struct str qualifier, const struct policy *policy);
/* A version is published: the policy of the unqualified function, if any, gets another RevisionId.
 * 0 or a failure. */
int function_policy_renew(struct function_settings *settings, struct arena *arena,
                          struct str revision_id);
