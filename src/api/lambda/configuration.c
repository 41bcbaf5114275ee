/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/configuration.h"

#include <errno.h>
#include <inttypes.h>

#include "api/lambda/function_layers.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/runtime_version.h"
#include "model/model.h"

/* Both are what the service sends, also for updates. */
#define REASON_CREATING STR("The function is being created.")
#define REASON_CODE_CREATING STR("Creating")

struct str configuration_version(struct api_request *request, const struct function_view *view)
{
    if (view->version == FUNCTION_LATEST)
        return STR("$LATEST");
    return arena_printf(&request->arena, "%" PRIu64, view->version);
}

struct str configuration_code_sha256(const struct function_config *config,
                                     char buffer[DIGEST_HEX_BYTES])
{
    return str_of(function_config_is_image(config) ? digest_hex(&config->code, buffer)
                                                   : digest_base64(&config->code, buffer));
}

/* The parts that are structures of their own, together in one allocation. */
struct parts {
    struct lambda_vpc_config_response vpc;
    struct lambda_dead_letter_config dead_letter;
    struct lambda_environment_response environment;
    struct lambda_tracing_config_response tracing;
    struct lambda_ephemeral_storage storage;
    struct lambda_snap_start_response snap_start;
    struct lambda_runtime_version_config runtime_version;
    struct lambda_logging_config logging;
    struct lambda_tenancy_config tenancy;
    struct lambda_durable_config durable;
    struct lambda_image_config image;
    struct lambda_image_config_response image_response;
    struct str architecture;
    char code_sha256[DIGEST_HEX_BYTES]; /* base64, hexadecimal for images */
    char last_modified[CLOCK_TEXT_BYTES];
    char runtime_version_arn[RUNTIME_VERSION_ARN_BYTES];
};

static int fill_environment(struct arena *arena, struct parts *parts,
                            const struct function_config *config,
                            struct lambda_function_configuration *out)
{
    const struct codec_pairs *pairs = &config->environment;
    struct lambda_environment_variables_entry *entries;

    if (!pairs->ptr)
        return 0;
    entries = arena_new_array(arena, struct lambda_environment_variables_entry, pairs->count + 1);
    if (!entries)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < pairs->count; i++) {
        entries[i].key = pairs->ptr[i].name;
        entries[i].value = pairs->ptr[i].value;
    }
    parts->environment.variables.ptr = entries;
    parts->environment.variables.count = pairs->count;
    out->environment = &parts->environment;
    return 0;
}

static int fill_file_systems(struct arena *arena, const struct function_config *config,
                             struct lambda_function_configuration *out)
{
    const struct codec_pairs *pairs = &config->file_systems;
    struct lambda_file_system_config *list;

    if (pairs->count == 0)
        return 0;
    list = arena_new_array(arena, struct lambda_file_system_config, pairs->count);
    if (!list)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < pairs->count; i++) {
        list[i].arn = pairs->ptr[i].name;
        list[i].local_mount_path = pairs->ptr[i].value;
    }
    out->file_system_configs.ptr = list;
    out->file_system_configs.count = pairs->count;
    return 0;
}

static void fill_vpc(struct parts *parts, const struct function_config *config,
                     struct lambda_function_configuration *out)
{
    if (!config->vpc_subnets.ptr)
        return;
    parts->vpc.subnet_ids.ptr = config->vpc_subnets.ptr;
    parts->vpc.subnet_ids.count = config->vpc_subnets.count;
    parts->vpc.security_group_ids.ptr = config->vpc_security_groups.ptr
                                            ? config->vpc_security_groups.ptr
                                            : (const struct str *)(const void *)model_empty;
    parts->vpc.security_group_ids.count = config->vpc_security_groups.count;
    parts->vpc.vpc_id = config->vpc_id;
    parts->vpc.ipv6_allowed_for_dual_stack = model_bool(config->vpc_ipv6);
    out->vpc_config = &parts->vpc;
}

static void fill_image(struct parts *parts, const struct function_config *config,
                       struct lambda_function_configuration *out)
{
    if (!config->image_entry_point.ptr && !config->image_command.ptr &&
        !str_is_set(config->image_working_directory))
        return;
    parts->image.entry_point.ptr = config->image_entry_point.ptr;
    parts->image.entry_point.count = config->image_entry_point.count;
    parts->image.command.ptr = config->image_command.ptr;
    parts->image.command.count = config->image_command.count;
    parts->image.working_directory = config->image_working_directory;
    parts->image_response.image_config = &parts->image;
    out->image_config_response = &parts->image_response;
}

static struct str state_text(const struct function_config *config)
{
    switch ((enum function_state)config->state) {
    case FUNCTION_ACTIVE:
        return STR("Active");
    case FUNCTION_PENDING:
        return STR("Pending");
    case FUNCTION_FAILED:
        return STR("Failed");
    case FUNCTION_INACTIVE:
        return STR("Inactive");
    }
    return STR_NONE;
}

