/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/settings.h"

#include <errno.h>
#include <stdarg.h>

#include "api/lambda/function_layers.h"
#include "api/lambda/image.h"
#include "api/lambda/runtimes.h"
#include "api/request.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "catalog/config.h"
#include "model/lambda/faults.h"

enum {
    DEFAULT_TIMEOUT_S = 3,
    DEFAULT_MEMORY_MB = 128,
    DEFAULT_TMP_MB = 512,
    VPC_ID_DIGITS = 17,
};

static const struct str reserved_keys[] = {
    STR_INIT("_HANDLER"),
    STR_INIT("_X_AMZN_TRACE_ID"),
    STR_INIT("AWS_DEFAULT_REGION"),
    STR_INIT("AWS_REGION"),
    STR_INIT("AWS_EXECUTION_ENV"),
    STR_INIT("AWS_LAMBDA_FUNCTION_NAME"),
    STR_INIT("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
    STR_INIT("AWS_LAMBDA_FUNCTION_VERSION"),
    STR_INIT("AWS_LAMBDA_INITIALIZATION_TYPE"),
    STR_INIT("AWS_LAMBDA_LOG_GROUP_NAME"),
    STR_INIT("AWS_LAMBDA_LOG_STREAM_NAME"),
    STR_INIT("AWS_ACCESS_KEY"),
    STR_INIT("AWS_ACCESS_KEY_ID"),
    STR_INIT("AWS_SECRET_ACCESS_KEY"),
    STR_INIT("AWS_SESSION_TOKEN"),
    STR_INIT("AWS_LAMBDA_RUNTIME_API"),
    STR_INIT("LAMBDA_TASK_ROOT"),
    STR_INIT("LAMBDA_RUNTIME_DIR"),
};

int settings_refuse(struct settings_fault *fault, struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault->kind = &lambda_fault_invalid_parameter_value;
    fault->message = arena_vprintf(arena, format, args);
    va_end(args);
    return SETTINGS_REFUSED;
}

struct settings settings_of_create(const struct api_request *request, struct catalog *catalog,
                                   const struct lambda_create_function_request *input)
{
    return (struct settings){
        .principal = &request->principal,
        .catalog = catalog,
        .role = input->role,
        .handler = input->handler,
        .description = input->description,
        .runtime = input->runtime,
        .kms_key_arn = input->kms_key_arn,
        .timeout = input->timeout,
        .memory_size = input->memory_size,
        .vpc_config = input->vpc_config,
        .dead_letter_config = input->dead_letter_config,
        .environment = input->environment,
        .tracing_config = input->tracing_config,
        .layers = input->layers,
        .image_config = input->image_config,
        .file_system_configs = input->file_system_configs,
        .ephemeral_storage = input->ephemeral_storage,
        .snap_start = input->snap_start,
        .logging_config = input->logging_config,
    };
}

struct settings settings_of_update(const struct api_request *request, struct catalog *catalog,
                                   const struct lambda_update_function_configuration_request *input)
{
    return (struct settings){
        .principal = &request->principal,
        .catalog = catalog,
        .role = input->role,
        .handler = input->handler,
        .description = input->description,
        .runtime = input->runtime,
        .kms_key_arn = input->kms_key_arn,
        .timeout = input->timeout,
        .memory_size = input->memory_size,
        .vpc_config = input->vpc_config,
        .dead_letter_config = input->dead_letter_config,
        .environment = input->environment,
        .tracing_config = input->tracing_config,
        .layers = input->layers,
        .image_config = input->image_config,
        .file_system_configs = input->file_system_configs,
        .ephemeral_storage = input->ephemeral_storage,
        .snap_start = input->snap_start,
        .logging_config = input->logging_config,
    };
}

int settings_default(struct arena *arena, struct str function_name, struct function_config *config)
{
    *config = (struct function_config){
        .description = STR(""),
        .architecture = STR("x86_64"),
        .timeout_s = DEFAULT_TIMEOUT_S,
        .memory_mb = DEFAULT_MEMORY_MB,
        .tmp_mb = DEFAULT_TMP_MB,
        .log_group = arena_printf(arena, "/aws/lambda/%.*s", STR_FMT(function_name)),
    };
    return str_is_set(config->log_group) ? 0 : err_new(-ENOMEM);
}

static int apply_runtime(const struct settings *settings, struct arena *arena,
                         struct function_config *config, struct settings_fault *fault)
{
    if (!str_is_set(settings->runtime))
        return SETTINGS_OK;
    switch (runtime_status(settings->runtime)) {
    case RUNTIME_USABLE:
        break;
    case RUNTIME_RETIRED:
        return settings_refuse(
            fault, arena,
            "The runtime parameter of %.*s is no longer supported for creating or "
            "updating AWS Lambda functions. We recommend you use a supported runtime "
            "while creating or updating functions.",
            STR_FMT(settings->runtime));
    case RUNTIME_UNKNOWN:
        return settings_refuse(
            fault, arena,
            "Value %.*s at 'runtime' failed to satisfy constraint: Member must satisfy "
            "enum value set: %s or be a valid ARN",
            STR_FMT(settings->runtime), runtime_enum_text);
    }
    config->runtime = settings->runtime;
    return SETTINGS_OK;
}

static bool is_reserved(struct str key)
{
    for (size_t i = 0; i < array_count(reserved_keys); i++)
        if (str_eq(reserved_keys[i], key))
            return true;
    return false;
}

/* The keys that may not be set, as AWS lists them; empty when there are none. */
static void reserved_list(const struct lambda_environment_variables *variables, struct buf *out)
{
    for (size_t i = 0; i < variables->count; i++)
        if (is_reserved(variables->ptr[i].key))
            (void)buf_printf(out, "%s%.*s", out->len ? ", " : "", STR_FMT(variables->ptr[i].key));
}

/* The text that AWS measures and quotes. */
static void environment_json(const struct lambda_environment_variables *variables, struct buf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_write_object_begin(&writer);
    for (size_t i = 0; i < variables->count; i++)
        json_write_member(&writer, variables->ptr[i].key, variables->ptr[i].value);
    json_write_object_end(&writer);
}

static int check_environment(const struct lambda_environment_variables *variables,
                             struct arena *arena, struct settings_fault *fault)
{
    CLEANUP(buf_deinit) struct buf reserved = {0};
    CLEANUP(buf_deinit) struct buf json = {0};

    reserved_list(variables, &reserved);
    environment_json(variables, &json);
    if (buf_failed(&reserved) || buf_failed(&json))
        return err_new(-ENOMEM);
    if (reserved.len > 0)
        return settings_refuse(
            fault, arena,
            "Lambda was unable to configure your environment variables because the "
            "environment variables you have provided contains reserved keys that are "
            "currently not supported for modification. Reserved keys used in this "
            "request: %.*s",
            STR_FMT(buf_str(&reserved)));
    if (json.len > LIMIT_ENVIRONMENT_BYTES)
        return settings_refuse(
            fault, arena,
            "Lambda was unable to configure your environment variables because the "
            "environment variables you have provided exceeded the 4KB limit. String "
            "measured: %.*s",
            STR_FMT(buf_str(&json)));
    return SETTINGS_OK;
}

static int apply_environment(const struct settings *settings, struct arena *arena,
                             struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_environment_variables *variables;
    struct codec_pair *pairs;
    int r;

    if (!settings->environment)
        return SETTINGS_OK;
    variables = &settings->environment->variables;
    r = check_environment(variables, arena, fault);
    if (r != SETTINGS_OK)
        return r;
    pairs = arena_new_array(arena, struct codec_pair, variables->count + 1);
    if (!pairs)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < variables->count; i++)
        pairs[i] = (struct codec_pair){variables->ptr[i].key, variables->ptr[i].value};
    config->environment = (struct codec_pairs){pairs, variables->count};
    return SETTINGS_OK;
}

