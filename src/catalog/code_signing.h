/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Code signing configurations: who may sign the code of the functions that name one. A function
 * holds the ARN (struct function_settings). Whoever makes a function name a configuration writes
 * the configuration's row, too, so that its deletion and such a change always conflict in the
 * store.
 */

#include <stdbool.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "catalog/resource.h"

enum { CODE_SIGNING_ID_CHARACTERS = 21 }; /* "csc-" and 17 letters or digits */

struct code_signing_config {
    struct str id; /* the row's name; not in the row */
    struct str description;
    struct codec_list publishers; /* ARNs of versions of signing profiles */
    bool enforces;                /* untrusted code is refused */
    uint64_t last_modified_ms;
    struct codec_pairs tags;
};

/* The answer of changes when there is no such configuration, for functions. */
enum { CODE_SIGNING_NOT_FOUND = CATALOG_CALLER + 500 };

/* The last part of an ARN of a configuration. */
struct str code_signing_id(struct str arn);
/* Absent when out of memory. */
struct str code_signing_arn(struct arena *arena, const struct catalog_resource_id *id);

/* A row: CATALOG_OK, CATALOG_NOT_FOUND (an absent one) or a failure. */
int code_signing_decode(const struct catalog_resource_row *row, struct arena *arena,
                        struct code_signing_config *ret_config);
/* CATALOG_OK, CATALOG_NOT_FOUND or a failure. The ARN must be one of that account and region. */
int code_signing_get(struct catalog *catalog, struct str account, struct str region, struct str arn,
                     struct arena *arena, struct code_signing_config *ret_config);

/* Up to max names of functions with that configuration, in byte order after `after` (absent: from
 * the first). *ret_count says how many. 0 or a failure. */
int code_signing_list_functions(struct catalog *catalog, struct str account, struct str region,
                                struct str arn, struct str after, struct str *ret_names, size_t max,
                                size_t *ret_count);

struct code_signing_create {
    struct str account;
    struct str region;
    struct code_signing_config config;
    char id[CODE_SIGNING_ID_CHARACTERS];
};

/* Before the creation. */
void code_signing_id_make(struct code_signing_create *create);
int code_signing_create(struct catalog *catalog, struct catalog_change *change,
                        const struct code_signing_create *create);

struct code_signing_edit {
    struct str account;
    struct str region;
    struct str arn;
    /* CATALOG_OK, an answer of its own from CATALOG_CALLER on, or a failure. Memory: arena. May be
     * called more than once. */
    int (*apply)(const struct code_signing_edit *edit, struct arena *arena,
                 struct code_signing_config *config);
};

/* Answers of its own: CATALOG_NOT_FOUND. */
int code_signing_edit(struct catalog *catalog, struct catalog_change *change,
                      const struct code_signing_edit *edit);

struct code_signing_delete {
    struct str account;
    struct str region;
    struct str arn;
};

/* Answers of its own: CATALOG_NOT_FOUND, CATALOG_REFERENCED (a function has it). */
int code_signing_delete(struct catalog *catalog, struct catalog_change *change,
                        const struct code_signing_delete *delete);

/* Answers of its own: CATALOG_NOT_FOUND, CATALOG_TAGS. The name in the id is that of the row. */
int code_signing_tag(struct catalog *catalog, struct catalog_change *change,
                     const struct catalog_resource_tag *tag);

/* For the prepare function of a change that makes a function name the configuration: CATALOG_OK,
 * CODE_SIGNING_NOT_FOUND or a failure. */
int code_signing_stage_use(struct catalog_change *change, struct str arn);
