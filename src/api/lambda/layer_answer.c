/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/layer_answer.h"

#include <errno.h>

#include "api/lambda/location.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/layer.h"

int layer_answer_make_item(struct api_request *request, const struct catalog_resource_id *layer,
                           const struct layer_version *version,
                           struct lambda_layer_versions_list_item *ret_item)
{
    char *date = arena_alloc(&request->arena, CLOCK_TEXT_BYTES);
    struct lambda_layer_versions_list_item item = {
        .layer_version_arn = arn_layer_version(&request->arena, layer, (int64_t)version->number),
        .version = model_int((int64_t)version->number),
        .description = str_is_set(version->description) ? version->description : STR(""),
        .license_info = version->license_info,
    };

    if (!date || !str_is_set(item.layer_version_arn))
        return err_new(-ENOMEM);
    item.created_date = str_of(clock_format_offset(date, version->created_ms));
    item.compatible_runtimes.ptr = version->runtimes.ptr;
    item.compatible_runtimes.count = version->runtimes.count;
    item.compatible_architectures.ptr = version->architectures.ptr;
    item.compatible_architectures.count = version->architectures.count;
    *ret_item = item;
    return 0;
}

/* NULL when out of memory. */
static const struct lambda_layer_version_content_output *
content_make(struct api_request *request, const struct lambda_service *service,
             const struct layer_version *version)
{
    struct lambda_layer_version_content_output *content =
        arena_new(&request->arena, struct lambda_layer_version_content_output);
    char *sha256 = arena_alloc(&request->arena, DIGEST_BASE64_BYTES);

    if (!content || !sha256)
        return NULL;
    content->location = package_location(request, service, &version->code);
    content->code_sha256 = str_of(digest_base64(&version->code, sha256));
    content->code_size = model_int((int64_t)version->code_bytes);
    return str_is_set(content->location) ? content : NULL;
}

int layer_answer_make(struct api_request *request, const struct lambda_service *service,
                      const struct catalog_resource_id *layer, const struct layer_version *version,
                      struct lambda_get_layer_version_response *ret_answer)
{
    struct lambda_layer_versions_list_item item;
    struct lambda_get_layer_version_response answer = {
        .content = content_make(request, service, version),
        .layer_arn = arn_layer(&request->arena, layer),
    };
    int r = layer_answer_make_item(request, layer, version, &item);

    if (r < 0)
        return err_pass(r);
    if (!answer.content || !str_is_set(answer.layer_arn))
        return err_new(-ENOMEM);
    answer.layer_version_arn = item.layer_version_arn;
    answer.description = item.description;
    answer.created_date = item.created_date;
    answer.version = item.version;
    answer.compatible_runtimes = item.compatible_runtimes;
    answer.license_info = item.license_info;
    answer.compatible_architectures = item.compatible_architectures;
    *ret_answer = answer;
    return 0;
}