/* Where EC2 does not tell, an account has one network in each region. */
static int vpc_id_make(const struct settings *settings, struct arena *arena, struct str *ret_id)
{
    const struct api_principal *principal = settings->principal;
    char hex[DIGEST_HEX_BYTES];
    struct digest digest;
    struct str place =
        arena_printf(arena, "%.*s/%.*s", STR_FMT(principal->account), STR_FMT(principal->region));
    int r;

    if (!str_is_set(place))
        return err_new(-ENOMEM);
    r = hash_bytes(&digest, place.ptr, place.len);
    if (r < 0)
        return err_pass(r);
    *ret_id = arena_printf(arena, "vpc-%.*s", VPC_ID_DIGITS, digest_hex(&digest, hex));
    return str_is_set(*ret_id) ? 0 : err_new(-ENOMEM);
}

static int apply_vpc(const struct settings *settings, struct arena *arena,
                     struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_vpc_config *vpc = settings->vpc_config;

    if (!vpc)
        return SETTINGS_OK;
    if (vpc->subnet_ids.ptr)
        config->vpc_subnets = (struct codec_list){vpc->subnet_ids.ptr, vpc->subnet_ids.count};
    if (vpc->security_group_ids.ptr)
        config->vpc_security_groups =
            (struct codec_list){vpc->security_group_ids.ptr, vpc->security_group_ids.count};
    if (vpc->ipv6_allowed_for_dual_stack.has)
        config->vpc_ipv6 = vpc->ipv6_allowed_for_dual_stack.value;
    if ((config->vpc_subnets.count > 0) != (config->vpc_security_groups.count > 0))
        return settings_refuse(fault, arena,
                               "SubnetIds and SecurityIds must coexist or be both empty list.");
    if (config->vpc_subnets.count == 0) {
        config->vpc_id = STR("");
        config->vpc_ipv6 = false;
    } else if (str_is_set(settings->vpc_id)) {
        config->vpc_id = settings->vpc_id;
    } else if (vpc->subnet_ids.ptr) {
        return vpc_id_make(settings, arena, &config->vpc_id);
    }
    return SETTINGS_OK;
}

