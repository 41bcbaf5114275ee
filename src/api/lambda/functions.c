/* SPDX-License-Identifier: Apache-2.0 */

/* GetFunction, GetFunctionConfiguration, DeleteFunction. */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/configuration.h"
#include "api/lambda/handlers.h"
#include "api/lambda/image.h"
#include "api/lambda/location.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/tags.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

enum { STATUS_NO_CONTENT = 204 };

/* The version that a reference means. False: the request has been answered. */
static bool view_get(struct api_request *request, struct lambda_service *service,
                     const struct function_ref *ref, struct function_view *ret_view)
{
    struct catalog *catalog = service->options.catalog;
    uint64_t version = FUNCTION_LATEST;
    int r = catalog_resolve(catalog, &ref->id, ref->qualifier, &version);

    if (r == CATALOG_OK)
        r = catalog_get(catalog, &ref->id, version, &request->arena, ret_view);
    if (r == CATALOG_OK)
        return true;
    answer_refused(request, ref, r);
    return false;
}

static int code_location_make(struct api_request *request, struct lambda_service *service,
                              const struct function_config *config,
                              struct lambda_function_code_location *ret_location)
{
    struct lambda_function_code_location location = {0};
    struct str place;

    if (function_config_is_image(config)) {
        location.repository_type = STR("ECR");
        location.image_uri = config->image_uri;
        place = location.resolved_image_uri = image_resolved_uri(&request->arena, config);
    } else {
        location.repository_type = STR("S3");
        location.source_kms_key_arn = config->source_kms_key_arn;
        place = location.location = package_location(request, service, &config->code);
    }
    *ret_location = location;
    return str_is_set(place) ? 0 : err_new(-ENOMEM);
}

/* What belongs to the function as a whole. 0 or a failure */
static int fill_settings(struct api_request *request, struct lambda_service *service,
                         const struct function_id *id, struct lambda_concurrency *concurrency,
                         struct lambda_get_function_response *output)
{
    struct function_settings settings;
    int r = catalog_get_settings(service->options.catalog, id, &request->arena, &settings);

    if (r != CATALOG_OK)
        return err_fold(r);
    if (settings.reserves_concurrency) {
        concurrency->reserved_concurrent_executions = model_int(settings.reserved_concurrency);
        output->concurrency = concurrency;
    }
    return settings.tags.count > 0 ? tags_make(request, &settings.tags, &output->tags) : 0;
}

void lambda_get_function(struct api_request *request, void *context)
{
    const struct lambda_get_function_request *input = request->input;
    struct lambda_service *service = context;
    struct lambda_function_configuration configuration;
    struct lambda_concurrency concurrency;
    struct lambda_function_code_location code;
    struct lambda_get_function_response output = {.configuration = &configuration, .code = &code};
    struct function_ref ref;
    struct function_view view;
    int r;

    if (!name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY, &ref) ||
        !view_get(request, service, &ref, &view))
        return;
    r = configuration_make(request, &ref.id, &view, ref.qualifier, CONFIGURATION_FULL,
                           &configuration);
    if (r == 0)
        r = fill_settings(request, service, &ref.id, &concurrency, &output);
    if (r == 0)
        r = code_location_make(request, service, &view.config, &code);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

void lambda_get_function_configuration(struct api_request *request, void *context)
{
    const struct lambda_get_function_configuration_request *input = request->input;
    struct lambda_function_configuration output;
    struct function_ref ref;
    struct function_view view;
    int r;

    if (!name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY, &ref) ||
        !view_get(request, context, &ref, &view))
        return;
    r = configuration_make(request, &ref.id, &view, ref.qualifier, CONFIGURATION_FULL, &output);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

/* In the request's arena. */
struct delete_function {
    struct api_request *request;
    struct lambda_service *service;
    struct function_ref ref;
    struct catalog_delete input;
    struct catalog_change change;
};

/* "[a, b]": the aliases that name the version. Absent when out of memory. */
static struct str aliases_of(struct delete_function *delete)
{
    struct api_request *request = delete->request;
    struct function_settings settings;
    struct str text = STR("[");

    if (catalog_get_settings(delete->service->options.catalog, &delete->ref.id, &request->arena,
                             &settings) != CATALOG_OK)
        return STR_NONE;
    for (size_t i = 0; i < settings.aliases.count; i++) {
        struct function_alias alias;

        if (function_alias_decode(&settings.aliases.ptr[i], &request->arena, &alias) == 0 &&
            function_alias_names(&alias, delete->input.version))
            text = arena_printf(&request->arena, "%.*s%s%.*s", STR_FMT(text),
                                text.len > 1 ? ", " : "", STR_FMT(alias.name));
    }
    return arena_printf(&request->arena, "%.*s]", STR_FMT(text));
}

static void refuse_referenced(struct delete_function *delete)
{
    api_fault(delete->request, &lambda_fault_resource_conflict,
              "Unable to delete version because the following aliases reference it: %.*s",
              STR_FMT(aliases_of(delete)));
}

static void delete_done(struct delete_function *delete, int answer)
{
    const struct lambda_delete_function_response output = {
        .status_code = model_int(STATUS_NO_CONTENT),
    };
    struct api_request *request = delete->request;

    catalog_change_deinit(&delete->change);
    if (answer == CATALOG_OK) {
        api_reply(request, &output);
        return;
    }
    if (answer == CATALOG_REFERENCED) {
        refuse_referenced(delete);
        return;
    }
    delete->ref.qualifier = STR_NONE; /* the text never has one */
    answer_refused(request, &delete->ref, answer);
}

static void on_deleted(struct catalog_change *change, int answer)
{
    delete_done(container_of(change, struct delete_function, change), answer);
}

/* A qualifier that is neither a number nor an alias is a version that does not exist: deleted
 * already. */
static bool delete_version_of(struct api_request *request, struct str qualifier,
                              uint64_t *ret_version)
{
    *ret_version = FUNCTION_LATEST;
    if (!str_is_set(qualifier))
        return true;
    if (str_eq(qualifier, STR("$LATEST")))
        answer_invalid(request, "$LATEST version cannot be deleted without deleting the function.");
    else if (name_is_alias(qualifier))
        answer_invalid(request, "Deletion of aliases is not currently supported.");
    else {
        if (!str_to_u64(qualifier, ret_version) || *ret_version == FUNCTION_LATEST)
            *ret_version = UINT64_MAX;
        return true;
    }
    return false;
}

void lambda_delete_function(struct api_request *request, void *context)
{
    const struct lambda_delete_function_request *input = request->input;
    struct lambda_service *service = context;
    struct delete_function *delete = arena_new(&request->arena, struct delete_function);
    int r;

    if (!delete) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY,
                      &delete->ref) ||
        !delete_version_of(request, delete->ref.qualifier, &delete->input.version))
        return;
    delete->request = request;
    delete->service = service;
    delete->input.id = delete->ref.id;
    delete->change.on_done = on_deleted;
    r = catalog_delete(service->options.catalog, &delete->change, &delete->input);
    if (r != CATALOG_STARTED)
        delete_done(delete, r);
}
