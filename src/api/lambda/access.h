/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a caller may do with a resource of another account. The caller is the root of its account,
 * which allows it everything; so the policy of the resource decides.
 */

#include "base/str.h"

struct api_principal;
struct arena;
struct policy;

/* May the caller do `action` ("lambda:InvokeFunction")? 1, 0 or a failure. */
int access_by_policy(struct arena *arena, const struct api_principal *caller,
                     const struct policy *policy, struct str action);

/* Why not. Absent when out of memory. */
struct str access_denied_text(struct arena *arena, const struct api_principal *caller,
                              struct str action, struct str resource);
