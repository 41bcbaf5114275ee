/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CreateFunction: check the settings → ask for the VPC → load the code and make it durable (an
 * image is a name only) → write the function as Pending → answer. The package is held by the
 * request until the catalogue holds it.
 */

#include <errno.h>

#include "api/front_faults.h"
#include "api/lambda/answers.h"
#include "api/lambda/code_signing.h"
#include "api/lambda/code_source.h"
#include "api/lambda/configuration.h"
#include "api/lambda/function_layers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/image.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/settings.h"
#include "api/lambda/tags.h"
#include "api/lambda/vpc_probe.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/code_signing.h"
#include "code/code_store.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

enum { DURABLE_RETENTION_DAYS_DEFAULT = 14 };

/* In the request's arena. */
struct create {
    struct api_request *request;
    struct lambda_service *service;
    struct function_ref ref;
    struct catalog_create input;
    struct vpc_probe vpc;
    struct code_load code;
    struct catalog_change change;
};

static void create_done(struct create *create, int answer)
{
    struct api_request *request = create->request;
    struct lambda_function_configuration output;
    int r;

    create->code.package = code_package_unref(create->code.package);
    if (answer != CATALOG_OK) {
        catalog_change_deinit(&create->change);
        if (answer == CODE_SIGNING_NOT_FOUND)
            code_signing_answer_missing(request, create->input.code_signing_config);
        else
            answer_refused(request, &create->ref, answer);
        return;
    }
    /* The ARN is that of the function, also when the answer is a version. */
    r = configuration_make(request, &create->input.id, &create->change.result, STR_NONE,
                           CONFIGURATION_FULL, &output);
    if (r < 0) {
        catalog_change_deinit(&create->change);
        api_fault_internal(request, err_pass(r));
        return;
    }
    answer_changed(request, &create->change, &output);
}

static void on_created(struct catalog_change *change, int answer)
{
    create_done(container_of(change, struct create, change), answer);
}

static void write_function(struct create *create)
{
    int r;

    create->change.on_done = on_created;
    r = catalog_create(create->service->options.catalog, &create->change, &create->input);
    if (r != CATALOG_STARTED)
        create_done(create, r);
}

/* Once more, now that the size of the code is known; a layer may have gone meanwhile. False: the
 * request has been answered. */
static bool check_layers(struct create *create)
{
    struct api_request *request = create->request;
    const struct settings settings =
        settings_of_create(request, create->service->options.catalog, request->input);
    struct settings_fault fault;
    int r = function_layers_apply(&settings, &request->arena, &create->input.config, &fault);

    if (r == SETTINGS_OK)
        return true;
    create->code.package = code_package_unref(create->code.package);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        settings_answer_fault(request, &fault);
    return false;
}

static void on_code(struct code_load *code)
{
    struct create *create = container_of(code, struct create, code);
    struct function_config *config = &create->input.config;

    config->code = code->digest;
    config->code_bytes = code->bytes;
    config->code_unpacked_bytes = code_package_unpacked_bytes(code->package);
    if (check_layers(create))
        write_function(create);
}

/* Kinds of functions that are not there yet, and members that belong to others. */
static bool check_kind(struct api_request *request,
                       const struct lambda_create_function_request *input)
{
    bool is_image = str_eq(input->package_type, STR("Image"));

    if (input->capacity_provider_config || str_is_set(input->publish_to))
        api_fault(request, &api_fault_not_implemented,
                  "Lambda Managed Instances are not supported by this server.");
    else if (is_image && !str_is_set(input->code->image_uri))
        answer_invalid(request, "Please provide ImageUri when creating a function with packageType "
                                "Image.");
    else if (!is_image && (!str_is_set(input->runtime) || !str_is_set(input->handler)))
        answer_invalid(request, "Runtime and Handler are mandatory parameters for functions "
                                "created with deployment packages.");
    else
        return true;
    return false;
}