static int apply_file_systems(const struct settings *settings, struct arena *arena,
                              struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_file_system_config_list *list = &settings->file_system_configs;
    struct codec_pair *pairs;

    if (list->ptr) {
        pairs = arena_new_array(arena, struct codec_pair, list->count + 1);
        if (!pairs)
            return err_new(-ENOMEM);
        for (size_t i = 0; i < list->count; i++)
            pairs[i] = (struct codec_pair){list->ptr[i].arn, list->ptr[i].local_mount_path};
        config->file_systems = (struct codec_pairs){list->count > 0 ? pairs : NULL, list->count};
    }
    if (config->file_systems.count > 0 && config->vpc_subnets.count == 0)
        return settings_refuse(fault, arena,
                               "Function must be configured to execute in a VPC to reference "
                               "access point %.*s.",
                               STR_FMT(config->file_systems.ptr[0].name));
    return SETTINGS_OK;
}

/* Merges: what is absent stays. Levels exist with JSON only. */
static int apply_logging(const struct settings *settings, struct arena *arena,
                         struct function_config *config, struct settings_fault *fault)
{
    const struct lambda_logging_config *logging = settings->logging_config;

    if (!logging)
        return SETTINGS_OK;
    if (str_is_set(logging->log_format))
        config->log_json = str_eq(logging->log_format, STR("JSON"));
    if (str_is_set(logging->log_group))
        config->log_group = logging->log_group;
    if (!config->log_json) {
        config->log_level_application = STR_NONE;
        config->log_level_system = STR_NONE;
        if (!str_is_set(logging->application_log_level) && !str_is_set(logging->system_log_level))
            return SETTINGS_OK;
        return settings_refuse(
            fault, arena,
            "LogLevel is not supported when LogFormat is set to \"Text\". Remove "
            "LogLevel from your request or change the LogFormat to \"JSON\" and try "
            "again.");
    }
    if (str_is_set(logging->application_log_level))
        config->log_level_application = logging->application_log_level;
    else if (!str_is_set(config->log_level_application))
        config->log_level_application = STR("INFO");
    if (str_is_set(logging->system_log_level))
        config->log_level_system = logging->system_log_level;
    else if (!str_is_set(config->log_level_system))
        config->log_level_system = STR("INFO");
    return SETTINGS_OK;
}

