/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UpdateFunctionCode and UpdateFunctionConfiguration. Both set parts of the current configuration
 * inside the catalogue's change, so that what they do not mention is as it is when the change is
 * written.
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
#include "api/lambda/vpc_probe.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "code/code_store.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* In the request's arena. */
struct update {
    struct api_request *request;
    struct lambda_service *service;
    struct function_ref ref;
    struct catalog_update input;
    struct code_load code;
    bool is_image;
    struct vpc_probe vpc;
    struct settings settings;
    struct settings_fault fault;
    struct catalog_change change;
};

enum { UPDATE_REFUSED = CATALOG_CALLER };

static void update_refuse(struct update *update, int answer)
{
    catalog_change_deinit(&update->change);
    if (answer == UPDATE_REFUSED)
        settings_answer_fault(update->request, &update->fault);
    else
        answer_refused(update->request, &update->ref, answer);
}

/* A published version is named by its number, the function by the name alone. */
static void update_done(struct update *update, int answer)
{
    struct api_request *request = update->request;
    const struct function_view *result = &update->change.result;
    struct lambda_function_configuration output;
    struct str qualifier;
    int r;

    update->code.package = code_package_unref(update->code.package);
    if (answer != CATALOG_OK) {
        update_refuse(update, answer);
        return;
    }
    qualifier =
        result->version == FUNCTION_LATEST ? STR_NONE : configuration_version(request, result);
    r = configuration_make(request, &update->ref.id, result, qualifier, CONFIGURATION_FULL,
                           &output);
    if (r < 0)
        update_refuse(update, err_pass(r));
    else
        answer_changed(request, &update->change, &output);
}

static void on_updated(struct catalog_change *change, int answer)
{
    update_done(container_of(change, struct update, change), answer);
}

static void update_start(struct update *update)
{
    int r;

    update->input.id = update->ref.id;
    update->change.on_done = on_updated;
    r = catalog_update(update->service->options.catalog, &update->change, &update->input);
    if (r != CATALOG_STARTED)
        update_done(update, r);
}

static struct update *update_new(struct api_request *request, void *context)
{
    struct update *update = arena_new(&request->arena, struct update);

    if (!update) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    update->request = request;
    update->service = context;
    return update;
}

static int refuse(struct update *update, struct str message)
{
    update->fault = (struct settings_fault){&lambda_fault_invalid_parameter_value, message};
    return UPDATE_REFUSED;
}

/* A function stays of the kind it was made of. */
static const char *wrong_kind(bool is_image)
{
    return is_image ? "Please provide ImageUri when updating a function with packageType Image."
                    : "Please don't provide ImageUri when updating a function with packageType "
                      "Zip.";
}

/* The fault's text outlives the change: it goes to the request. */
static int check_size(struct update *update, const struct function_config *config)
{
    int r = function_layers_check_size(config, &update->request->arena, &update->fault);

    if (r < 0)
        return err_pass(r);
    return r == SETTINGS_REFUSED ? UPDATE_REFUSED : CATALOG_OK;
}

static int code_apply(const struct catalog_update *catalog_update, struct arena *arena,
                      struct function_config *config)
{
    struct update *update = container_of(catalog_update, struct update, input);
    const struct lambda_update_function_code_request *input = update->request->input;

    (void)arena;
    if (function_config_is_image(config) != update->is_image)
        return refuse(update, str_of(wrong_kind(function_config_is_image(config))));
    if (input->architectures.count > 0)
        config->architecture = input->architectures.ptr[0];
    if (update->is_image)
        return image_apply(input->image_uri, config) < 0 ? err_new(-ENOMEM) : CATALOG_OK;
    config->code = update->code.digest;
    config->code_bytes = update->code.bytes;
    config->code_unpacked_bytes = code_package_unpacked_bytes(update->code.package);
    config->source_kms_key_arn = input->source_kms_key_arn;
    return check_size(update, config);
}

static void on_code(struct code_load *code)
{
    update_start(container_of(code, struct update, code));
}

