/* SPDX-License-Identifier: Apache-2.0 */

/* GetFunctionCodeSigningConfig. No function has one yet, and the answer for such a function is
 * empty. */

#include "api/lambda/answers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "catalog/catalog.h"
#include "model/lambda/shapes.h"

void lambda_get_function_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_get_function_code_signing_config_request *input = request->input;
    const struct lambda_get_function_code_signing_config_response output = {0};
    struct lambda_service *service = context;
    struct function_ref ref;
    uint64_t version;

    if (!name_resolve_unqualified(request, input->function_name, NAME_OWN_ACCOUNT, &ref))
        return;
    if (catalog_resolve(service->options.catalog, &ref.id, STR_NONE, &version) != CATALOG_OK)
        answer_not_found(request, &ref);
    else
        api_reply(request, &output);
}