static int apply_snap_start(const struct settings *settings, struct arena *arena,
                            struct function_config *config, struct settings_fault *fault)
{
    if (settings->snap_start && str_is_set(settings->snap_start->apply_on))
        config->snap_start_published =
            str_eq(settings->snap_start->apply_on, STR("PublishedVersions"));
    if (config->snap_start_published && !runtime_has_snap_start(config->runtime))
        return settings_refuse(
            fault, arena, "%.*s is not supported for SnapStart enabled functions.",
            STR_FMT(function_config_is_image(config) ? STR("Image") : config->runtime));
    return SETTINGS_OK;
}

/* An empty text takes a setting away. */
static void set_or_clear(struct str *setting, struct str value)
{
    if (str_is_set(value))
        *setting = value.len > 0 ? value : STR_NONE;
}

static void set_number(uint32_t *setting, struct model_int value)
{
    if (value.has)
        *setting = (uint32_t)value.value; /* the model has checked its range */
}

static void apply_plain(const struct settings *settings, struct function_config *config)
{
    if (str_is_set(settings->role))
        config->role = settings->role;
    if (str_is_set(settings->handler))
        config->handler = settings->handler;
    if (str_is_set(settings->description))
        config->description = settings->description;
    set_number(&config->timeout_s, settings->timeout);
    set_number(&config->memory_mb, settings->memory_size);
    if (settings->ephemeral_storage)
        set_number(&config->tmp_mb, settings->ephemeral_storage->size);
    if (settings->tracing_config && str_is_set(settings->tracing_config->mode))
        config->tracing_active = str_eq(settings->tracing_config->mode, STR("Active"));
    if (settings->dead_letter_config)
        set_or_clear(&config->dead_letter_arn, settings->dead_letter_config->target_arn);
    set_or_clear(&config->kms_key_arn, settings->kms_key_arn);
}

/* Members that belong to the other package type. */
static int apply_image(const struct settings *settings, struct arena *arena,
                       struct function_config *config, struct settings_fault *fault)
{
    bool has_zip_member = str_is_set(settings->handler) || str_is_set(settings->runtime) ||
                          settings->layers.count > 0;

    if (function_config_is_image(config) && has_zip_member)
        return settings_refuse(fault, arena,
                               "Please don't provide Handler or Runtime or Layer when the intended "
                               "function PackageType is Image.");
    if (!settings->image_config)
        return SETTINGS_OK;
    if (!function_config_is_image(config))
        return settings_refuse(fault, arena,
                               "Please don't provide ImageConfig when the intended function "
                               "PackageType is Zip.");
    image_config_apply(settings->image_config, config);
    return SETTINGS_OK;
}

int settings_apply(const struct settings *settings, struct arena *arena,
                   struct function_config *config, struct settings_fault *ret_fault)
{
    int r = apply_image(settings, arena, config, ret_fault);

    if (r == SETTINGS_OK)
        r = apply_runtime(settings, arena, config, ret_fault);

    if (r == SETTINGS_OK)
        r = apply_environment(settings, arena, config, ret_fault);
    if (r == SETTINGS_OK)
        r = function_layers_apply(settings, arena, config, ret_fault);
    if (r == SETTINGS_OK)
        r = apply_vpc(settings, arena, config, ret_fault);
    if (r == SETTINGS_OK)
        r = apply_file_systems(settings, arena, config, ret_fault);
    if (r == SETTINGS_OK)
        r = apply_logging(settings, arena, config, ret_fault);
    if (r == SETTINGS_OK)
        r = apply_snap_start(settings, arena, config, ret_fault);
    if (r == SETTINGS_OK)
        apply_plain(settings, config);
    return r;
}

void settings_answer_fault(struct api_request *request, const struct settings_fault *fault)
{
    const struct api_fault answer = {.kind = fault->kind, .message = fault->message};

    api_fault_send(request, &answer);
}