/* What only CreateFunction can set. */
static void apply_own(const struct lambda_create_function_request *input,
                      struct function_config *config)
{
    config->source_kms_key_arn = input->code->source_kms_key_arn;
    if (input->architectures.count > 0)
        config->architecture = input->architectures.ptr[0];
    if (input->tenancy_config)
        config->tenant_isolation_mode = input->tenancy_config->tenant_isolation_mode;
    if (input->durable_config && input->durable_config->execution_timeout.has) {
        config->durable_timeout_s = (uint32_t)input->durable_config->execution_timeout.value;
        config->durable_retention_days =
            input->durable_config->retention_period_in_days.has
                ? (uint32_t)input->durable_config->retention_period_in_days.value
                : DURABLE_RETENTION_DAYS_DEFAULT;
    }
}

static bool apply_settings(struct create *create,
                           const struct lambda_create_function_request *input)
{
    struct api_request *request = create->request;
    struct function_config *config = &create->input.config;
    struct settings settings = settings_of_create(request, create->service->options.catalog, input);
    struct settings_fault fault;
    int r = settings_default(&request->arena, create->input.id.name, config);

    if (r == 0 && str_eq(input->package_type, STR("Image")))
        r = image_apply(input->code->image_uri, config);
    if (r == 0)
        r = settings_apply(&settings, &request->arena, config, &fault);
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return false;
    }
    if (r == SETTINGS_REFUSED) {
        settings_answer_fault(request, &fault);
        return false;
    }
    apply_own(input, config);
    create->input.publish = input->publish.has && input->publish.value;
    return true;
}

static struct code_source source_of(const struct lambda_function_code *code)
{
    return (struct code_source){code->zip_file, code->s3_bucket, code->s3_key,
                                code->s3_object_version};
}

static bool check_source(struct api_request *request,
                         const struct lambda_create_function_request *input)
{
    const struct code_source source = source_of(input->code);

    if (!str_eq(input->package_type, STR("Image")))
        return code_source_check(request, &source);
    if (!source.zip_file && !str_is_set(source.s3_bucket) && !str_is_set(source.s3_key))
        return true;
    answer_invalid(request, "Please do not provide other FunctionCode parameters when providing an "
                            "ImageUri.");
    return false;
}

static bool check_all(struct create *create, const struct lambda_create_function_request *input)
{
    struct api_request *request = create->request;

    return check_kind(request, input) && check_source(request, input) &&
           tags_check(request, &input->tags, &create->input.tags) && apply_settings(create, input);
}

/* Before the code is unpacked; the catalogue decides again when it is written. */
static bool check_is_new(struct create *create)
{
    uint64_t version;

    if (catalog_resolve(create->service->options.catalog, &create->input.id, STR_NONE, &version) !=
        CATALOG_OK)
        return true;
    answer_refused(create->request, &create->ref, CATALOG_EXISTS);
    return false;
}

/* An image is a name only. */
static void load_code(struct create *create)
{
    const struct lambda_create_function_request *input = create->request->input;
    const struct code_source source = source_of(input->code);

    if (function_config_is_image(&create->input.config)) {
        write_function(create);
        return;
    }
    create->code.on_done = on_code;
    code_load_start(&create->code, create->request, create->service, &source);
}

static void on_vpc(struct vpc_probe *probe)
{
    struct create *create = container_of(probe, struct create, vpc);

    if (probe->vpc_id[0])
        create->input.config.vpc_id = str_of(probe->vpc_id);
    load_code(create);
}

void lambda_create_function(struct api_request *request, void *context)
{
    const struct lambda_create_function_request *input = request->input;
    struct create *create = arena_new(&request->arena, struct create);
    int r;

    if (!create) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    create->request = request;
    create->service = context;
    if (!name_resolve_new(request, input->function_name, &create->ref))
        return;
    create->input.id = create->ref.id;
    create->input.code_signing_config = input->code_signing_config_arn;
    if (!check_all(create, input) || !check_is_new(create))
        return;
    if (!function_config_is_image(&create->input.config) &&
        !code_signing_admits(request, context, &create->ref, input->code_signing_config_arn))
        return;
    create->vpc.on_done = on_vpc;
    r = vpc_probe_start(&create->vpc, request, create->service->options.aws, input->vpc_config);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else if (r == VPC_PROBE_NOTHING_TO_ASK)
        load_code(create);
}
