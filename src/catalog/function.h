/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the scheduler needs to run one version of a function: an immutable, counted snapshot of its
 * configuration. An update of the function makes a new snapshot; invocations that run keep theirs.
 * Loop thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/str.h"
#include "catalog/codec.h"

enum function_log_format { FUNCTION_LOG_TEXT, FUNCTION_LOG_JSON };

struct catalog_version;

struct function_version {
    size_t refs;
    struct str account; /* 12 digits */
    struct str region;
    struct str name;
    struct str version; /* "$LATEST", "1" */
    struct str arn;     /* unqualified */
    /*
     * Names what is run: equal ids mean equal snapshots. Not the RevisionId of the API, which also
     * changes with states and tags.
     */
    struct str revision_id;
    struct str runtime; /* "python3.12"; absent for images */
    struct str handler;
    struct str role;
    struct str architecture; /* "x86_64", "arm64" */
    uint32_t memory_mb;
    uint32_t timeout_s;
    uint32_t tmp_mb;
    const struct codec_pair *env; /* name, value */
    size_t env_count;
    bool is_image; /* code is the image's digest then, and no package */
    struct digest code;
    struct digest layers[LIMIT_LAYERS_PER_FUNCTION];
    size_t layer_count;
    enum function_log_format log_format;
    struct str log_level_application; /* "INFO"; absent with text */
    struct str log_level_system;
    struct str log_group;
    bool tracing_active;

    struct catalog_version *origin; /* of the catalogue, which makes one snapshot of each version */
};

struct function_version *function_version_ref(struct function_version *version);
/* Returns NULL; NULL is accepted. */
struct function_version *function_version_unref(struct function_version *version);
CLEANUP_DEFINE(struct function_version, function_version_unref)
