/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Amazon resource names of what the catalogue holds. */

#include "base/str.h"

struct arena;
struct catalog_resource_id;
struct function_id;

/* The partition of a region: "aws", "aws-cn", "aws-us-gov", … */
struct str arn_partition(struct str region);

/* arn:<partition>:lambda:<region>:<account>:function:<name>[:<qualifier>]. Absent when out of
 * memory. */
struct str arn_function(struct arena *arena, const struct function_id *id, struct str qualifier);

/* arn:<partition>:lambda:<region>:<account>:layer:<name>, and with ":<number>" of a version. Absent
 * when out of memory. */
struct str arn_layer(struct arena *arena, const struct catalog_resource_id *layer);
struct str arn_layer_version(struct arena *arena, const struct catalog_resource_id *layer,
                             int64_t number);
