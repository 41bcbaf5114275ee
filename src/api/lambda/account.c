/* SPDX-License-Identifier: Apache-2.0 */

/* GetAccountSettings. Each account has the limits in each region. */

#include "api/lambda/handlers.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/concurrency.h"
#include "model/lambda/shapes.h"

#define TOTAL_CODE_BYTES_MAX INT64_C(80530636800)

void lambda_get_account_settings(struct api_request *request, void *context)
{
    struct lambda_service *service = context;
    uint32_t concurrency_limit = service->options.concurrency_limit;
    struct catalog_usage usage;

    catalog_usage(service->options.catalog, request->principal.account, request->principal.region,
                  &usage);
    const struct lambda_account_limit limit = {
        .total_code_size = model_int(TOTAL_CODE_BYTES_MAX),
        .code_size_unzipped = model_int(LIMIT_CODE_UNZIPPED_BYTES),
        .code_size_zipped = model_int(LIMIT_CODE_ZIPPED_BYTES),
        .concurrent_executions = model_int(concurrency_limit),
        .unreserved_concurrent_executions =
            model_int(concurrency_unreserved(concurrency_limit, usage.concurrency_aside)),
    };
    const struct lambda_account_usage used = {
        .total_code_size = model_int((int64_t)usage.code_bytes),
        .function_count = model_int((int64_t)usage.functions),
    };
    const struct lambda_get_account_settings_response output = {&limit, &used};

    api_reply(request, &output);
}
