/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Layers: names with numbered versions, each of them a package whose files a function finds at
 * /opt. A version never changes, its policy apart; numbers are not given again, also when all
 * versions were deleted. A function keeps what it needs of the versions it names (struct
 * function_layer), the package included, so that it outlives them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "catalog/codec.h"
#include "catalog/resource.h"

struct function_config;
struct policy;

struct layer_version {
    uint64_t number; /* from 1; told by the row's name, not by the row */
    struct str description;
    struct str license_info;
    struct codec_list runtimes; /* compatible ones; absent: not said */
    struct codec_list architectures;
    uint64_t created_ms;
    struct digest code;
    uint64_t code_bytes;
    uint64_t code_unpacked_bytes;
    struct str policy; /* a row of catalog/policy.h; absent: nobody else may use it */
};

/* A pair of function_config.layers, whose name is the ARN of the version. */
struct function_layer {
    struct str arn;
    struct digest code;
    uint64_t code_bytes;
    uint64_t code_unpacked_bytes;
};

/* The row, in the arena; absent when out of memory. */
struct str layer_version_encode(struct arena *arena, const struct layer_version *version);
/* A view of bytes and arena. 0, -EBADMSG or -ENOMEM. */
int layer_version_decode(struct str bytes, struct arena *arena, struct layer_version *ret_version);

/* Its package alone, which takes no memory; arn is absent. 0 or -EBADMSG. */
int layer_version_decode_package(struct str bytes, struct function_layer *ret_layer);

/* Does the version say that it is for them? Absent: whatever it says. */
bool layer_version_matches(const struct layer_version *version, struct str runtime,
                           struct str architecture);

/* The value of the pair, in the arena; absent when out of memory. */
struct str function_layer_encode(struct arena *arena, const struct function_layer *layer);
/* A view of the pair. 0 or -EBADMSG. */
int function_layer_decode(const struct codec_pair *pair, struct function_layer *ret_layer);

/* Code and layers together, unpacked. 0 or -EBADMSG. */
int function_unpacked_bytes(const struct function_config *config, uint64_t *ret_bytes);

/* Layers of the catalogue. The name in a catalog_resource_id is that of the layer. */

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
int catalog_get_layer_version(struct catalog *catalog, const struct catalog_resource_id *layer,
                              uint64_t number, struct arena *arena,
                              struct layer_version *ret_version);
/* The last one before number; before UINT64_MAX: the newest. Answers likewise. */
int catalog_layer_version_before(struct catalog *catalog, const struct catalog_resource_id *layer,
                                 uint64_t number, struct arena *arena,
                                 struct layer_version *ret_version);
/* Up to max names in byte order after `after` (absent: from the first), also of layers that have no
 * versions any more. Returns how many. */
size_t catalog_list_layers(struct catalog *catalog, struct str account, struct str region,
                           struct str after, struct str *ret_names, size_t max);

struct catalog_publish_layer {
    struct catalog_resource_id layer;
    struct layer_version version; /* number and date are the catalogue's */
};

/* CATALOG_OK: the change's result.version is the number. Answers of its own: CATALOG_CODE_STORAGE,
 * CATALOG_BUSY. */
int catalog_publish_layer(struct catalog *catalog, struct catalog_change *change,
                          const struct catalog_publish_layer *publish);

struct catalog_delete_layer {
    struct catalog_resource_id layer;
    uint64_t number;
};

/* A version that is not there is deleted already: CATALOG_OK. */
int catalog_delete_layer(struct catalog *catalog, struct catalog_change *change,
                         const struct catalog_delete_layer *delete);

struct catalog_edit_layer_policy {
    struct catalog_resource_id layer;
    uint64_t number;
    struct str revision_id; /* of the policy, expected; absent: any */
    /*
     * Changes the statements: CATALOG_OK, an answer of its own from CATALOG_CALLER on, or a
     * failure. May be called more than once. Memory: arena.
     */
    int (*apply)(const struct catalog_edit_layer_policy *edit, struct arena *arena,
                 struct policy *policy);
};

/* Answers of its own: CATALOG_NOT_FOUND, CATALOG_REVISION, CATALOG_BUSY. A policy without
 * statements is none. */
int catalog_edit_layer_policy(struct catalog *catalog, struct catalog_change *change,
                              const struct catalog_edit_layer_policy *edit);
