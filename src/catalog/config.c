/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/config.h"

#include <errno.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#define FIELD(tag, kind, member)                                                                   \
    {                                                                                              \
        tag, kind, offsetof(struct function_config, member)                                        \
    }

static const struct codec_field config_fields[] = {
    FIELD(1, CODEC_STR, description),
    FIELD(2, CODEC_STR, role),
    FIELD(3, CODEC_STR, runtime),
    FIELD(4, CODEC_STR, handler),
    FIELD(5, CODEC_STR, architecture),
    FIELD(6, CODEC_U32, timeout_s),
    FIELD(7, CODEC_U32, memory_mb),
    FIELD(8, CODEC_U32, tmp_mb),
    FIELD(9, CODEC_PAIRS, environment),
    FIELD(10, CODEC_BOOL, tracing_active),
    FIELD(11, CODEC_BOOL, snap_start_published),
    FIELD(12, CODEC_BOOL, log_json),
    FIELD(13, CODEC_STR, log_level_application),
    FIELD(14, CODEC_STR, log_level_system),
    FIELD(15, CODEC_STR, log_group),
    FIELD(16, CODEC_STR, dead_letter_arn),
    FIELD(17, CODEC_STR, kms_key_arn),
    FIELD(18, CODEC_STR, source_kms_key_arn),
    FIELD(19, CODEC_PAIRS, file_systems),
    FIELD(20, CODEC_LIST, vpc_subnets),
    FIELD(21, CODEC_LIST, vpc_security_groups),
    FIELD(22, CODEC_STR, vpc_id),
    FIELD(23, CODEC_BOOL, vpc_ipv6),
    FIELD(24, CODEC_STR, tenant_isolation_mode),
    FIELD(25, CODEC_U32, durable_timeout_s),
    FIELD(26, CODEC_U32, durable_retention_days),
    FIELD(27, CODEC_STR, image_uri),
    FIELD(28, CODEC_LIST, image_entry_point),
    FIELD(29, CODEC_LIST, image_command),
    FIELD(30, CODEC_STR, image_working_directory),
    FIELD(39, CODEC_PAIRS, layers),
    FIELD(40, CODEC_DIGEST, code),
    FIELD(41, CODEC_U64, code_bytes),
    FIELD(42, CODEC_U64, code_unpacked_bytes),
    FIELD(60, CODEC_U32, state),
    FIELD(61, CODEC_U32, update),
    FIELD(62, CODEC_STR, revision_id),
    FIELD(63, CODEC_U64, last_modified_ms),
    FIELD(64, CODEC_U64, generation),
    FIELD(65, CODEC_STR, description_of_latest),
};

static const struct codec_field settings_fields[] = {
    {1, CODEC_U64, offsetof(struct function_settings, last_version)},
    {2, CODEC_PAIRS, offsetof(struct function_settings, tags)},
    {3, CODEC_PAIRS, offsetof(struct function_settings, aliases)},
    {4, CODEC_BOOL, offsetof(struct function_settings, reserves_concurrency)},
    {5, CODEC_U32, offsetof(struct function_settings, reserved_concurrency)},
    {6, CODEC_BOOL, offsetof(struct function_settings, allows_recursion)},
    {7, CODEC_STR, offsetof(struct function_settings, code_signing_config)},
    {8, CODEC_PAIRS, offsetof(struct function_settings, policies)},
    {9, CODEC_PAIRS, offsetof(struct function_settings, event_invokes)},
    {10, CODEC_PAIRS, offsetof(struct function_settings, urls)},
    {11, CODEC_PAIRS, offsetof(struct function_settings, provisioned)},
    {12, CODEC_PAIRS, offsetof(struct function_settings, runtime_managements)},
};

/* What is deleted together with the qualifier that it belongs to. A URL outlives its alias. */
static const size_t settings_of_qualifier[] = {
    offsetof(struct function_settings, policies),
    offsetof(struct function_settings, event_invokes),
    offsetof(struct function_settings, provisioned),
    offsetof(struct function_settings, runtime_managements),
};

void function_config_encode(struct buf *out, const struct function_config *config)
{
    codec_encode(out, config_fields, array_count(config_fields), config);
}

int function_config_decode(struct str bytes, struct arena *arena,
                           struct function_config *ret_config)
{
    *ret_config = (struct function_config){0};
    return codec_decode(bytes, config_fields, array_count(config_fields), arena, ret_config);
}

void function_settings_encode(struct buf *out, const struct function_settings *settings)
{
    codec_encode(out, settings_fields, array_count(settings_fields), settings);
}

int function_settings_decode(struct str bytes, struct arena *arena,
                             struct function_settings *ret_settings)
{
    *ret_settings = (struct function_settings){0};
    return codec_decode(bytes, settings_fields, array_count(settings_fields), arena, ret_settings);
}

struct str function_settings_key(struct str qualifier)
{
    return str_is_set(qualifier) ? qualifier : STR("$LATEST");
}

int function_settings_forget(struct function_settings *settings, struct arena *arena,
                             struct str qualifier)
{
    for (size_t i = 0; i < array_count(settings_of_qualifier); i++) {
        struct codec_pairs *pairs = (void *)((char *)settings + settings_of_qualifier[i]);
        int r = codec_pairs_replace(pairs, arena, qualifier, STR_NONE);

        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

/* What makes up a version, and nothing else. */
static void fingerprint(struct buf *out, const struct function_config *config)
{
    struct function_config bare = *config;

    if (str_is_set(config->description_of_latest))
        bare.description = config->description_of_latest;
    bare.description_of_latest = STR_NONE;
    bare.state = 0;
    bare.update = 0;
    bare.revision_id = STR_NONE;
    bare.last_modified_ms = 0;
    bare.generation = 0;
    function_config_encode(out, &bare);
}

int function_config_is_published(const struct function_config *latest,
                                 const struct function_config *version)
{
    CLEANUP(buf_deinit) struct buf a = {0};
    CLEANUP(buf_deinit) struct buf b = {0};

    fingerprint(&a, latest);
    fingerprint(&b, version);
    if (buf_failed(&a) || buf_failed(&b))
        return err_new(-ENOMEM);
    return str_eq(buf_str(&a), buf_str(&b));
}