/* Before the code is loaded; judged again when it is written. */
static bool check_kind(struct update *update,
                       const struct lambda_update_function_code_request *input)
{
    struct function_view latest;
    int r = catalog_get(update->service->options.catalog, &update->ref.id, FUNCTION_LATEST,
                        &update->request->arena, &latest);

    if (r != CATALOG_OK)
        answer_refused(update->request, &update->ref, r);
    else if (function_config_is_image(&latest.config) != update->is_image)
        answer_invalid(update->request, "%s", wrong_kind(!update->is_image));
    else if (str_is_set(input->publish_to))
        api_fault(update->request, &api_fault_not_implemented,
                  "Lambda Managed Instances are not supported by this server.");
    else
        return true;
    return false;
}

void lambda_update_function_code(struct api_request *request, void *context)
{
    const struct lambda_update_function_code_request *input = request->input;
    const struct code_source source = {input->zip_file, input->s3_bucket, input->s3_key,
                                       input->s3_object_version};
    struct update *update = update_new(request, context);

    if (!update ||
        !name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &update->ref))
        return;
    update->is_image = str_is_set(input->image_uri);
    if (!check_kind(update, input) ||
        (!update->is_image && (!code_source_check(request, &source) ||
                               !code_signing_admits_update(request, context, &update->ref))))
        return;
    update->input.revision_id = input->revision_id;
    update->input.publish = input->publish.has && input->publish.value;
    update->input.dry_run = input->dry_run.has && input->dry_run.value;
    update->input.apply = code_apply;
    update->code.on_done = on_code;
    if (update->is_image)
        update_start(update);
    else
        code_load_start(&update->code, request, update->service, &source);
}

/* A function is durable from its creation on, or never. */
static int durable_apply(struct update *update, const struct lambda_durable_config *durable,
                         struct function_config *config)
{
    if (!durable)
        return CATALOG_OK;
    if (config->durable_timeout_s == 0)
        return refuse(update, STR("DurableConfig can only be set when the function is created."));
    if (durable->execution_timeout.has)
        config->durable_timeout_s = (uint32_t)durable->execution_timeout.value;
    if (durable->retention_period_in_days.has)
        config->durable_retention_days = (uint32_t)durable->retention_period_in_days.value;
    return CATALOG_OK;
}

static int settings_apply_all(const struct catalog_update *catalog_update, struct arena *arena,
                              struct function_config *config)
{
    struct update *update = container_of(catalog_update, struct update, input);
    const struct lambda_update_function_configuration_request *input = update->request->input;
    /* The fault's text outlives the change: it goes to the request. */
    int r = settings_apply(&update->settings, &update->request->arena, config, &update->fault);

    (void)arena;
    if (r < 0)
        return err_pass(r);
    if (r == SETTINGS_REFUSED)
        return UPDATE_REFUSED;
    return durable_apply(update, input->durable_config, config);
}

static void on_vpc(struct vpc_probe *probe)
{
    struct update *update = container_of(probe, struct update, vpc);

    if (probe->vpc_id[0])
        update->settings.vpc_id = str_of(probe->vpc_id);
    update_start(update);
}

void lambda_update_function_configuration(struct api_request *request, void *context)
{
    const struct lambda_update_function_configuration_request *input = request->input;
    struct update *update = update_new(request, context);
    int r;

    if (!update ||
        !name_resolve_unqualified(request, input->function_name, NAME_OWN_ACCOUNT, &update->ref))
        return;
    if (input->capacity_provider_config) {
        answer_invalid(request, "CapacityProviderConfig isn't supported for Lambda Default "
                                "functions.");
        return;
    }
    update->settings = settings_of_update(request, update->service->options.catalog, input);
    update->input.revision_id = input->revision_id;
    update->input.apply = settings_apply_all;
    update->vpc.on_done = on_vpc;
    r = vpc_probe_start(&update->vpc, request, update->service->options.aws, input->vpc_config);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else if (r == VPC_PROBE_NOTHING_TO_ASK)
        update_start(update);
}
