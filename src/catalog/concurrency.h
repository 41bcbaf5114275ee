/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a function has set aside of its account's concurrency, and how much of it the account may
 * give away. Reserved concurrency is one number of the function (struct function_settings);
 * provisioned concurrency is kept per version and alias: pairs of the qualifier and an encoded
 * function_provisioned, in the byte order of the qualifiers. Pure functions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;
struct function_settings;

/* What counts for the scheduler. */
struct function_concurrency {
    bool is_reserved;
    uint32_t reserved;    /* the most that may run at once; 0: nothing runs */
    uint32_t provisioned; /* of all versions and aliases together */
};

/* What one version has of that. */
struct version_provisioned {
    uint64_t version;
    uint32_t count;
};

/*
 * Requested capacity. How much of it there is at the moment is no matter of the row: it is gone
 * with every restart, and the scheduler knows it.
 */
struct function_provisioned {
    struct str qualifier; /* not in the encoded row */
    uint32_t requested;
    uint64_t last_modified_ms;
};

/* The encoded row in the arena; absent when out of memory. */
struct str function_provisioned_encode(struct arena *arena,
                                       const struct function_provisioned *provisioned);
/* 0, -EBADMSG or -ENOMEM */
int function_provisioned_decode(const struct codec_pair *pair, struct arena *arena,
                                struct function_provisioned *ret_provisioned);

/* 0, -EBADMSG or -ENOMEM */
int function_concurrency_of(const struct function_settings *settings, struct arena *arena,
                            struct function_concurrency *ret_concurrency);
bool function_concurrency_eq(const struct function_concurrency *a,
                             const struct function_concurrency *b);
/* How much of the account's limit others cannot use. */
uint32_t function_concurrency_aside(const struct function_concurrency *concurrency);

/* The version that has the capacity of this qualifier: itself, or the first one of the alias. 0,
 * -EBADMSG or -ENOMEM. */
int function_provisioned_version(const struct function_settings *settings, struct str qualifier,
                                 struct arena *arena, uint64_t *ret_version);
/* Every version that has some, once, in the arena. 0, -EBADMSG or -ENOMEM. */
int function_provisioned_versions(const struct function_settings *settings, struct arena *arena,
                                  struct version_provisioned **ret_versions, size_t *ret_count);
/* Of this version, by its own number and by aliases together. 0, -EBADMSG or -ENOMEM. */
int function_provisioned_of_version(const struct function_settings *settings, uint64_t version,
                                    struct arena *arena, uint32_t *ret_count);

/* What must always be left for functions that have nothing set aside. */
uint32_t concurrency_unreserved_min(uint32_t account_limit);
/* What functions share that have nothing set aside, when the others have `aside` together. */
uint32_t concurrency_unreserved(uint32_t account_limit, uint64_t aside);

/* Answers about provisioned concurrency for one qualifier, beside others of the same function. */
enum {
    PROVISIONED_FREE,
    PROVISIONED_VERSION_HAS_ITS_OWN, /* the version that the alias names */
    PROVISIONED_BY_ALIAS,            /* an alias that names the version has some */
};

/* Can the version or alias of that name have its own? PROVISIONED_*, -EBADMSG or -ENOMEM. */
int function_provisioned_judge(const struct function_settings *settings, struct str qualifier,
                               struct arena *arena);
