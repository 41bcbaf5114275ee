/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an account has in a region besides functions: layers, code signing configurations, event
 * source mappings. Each resource is a row with a name, kept in memory as it is on disk and decoded
 * when somebody asks; the rows of a kind lie in the byte order of their names.
 *
 * This file knows rows, not what is in them: the rules are in one file for each kind, which encodes
 * rows (codec.h), judges in the prepare function of a change (catalog_change.h), and stages rows
 * together with those of functions when both must agree.
 *
 * What grows with what: a row per resource; finding one is a binary search, listing is walking on.
 */

#include <stddef.h>

#include "base/str.h"
#include "catalog/codec.h"

struct catalog;
struct catalog_change;

/* The names are unique within account, region and kind. */
enum catalog_resource_kind {
    CATALOG_LAYER,
    CATALOG_LAYER_VERSION, /* catalog_numbered_name(): in the order of numbers */
    CATALOG_CODE_SIGNING_CONFIG,
    CATALOG_EVENT_SOURCE_MAPPING,
    CATALOG_EVENT_SOURCE_PAIR, /* source and function of a mapping: there is at most one for both */
    CATALOG_RESOURCE_KINDS,
};

struct catalog_resource_id {
    struct str account;
    struct str region;
    struct str name;
};

/* A row as it is now, borrowed until the next turn of the loop. */
struct catalog_resource_row {
    struct str name;
    struct str bytes; /* absent: there is no such resource */
    uint64_t store_revision;
};

/* STORE_ABSENT and an absent row when there is none. */
struct catalog_resource_row catalog_resource_get(struct catalog *catalog,
                                                 enum catalog_resource_kind kind,
                                                 const struct catalog_resource_id *id);

/*
 * Up to max rows in the order of their names, beginning with the first after `after` (absent: the
 * very first) whose name starts with prefix (empty: any). Returns how many.
 */
size_t catalog_resource_list(struct catalog *catalog, enum catalog_resource_kind kind,
                             struct str account, struct str region, struct str prefix,
                             struct str after, struct catalog_resource_row *ret_rows, size_t max);

/* The last row before id's name (which need not be there) that starts with prefix; absent: none. */
struct catalog_resource_row catalog_resource_before(struct catalog *catalog,
                                                    enum catalog_resource_kind kind,
                                                    const struct catalog_resource_id *id,
                                                    struct str prefix);

enum { CATALOG_NUMBERED_NAME_MAX = 256 };

/* "name:00000000000000000042", NUL-ended, so that byte order is the order of numbers. -EINVAL when
 * it does not fit. */
int catalog_numbered_name(char to[static CATALOG_NUMBERED_NAME_MAX], struct str name,
                          uint64_t number);

/* New tags of a resource, and the keys of those to be taken away. */
struct catalog_resource_tag {
    struct catalog_resource_id id;
    struct codec_pairs set;
    struct codec_list remove;
};

/*
 * A change that is about resources, not about a function (catalog.h tells how changes go). Its
 * prepare function stages rows with catalog_stage_resource() and answers CATALOG_STARTED.
 */
int catalog_resource_change_start(struct catalog *catalog, struct catalog_change *change,
                                  struct str account, struct str region,
                                  int (*prepare)(struct catalog_change *change), const void *input);