static void fill_state(const struct function_config *config,
                       struct lambda_function_configuration *out)
{
    out->state = state_text(config);
    if (config->state == FUNCTION_PENDING) {
        out->state_reason = REASON_CREATING;
        out->state_reason_code = REASON_CODE_CREATING;
    }
    switch ((enum function_update)config->update) {
    case FUNCTION_UPDATE_NONE:
        break;
    case FUNCTION_UPDATE_SUCCESSFUL:
        out->last_update_status = STR("Successful");
        break;
    case FUNCTION_UPDATE_IN_PROGRESS:
        out->last_update_status = STR("InProgress");
        out->last_update_status_reason = REASON_CREATING;
        out->last_update_status_reason_code = REASON_CODE_CREATING;
        break;
    case FUNCTION_UPDATE_FAILED:
        out->last_update_status = STR("Failed");
        break;
    }
}

static void fill_runtime_version(struct parts *parts, const struct function_id *id,
                                 const struct function_config *config,
                                 struct lambda_function_configuration *out)
{
    parts->runtime_version.runtime_version_arn =
        str_of(runtime_version_arn(id->region, config->runtime, parts->runtime_version_arn));
    out->runtime_version_config = &parts->runtime_version;
}

/* Structures that are always there. */
static void fill_fixed(struct parts *parts, const struct function_view *view,
                       struct lambda_function_configuration *out)
{
    const struct function_config *config = &view->config;
    bool has_snapshot = config->snap_start_published && view->version != FUNCTION_LATEST;

    parts->tracing.mode = config->tracing_active ? STR("Active") : STR("PassThrough");
    out->tracing_config = &parts->tracing;
    parts->storage.size = model_int(config->tmp_mb);
    out->ephemeral_storage = &parts->storage;
    parts->snap_start.apply_on =
        config->snap_start_published ? STR("PublishedVersions") : STR("None");
    parts->snap_start.optimization_status = has_snapshot ? STR("On") : STR("Off");
    out->snap_start = &parts->snap_start;
    parts->logging.log_format = config->log_json ? STR("JSON") : STR("Text");
    parts->logging.application_log_level = config->log_level_application;
    parts->logging.system_log_level = config->log_level_system;
    parts->logging.log_group = config->log_group;
    out->logging_config = &parts->logging;
    parts->architecture = config->architecture;
    out->architectures.ptr = &parts->architecture;
    out->architectures.count = 1;
}

/* Structures that are there when they were set. */
static void fill_optional(struct parts *parts, const struct function_config *config,
                          struct lambda_function_configuration *out)
{
    if (str_is_set(config->dead_letter_arn)) {
        parts->dead_letter.target_arn = config->dead_letter_arn;
        out->dead_letter_config = &parts->dead_letter;
    }
    if (str_is_set(config->tenant_isolation_mode)) {
        parts->tenancy.tenant_isolation_mode = config->tenant_isolation_mode;
        out->tenancy_config = &parts->tenancy;
    }
    if (config->durable_timeout_s > 0) {
        parts->durable.execution_timeout = model_int(config->durable_timeout_s);
        parts->durable.retention_period_in_days = model_int(config->durable_retention_days);
        out->durable_config = &parts->durable;
    }
    fill_vpc(parts, config, out);
    fill_image(parts, config, out);
}

static void fill_plain(struct parts *parts, const struct function_config *config,
                       struct lambda_function_configuration *out)
{
    out->runtime = config->runtime;
    out->role = config->role;
    out->handler = config->handler;
    out->code_size = model_int((int64_t)config->code_bytes);
    out->description = config->description;
    out->timeout = model_int(config->timeout_s);
    out->memory_size = model_int(config->memory_mb);
    out->last_modified =
        str_of(clock_format_offset(parts->last_modified, config->last_modified_ms));
    out->code_sha256 = configuration_code_sha256(config, parts->code_sha256);
    out->kms_key_arn = config->kms_key_arn;
    out->revision_id = config->revision_id;
    out->package_type = function_config_is_image(config) ? STR("Image") : STR("Zip");
}

int configuration_make(struct api_request *request, const struct function_id *id,
                       const struct function_view *view, struct str qualifier,
                       enum configuration_style style,
                       struct lambda_function_configuration *ret_configuration)
{
    const struct function_config *config = &view->config;
    struct parts *parts = arena_new(&request->arena, struct parts);
    struct lambda_function_configuration out = {0};
    int r;

    if (!parts)
        return err_new(-ENOMEM);
    out.function_name = id->name;
    out.function_arn = arn_function(&request->arena, id, qualifier);
    out.version = configuration_version(request, view);
    if (!str_is_set(out.function_arn) || !str_is_set(out.version))
        return err_new(-ENOMEM);
    fill_plain(parts, config, &out);
    fill_fixed(parts, view, &out);
    fill_optional(parts, config, &out);
    r = fill_environment(&request->arena, parts, config, &out);
    if (r == 0)
        r = fill_file_systems(&request->arena, config, &out);
    if (r == 0)
        r = function_layers_make(config, &request->arena, &out.layers);
    if (r < 0)
        return err_pass(r);
    if (style == CONFIGURATION_FULL) {
        fill_state(config, &out);
        if (str_is_set(config->runtime))
            fill_runtime_version(parts, id, config, &out);
    }
    *ret_configuration = out;
    return 0;
}
