/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UpdateFunctionCode and UpdateFunctionConfiguration. Both set parts of the current configuration
 * inside the catalogue's change, so that what they do not mention is as it is when the change is
 * written.
 */

#include <errno.h>

#include "api/front_faults.h"
#include "api/lambda/answers.h"
#include "api/lambda/code_source.h"
#include "api/lambda/configuration.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/settings.h"
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
    struct code_upload upload;
    struct code_request code;
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

static int code_apply(const struct catalog_update *catalog_update, struct arena *arena,
                      struct function_config *config)
{
    const struct update *update = container_of(catalog_update, const struct update, input);
    const struct lambda_update_function_code_request *input = update->request->input;

    (void)arena;
    config->code = input->zip_file->sha256;
    config->code_bytes = input->zip_file->size;
    config->code_unpacked_bytes = code_package_unpacked_bytes(update->code.package);
    config->source_kms_key_arn = input->source_kms_key_arn;
    if (input->architectures.count > 0)
        config->architecture = input->architectures.ptr[0];
    return CATALOG_OK;
}

static void on_code(struct code_request *code)
{
    struct update *update = container_of(code, struct update, code);

    if (code->outcome != CODE_OK)
        answer_code_refused(update->request, code);
    else
        update_start(update);
}

static bool code_check(struct update *update,
                       const struct lambda_update_function_code_request *input)
{
    const struct code_source source = {input->zip_file, input->s3_bucket, input->s3_key};
    uint64_t version;

    if (catalog_resolve(update->service->options.catalog, &update->ref.id, STR_NONE, &version) !=
        CATALOG_OK) {
        answer_not_found(update->request, &update->ref);
        return false;
    }
    if (str_is_set(input->image_uri)) {
        answer_invalid(update->request, "Please don't provide ImageUri when updating a function "
                                        "with packageType Zip.");
        return false;
    }
    if (str_is_set(input->publish_to)) {
        api_fault(update->request, &api_fault_not_implemented,
                  "Lambda Managed Instances are not supported by this server.");
        return false;
    }
    return code_source_check(update->request, &source);
}

void lambda_update_function_code(struct api_request *request, void *context)
{
    const struct lambda_update_function_code_request *input = request->input;
    struct update *update = update_new(request, context);
    int r;

    if (!update ||
        !name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &update->ref) ||
        !code_check(update, input))
        return;
    update->input.revision_id = input->revision_id;
    update->input.publish = input->publish.has && input->publish.value;
    update->input.dry_run = input->dry_run.has && input->dry_run.value;
    update->input.apply = code_apply;
    update->upload = (struct code_upload){
        .fd = input->zip_file->fd,
        .path = input->zip_file->path,
        .digest = input->zip_file->sha256,
    };
    update->code.on_done = on_code;
    r = code_store_add(update->service->options.code, &update->code, &update->upload);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
}

static int refuse(struct update *update, struct str message)
{
    update->fault = (struct settings_fault){&lambda_fault_invalid_parameter_value, message};
    return UPDATE_REFUSED;
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

void lambda_update_function_configuration(struct api_request *request, void *context)
{
    const struct lambda_update_function_configuration_request *input = request->input;
    struct update *update = update_new(request, context);

    if (!update ||
        !name_resolve_unqualified(request, input->function_name, NAME_OWN_ACCOUNT, &update->ref))
        return;
    if (input->capacity_provider_config) {
        answer_invalid(request, "CapacityProviderConfig isn't supported for Lambda Default "
                                "functions.");
        return;
    }
    if (input->image_config) {
        answer_invalid(request, "Please don't provide ImageConfig when updating a function with "
                                "packageType Zip.");
        return;
    }
    update->settings = settings_of_update(request, input);
    update->input.revision_id = input->revision_id;
    update->input.apply = settings_apply_all;
    update_start(update);
}
