/* SPDX-License-Identifier: Apache-2.0 */

/* PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, DeleteLayerVersion. */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/code_source.h"
#include "api/lambda/handlers.h"
#include "api/lambda/layer_answer.h"
#include "api/lambda/layer_ref.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/layer.h"
#include "model/lambda/faults.h"

/* ---- PublishLayerVersion ---- */

/* In the request's arena. */
struct publish_layer {
    struct api_request *request;
    struct lambda_service *service;
    struct catalog_publish_layer input;
    struct code_load code;
    struct catalog_change change;
};

static void publish_answer(struct publish_layer *publish, uint64_t number)
{
    struct api_request *request = publish->request;
    const struct catalog_resource_id *layer = &publish->input.layer;
    struct lambda_get_layer_version_response made;
    struct lambda_publish_layer_version_response output;
    struct layer_version version;
    int r = catalog_get_layer_version(publish->service->options.catalog, layer, number,
                                      &request->arena, &version);

    if (r == CATALOG_OK)
        r = layer_answer_make(request, publish->service, layer, &version, &made);
    if (r != 0) {
        api_fault_internal(request, err_fold(r));
        return;
    }
    output = (struct lambda_publish_layer_version_response){
        .content = made.content,
        .layer_arn = made.layer_arn,
        .layer_version_arn = made.layer_version_arn,
        .description = made.description,
        .created_date = made.created_date,
        .version = made.version,
        .compatible_runtimes = made.compatible_runtimes,
        .license_info = made.license_info,
        .compatible_architectures = made.compatible_architectures,
    };
    api_reply(request, &output);
}

static void publish_done(struct publish_layer *publish, int answer)
{
    struct api_request *request = publish->request;
    uint64_t number = publish->change.result.version;

    publish->code.package = code_package_unref(publish->code.package);
    catalog_change_deinit(&publish->change);
    switch (answer) {
    case CATALOG_OK:
        publish_answer(publish, number);
        break;
    case CATALOG_CODE_STORAGE:
        api_fault(request, &lambda_fault_code_storage_exceeded, "Code storage limit exceeded.");
        break;
    case CATALOG_BUSY:
        api_fault(request, &lambda_fault_too_many_requests, "Rate Exceeded.");
        break;
    default:
        api_fault_internal(request, err_fold(answer));
        break;
    }
}

static void on_published(struct catalog_change *change, int answer)
{
    publish_done(container_of(change, struct publish_layer, change), answer);
}

static void on_code(struct code_load *code)
{
    struct publish_layer *publish = container_of(code, struct publish_layer, code);
    struct layer_version *version = &publish->input.version;
    int r;

    version->code = code->digest;
    version->code_bytes = code->bytes;
    version->code_unpacked_bytes = code_package_unpacked_bytes(code->package);
    publish->change.on_done = on_published;
    r = catalog_publish_layer(publish->service->options.catalog, &publish->change, &publish->input);
    if (r != CATALOG_STARTED)
        publish_done(publish, r);
}

static struct layer_version version_of(const struct lambda_publish_layer_version_request *input)
{
    return (struct layer_version){
        .description = input->description,
        .license_info = input->license_info,
        .runtimes = {input->compatible_runtimes.ptr, input->compatible_runtimes.count},
        .architectures = {input->compatible_architectures.ptr,
                          input->compatible_architectures.count},
    };
}

void lambda_publish_layer_version(struct api_request *request, void *context)
{
    const struct lambda_publish_layer_version_request *input = request->input;
    const struct code_source source = {input->content->zip_file, input->content->s3_bucket,
                                       input->content->s3_key, input->content->s3_object_version};
    struct publish_layer *publish = arena_new(&request->arena, struct publish_layer);
    struct layer_ref ref;

    if (!publish) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!layer_ref_resolve(request, input->layer_name, 0, &ref) ||
        !code_source_check(request, &source))
        return;
    publish->request = request;
    publish->service = context;
    publish->input = (struct catalog_publish_layer){ref.layer, version_of(input)};
    publish->code.on_done = on_code;
    code_load_start(&publish->code, request, publish->service, &source);
}

/* ---- GetLayerVersion, GetLayerVersionByArn ---- */

/* False: the request has been answered. */
static bool check_number(struct api_request *request, int64_t number)
{
    if (number >= 1)
        return true;
    answer_invalid(request, "Layer Version Cannot be less than 1");
    return false;
}

/* Both are decided by GetLayerVersion, as IAM knows them. */
static void get(struct api_request *request, const struct lambda_service *service,
                const struct layer_ref *ref)
{
    struct lambda_get_layer_version_response output;
    struct layer_version version;
    int r = layer_ref_get(service->options.catalog, &request->principal, ref, &request->arena,
                          &version);

    if (r == LAYER_REF_MISSING) {
        layer_ref_answer_missing(request);
        return;
    }
    if (r == LAYER_REF_DENIED) {
        layer_ref_answer_denied(request, LAYER_REF_GET, ref);
        return;
    }
    if (r == LAYER_REF_OK)
        r = layer_answer_make(request, service, &ref->layer, &version, &output);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

void lambda_get_layer_version(struct api_request *request, void *context)
{
    const struct lambda_get_layer_version_request *input = request->input;
    const struct layer_ref ref =
        layer_ref_of(request, input->layer_name, input->version_number.value);

    if (check_number(request, ref.number))
        get(request, context, &ref);
}

/* The pattern lets through ARNs of layers that AWS itself keeps; those are not here. */
void lambda_get_layer_version_by_arn(struct api_request *request, void *context)
{
    const struct lambda_get_layer_version_by_arn_request *input = request->input;
    struct layer_ref ref;

    if (!layer_ref_parse(input->arn, &ref))
        layer_ref_answer_missing(request);
    else if (check_number(request, ref.number))
        get(request, context, &ref);
}

/* ---- DeleteLayerVersion ---- */

/* In the request's arena. */
struct delete_layer {
    struct api_request *request;
    struct catalog_delete_layer input;
    struct catalog_change change;
};

static void delete_done(struct delete_layer *delete, int answer)
{
    catalog_change_deinit(&delete->change);
    if (answer == CATALOG_OK)
        api_reply(delete->request, NULL);
    else if (answer == CATALOG_BUSY)
        api_fault(delete->request, &lambda_fault_too_many_requests, "Rate Exceeded.");
    else
        api_fault_internal(delete->request, err_fold(answer));
}

static void on_deleted(struct catalog_change *change, int answer)
{
    delete_done(container_of(change, struct delete_layer, change), answer);
}

void lambda_delete_layer_version(struct api_request *request, void *context)
{
    const struct lambda_delete_layer_version_request *input = request->input;
    const struct lambda_service *service = context;
    struct delete_layer *delete = arena_new(&request->arena, struct delete_layer);
    struct layer_ref ref;
    int r;

    if (!delete) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!layer_ref_resolve(request, input->layer_name, input->version_number.value, &ref) ||
        !check_number(request, ref.number))
        return;
    delete->request = request;
    delete->input = (struct catalog_delete_layer){ref.layer, (uint64_t)ref.number};
    delete->change.on_done = on_deleted;
    r = catalog_delete_layer(service->options.catalog, &delete->change, &delete->input);
    if (r != CATALOG_STARTED)
        delete_done(delete, r);
}
