/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How the rules of the catalogue (the prepare functions) state what is to become of the rows.
 * Everything staged is one commit; when it has succeeded, memory is made to agree with it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "catalog/resource.h"

struct arena;
struct catalog_change;
struct function_config;
struct function_settings;

/* expected: a store revision or STORE_ABSENT. All return 0 or -ENOMEM. */
int catalog_stage_version(struct catalog_change *change, uint64_t number,
                          const struct function_config *config, uint64_t expected);
int catalog_stage_version_delete(struct catalog_change *change, uint64_t number, uint64_t expected);
int catalog_stage_settings(struct catalog_change *change, const struct function_settings *settings,
                           uint64_t expected);
int catalog_stage_settings_delete(struct catalog_change *change, uint64_t expected);
/* In the change's account and region. name and bytes are copied; an absent bytes deletes the row.
 */
int catalog_stage_resource(struct catalog_change *change, enum catalog_resource_kind kind,
                           struct str name, struct str bytes, uint64_t expected);

/* Would the account's code still fit with so many bytes more? */
bool catalog_storage_has_room(struct catalog_change *change, uint64_t more);

/* What becomes of tags: CATALOG_OK, CATALOG_TAGS (too many) or -ENOMEM. */
int catalog_tags_merge(struct arena *arena, const struct codec_pairs *set,
                       const struct codec_list *remove, struct codec_pairs *tags);

/* A new RevisionId. 0 or -ENOMEM. */
int catalog_revision_make(struct arena *arena, struct str *ret_revision_id);
