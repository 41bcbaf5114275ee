/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Amazon resource names of what the catalogue holds. */

#include "base/str.h"

struct arena;
struct function_id;

/* The partition of a region: "aws", "aws-cn", "aws-us-gov", … */
struct str arn_partition(struct str region);

/* arn:<partition>:lambda:<region>:<account>:function:<name>[:<qualifier>]. Absent when out of
 * memory. */
struct str arn_function(struct arena *arena, const struct function_id *id, struct str qualifier);
