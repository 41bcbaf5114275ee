/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rows of the catalogue. struct function_config is one version of a function with all its
 * settings, its code and its state; struct function_settings is what all versions share. Defaults
 * are filled in when a function is created, so that readers need none.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "catalog/codec.h"

enum function_state { FUNCTION_ACTIVE, FUNCTION_PENDING, FUNCTION_FAILED, FUNCTION_INACTIVE };

/* LastUpdateStatus; none while the function is being created. */
enum function_update {
    FUNCTION_UPDATE_NONE,
    FUNCTION_UPDATE_SUCCESSFUL,
    FUNCTION_UPDATE_IN_PROGRESS,
    FUNCTION_UPDATE_FAILED
};

struct function_config {
    /* Settings */
    struct str description;
    struct str role;
    struct str runtime;
    struct str handler;
    struct str architecture;
    uint32_t timeout_s;
    uint32_t memory_mb;
    uint32_t tmp_mb;
    struct codec_pairs environment; /* absent: never set */
    bool tracing_active;
    bool snap_start_published; /* ApplyOn PublishedVersions */
    bool log_json;
    struct str log_level_application; /* only with JSON */
    struct str log_level_system;
    struct str log_group;
    struct str dead_letter_arn;
    struct str kms_key_arn;
    struct str source_kms_key_arn;
    struct codec_pairs file_systems; /* ARN, local mount path */
    struct codec_list vpc_subnets;   /* absent: never in a VPC; empty: no longer in one */
    struct codec_list vpc_security_groups;
    struct str vpc_id;
    bool vpc_ipv6;
    struct str tenant_isolation_mode;
    uint32_t durable_timeout_s; /* 0: not durable */
    uint32_t durable_retention_days;

    /* Code: a package with layers, or an image */
    struct codec_pairs layers; /* ARN of the version, struct function_layer; in their order */
    struct digest code;        /* of the package, or of the image */
    uint64_t code_bytes;       /* 0: an image */
    uint64_t code_unpacked_bytes;
    struct str image_uri;                /* as given; absent: a package */
    struct codec_list image_entry_point; /* these three: absent when not set */
    struct codec_list image_command;
    struct str image_working_directory;

    /* State */
    uint32_t state;  /* enum function_state */
    uint32_t update; /* enum function_update */
    struct str revision_id;
    uint64_t last_modified_ms;
    /* A random number that is new whenever settings or code were set; names what environments run.
     */
    uint64_t generation;
    /* Of a version that was published with a description of its own: the one $LATEST had then. */
    struct str description_of_latest;
};

/*
 * Pairs that belong to a qualifier are named "$LATEST" (the unqualified function), "1" or as the
 * alias is.
 */
struct function_settings {
    uint64_t last_version; /* the highest number ever given out, for deleted functions, too */
    struct codec_pairs tags;
    struct codec_pairs aliases; /* catalog/alias.h */
    bool reserves_concurrency;
    uint32_t reserved_concurrency; /* may be 0 */
    bool allows_recursion;
    struct str code_signing_config;         /* its ARN */
    struct codec_pairs policies;            /* by qualifier; catalog/policy.h */
    struct codec_pairs event_invokes;       /* by qualifier */
    struct codec_pairs urls;                /* by qualifier */
    struct codec_pairs provisioned;         /* by qualifier */
    struct codec_pairs runtime_managements; /* by qualifier */
};

static inline bool function_config_is_image(const struct function_config *config)
{
    return str_is_set(config->image_uri);
}

void function_config_encode(struct buf *out, const struct function_config *config);
/* ret_config is a view of bytes and arena. */
int function_config_decode(struct str bytes, struct arena *arena,
                           struct function_config *ret_config);
void function_settings_encode(struct buf *out, const struct function_settings *settings);
int function_settings_decode(struct str bytes, struct arena *arena,
                             struct function_settings *ret_settings);

/* The name of a qualifier's pairs; absent: the unqualified function's. */
struct str function_settings_key(struct str qualifier);
/* A version or an alias is deleted: what hangs on it goes, too. 0 or -ENOMEM. */
int function_settings_forget(struct function_settings *settings, struct arena *arena,
                             struct str qualifier);

/*
 * Would a new version of `latest` equal the published `version`? 1 or 0, or a failure. Descriptions
 * given when publishing, states and dates do not count.
 */
int function_config_is_published(const struct function_config *latest,
                                 const struct function_config *version);
