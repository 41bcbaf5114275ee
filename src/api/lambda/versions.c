/* SPDX-License-Identifier: Apache-2.0 */

/* PublishVersion. */

#include <errno.h>
#include <string.h>

#include "api/front_faults.h"
#include "api/lambda/answers.h"
#include "api/lambda/configuration.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/base64.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* In the request's arena. */
struct publish {
    struct api_request *request;
    struct lambda_service *service;
    struct function_ref ref;
    struct digest code;
    struct catalog_publish input;
    struct catalog_change change;
};

static void refuse_code(struct publish *publish)
{
    const struct lambda_publish_version_request *input = publish->request->input;
    struct function_view latest;
    char actual[DIGEST_HEX_BYTES];
    int r = catalog_get(publish->service->options.catalog, &publish->ref.id, FUNCTION_LATEST,
                        &publish->request->arena, &latest);

    if (r != CATALOG_OK) {
        answer_refused(publish->request, &publish->ref, r);
        return;
    }
    answer_invalid(publish->request,
                   "CodeSHA256 (%.*s) is different from current CodeSHA256 in $LATEST (%.*s). "
                   "Please try again with the CodeSHA256 in $LATEST.",
                   STR_FMT(input->code_sha256),
                   STR_FMT(configuration_code_sha256(&latest.config, actual)));
}

static void publish_refuse(struct publish *publish, int answer)
{
    catalog_change_deinit(&publish->change);
    if (answer == CATALOG_CODE_SHA256)
        refuse_code(publish);
    else
        answer_refused(publish->request, &publish->ref, answer);
}

static void publish_done(struct publish *publish, int answer)
{
    const struct function_view *result = &publish->change.result;
    struct lambda_function_configuration output;
    int r;

    if (answer != CATALOG_OK) {
        publish_refuse(publish, answer);
        return;
    }
    r = configuration_make(publish->request, &publish->ref.id, result,
                           configuration_version(publish->request, result), CONFIGURATION_FULL,
                           &output);
    if (r < 0)
        publish_refuse(publish, err_pass(r));
    else
        answer_changed(publish->request, &publish->change, &output);
}

static void on_published(struct catalog_change *change, int answer)
{
    publish_done(container_of(change, struct publish, change), answer);
}

static bool digest_from_base64(struct digest *ret_digest, struct str text)
{
    char bytes[BASE64_TEXT_BYTES(DIGEST_BYTES)] = {0};
    size_t len = 0;

    if (text.len != BASE64_TEXT_BYTES(DIGEST_BYTES) ||
        !base64_decode(bytes, &len, text.ptr, text.len) || len != DIGEST_BYTES)
        return false;
    memcpy(ret_digest->bytes, bytes, DIGEST_BYTES);
    return true;
}

/* What is no hash is the hash of no code; an empty text asks for nothing. An image's is written in
 * hexadecimal digits, and which kind a function is never changes. */
static void expect_code(struct publish *publish, struct str sha256)
{
    struct function_view latest = {0};

    if (sha256.len == 0)
        return;
    (void)catalog_get(publish->service->options.catalog, &publish->ref.id, FUNCTION_LATEST,
                      &publish->request->arena, &latest); /* one that is missing is told later */
    if (function_config_is_image(&latest.config))
        (void)digest_from_hex(&publish->code, sha256);
    else
        (void)digest_from_base64(&publish->code, sha256);
    publish->input.code = &publish->code;
}

void lambda_publish_version(struct api_request *request, void *context)
{
    const struct lambda_publish_version_request *input = request->input;
    struct publish *publish = arena_new(&request->arena, struct publish);
    int r;

    if (!publish) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &publish->ref))
        return;
    if (str_is_set(input->publish_to)) {
        api_fault(request, &api_fault_not_implemented,
                  "Lambda Managed Instances are not supported by this server.");
        return;
    }
    publish->request = request;
    publish->service = context;
    publish->input.id = publish->ref.id;
    publish->input.revision_id = input->revision_id;
    publish->input.description = input->description;
    expect_code(publish, input->code_sha256);
    publish->change.on_done = on_published;
    r = catalog_publish(publish->service->options.catalog, &publish->change, &publish->input);
    if (r != CATALOG_STARTED)
        publish_done(publish, r);
}
