/* SPDX-License-Identifier: Apache-2.0 */

/* The table of handlers; an operation that is not in it answers 501 with its name. */

#include "api/lambda/service.h"

#include <errno.h>
#include <stdlib.h>

#include "api/lambda/handlers.h"
#include "api/lambda/invocations.h"
#include "api/lambda/service_internal.h"
#include "api/rest_json.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/lambda/operations.h"

static const api_handler handlers[LAMBDA_OP_COUNT] = {
    [LAMBDA_CREATE_ALIAS] = lambda_create_alias,
    [LAMBDA_CREATE_FUNCTION] = lambda_create_function,
    [LAMBDA_DELETE_ALIAS] = lambda_delete_alias,
    [LAMBDA_DELETE_FUNCTION] = lambda_delete_function,
    [LAMBDA_GET_ACCOUNT_SETTINGS] = lambda_get_account_settings,
    [LAMBDA_GET_ALIAS] = lambda_get_alias,
    [LAMBDA_GET_FUNCTION] = lambda_get_function,
    [LAMBDA_GET_FUNCTION_CODE_SIGNING_CONFIG] = lambda_get_function_code_signing_config,
    [LAMBDA_GET_FUNCTION_CONFIGURATION] = lambda_get_function_configuration,
    [LAMBDA_INVOKE] = lambda_invoke,
    [LAMBDA_LIST_ALIASES] = lambda_list_aliases,
    [LAMBDA_LIST_FUNCTIONS] = lambda_list_functions,
    [LAMBDA_LIST_TAGS] = lambda_list_tags,
    [LAMBDA_LIST_VERSIONS_BY_FUNCTION] = lambda_list_versions_by_function,
    [LAMBDA_PUBLISH_VERSION] = lambda_publish_version,
    [LAMBDA_TAG_RESOURCE] = lambda_tag_resource,
    [LAMBDA_UNTAG_RESOURCE] = lambda_untag_resource,
    [LAMBDA_UPDATE_ALIAS] = lambda_update_alias,
    [LAMBDA_UPDATE_FUNCTION_CODE] = lambda_update_function_code,
    [LAMBDA_UPDATE_FUNCTION_CONFIGURATION] = lambda_update_function_configuration,
};

int lambda_service_new(struct lambda_service **ret_service,
                       const struct lambda_service_options *options)
{
    struct lambda_service *service = calloc(1, sizeof(*service));

    if (!service)
        return err_new(-ENOMEM);
    service->options = *options;
    if (options->concurrency_limit == 0)
        service->options.concurrency_limit = LIMIT_CONCURRENCY_ACCOUNT;
    service->api = (struct api_service){
        .model = &lambda_service,
        .protocol = &api_rest_json,
        .handlers = handlers,
        .context = service,
    };
    *ret_service = service;
    return 0;
}

struct lambda_service *lambda_service_free(struct lambda_service *service)
{
    free(service);
    return NULL;
}

const struct api_service *lambda_service_api(struct lambda_service *service)
{
    return &service->api;
}
