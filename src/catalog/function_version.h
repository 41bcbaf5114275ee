/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How the catalogue makes the snapshots of catalog/function.h. */

#include <stdint.h>

struct catalog;
struct function_config;
struct function_id;
struct function_version;

/* With one reference; everything is copied, and the packages are held, also by one that outlives
 * the row. 0, -EBADMSG or -ENOMEM. */
int function_version_new(struct function_version **ret_version, const struct catalog *catalog,
                         const struct function_id *id, uint64_t number,
                         const struct function_config *config);
