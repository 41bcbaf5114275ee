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
    [LAMBDA_ADD_LAYER_VERSION_PERMISSION] = lambda_add_layer_version_permission,
    [LAMBDA_CREATE_CODE_SIGNING_CONFIG] = lambda_create_code_signing_config,
    [LAMBDA_GET_CODE_SIGNING_CONFIG] = lambda_get_code_signing_config,
    [LAMBDA_UPDATE_CODE_SIGNING_CONFIG] = lambda_update_code_signing_config,
    [LAMBDA_DELETE_CODE_SIGNING_CONFIG] = lambda_delete_code_signing_config,
    [LAMBDA_LIST_CODE_SIGNING_CONFIGS] = lambda_list_code_signing_configs,
    [LAMBDA_PUT_FUNCTION_CODE_SIGNING_CONFIG] = lambda_put_function_code_signing_config,
    [LAMBDA_DELETE_FUNCTION_CODE_SIGNING_CONFIG] = lambda_delete_function_code_signing_config,
    [LAMBDA_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG] = lambda_list_functions_by_code_signing_config,
    [LAMBDA_ADD_PERMISSION] = lambda_add_permission,
    [LAMBDA_CREATE_ALIAS] = lambda_create_alias,
    [LAMBDA_CREATE_EVENT_SOURCE_MAPPING] = lambda_create_event_source_mapping,
    [LAMBDA_GET_EVENT_SOURCE_MAPPING] = lambda_get_event_source_mapping,
    [LAMBDA_UPDATE_EVENT_SOURCE_MAPPING] = lambda_update_event_source_mapping,
    [LAMBDA_DELETE_EVENT_SOURCE_MAPPING] = lambda_delete_event_source_mapping,
    [LAMBDA_LIST_EVENT_SOURCE_MAPPINGS] = lambda_list_event_source_mappings,
    [LAMBDA_CREATE_FUNCTION] = lambda_create_function,
    [LAMBDA_CREATE_FUNCTION_URL_CONFIG] = lambda_create_function_url_config,
    [LAMBDA_DELETE_ALIAS] = lambda_delete_alias,
    [LAMBDA_DELETE_FUNCTION] = lambda_delete_function,
    [LAMBDA_DELETE_LAYER_VERSION] = lambda_delete_layer_version,
    [LAMBDA_DELETE_FUNCTION_CONCURRENCY] = lambda_delete_function_concurrency,
    [LAMBDA_DELETE_FUNCTION_EVENT_INVOKE_CONFIG] = lambda_delete_function_event_invoke_config,
    [LAMBDA_DELETE_FUNCTION_URL_CONFIG] = lambda_delete_function_url_config,
    [LAMBDA_DELETE_PROVISIONED_CONCURRENCY_CONFIG] = lambda_delete_provisioned_concurrency_config,
    [LAMBDA_GET_ACCOUNT_SETTINGS] = lambda_get_account_settings,
    [LAMBDA_GET_ALIAS] = lambda_get_alias,
    [LAMBDA_GET_FUNCTION] = lambda_get_function,
    [LAMBDA_GET_FUNCTION_CODE_SIGNING_CONFIG] = lambda_get_function_code_signing_config,
    [LAMBDA_GET_FUNCTION_CONCURRENCY] = lambda_get_function_concurrency,
    [LAMBDA_GET_FUNCTION_CONFIGURATION] = lambda_get_function_configuration,
    [LAMBDA_GET_LAYER_VERSION] = lambda_get_layer_version,
    [LAMBDA_GET_LAYER_VERSION_BY_ARN] = lambda_get_layer_version_by_arn,
    [LAMBDA_GET_LAYER_VERSION_POLICY] = lambda_get_layer_version_policy,
    [LAMBDA_GET_FUNCTION_EVENT_INVOKE_CONFIG] = lambda_get_function_event_invoke_config,
    [LAMBDA_GET_FUNCTION_RECURSION_CONFIG] = lambda_get_function_recursion_config,
    [LAMBDA_GET_FUNCTION_URL_CONFIG] = lambda_get_function_url_config,
    [LAMBDA_GET_POLICY] = lambda_get_policy,
    [LAMBDA_GET_PROVISIONED_CONCURRENCY_CONFIG] = lambda_get_provisioned_concurrency_config,
    [LAMBDA_GET_RUNTIME_MANAGEMENT_CONFIG] = lambda_get_runtime_management_config,
    [LAMBDA_INVOKE] = lambda_invoke,
    [LAMBDA_INVOKE_ASYNC] = lambda_invoke_async,
    [LAMBDA_INVOKE_WITH_RESPONSE_STREAM] = lambda_invoke_with_response_stream,
    [LAMBDA_LIST_ALIASES] = lambda_list_aliases,
    [LAMBDA_LIST_FUNCTIONS] = lambda_list_functions,
    [LAMBDA_LIST_LAYERS] = lambda_list_layers,
    [LAMBDA_LIST_LAYER_VERSIONS] = lambda_list_layer_versions,
    [LAMBDA_LIST_FUNCTION_EVENT_INVOKE_CONFIGS] = lambda_list_function_event_invoke_configs,
    [LAMBDA_LIST_FUNCTION_URL_CONFIGS] = lambda_list_function_url_configs,
    [LAMBDA_LIST_PROVISIONED_CONCURRENCY_CONFIGS] = lambda_list_provisioned_concurrency_configs,
    [LAMBDA_LIST_TAGS] = lambda_list_tags,
    [LAMBDA_LIST_VERSIONS_BY_FUNCTION] = lambda_list_versions_by_function,
    [LAMBDA_PUBLISH_LAYER_VERSION] = lambda_publish_layer_version,
    [LAMBDA_PUBLISH_VERSION] = lambda_publish_version,
    [LAMBDA_PUT_FUNCTION_CONCURRENCY] = lambda_put_function_concurrency,
    [LAMBDA_PUT_FUNCTION_EVENT_INVOKE_CONFIG] = lambda_put_function_event_invoke_config,
    [LAMBDA_PUT_FUNCTION_RECURSION_CONFIG] = lambda_put_function_recursion_config,
    [LAMBDA_PUT_PROVISIONED_CONCURRENCY_CONFIG] = lambda_put_provisioned_concurrency_config,
    [LAMBDA_PUT_RUNTIME_MANAGEMENT_CONFIG] = lambda_put_runtime_management_config,
    [LAMBDA_REMOVE_LAYER_VERSION_PERMISSION] = lambda_remove_layer_version_permission,
    [LAMBDA_REMOVE_PERMISSION] = lambda_remove_permission,
    [LAMBDA_TAG_RESOURCE] = lambda_tag_resource,
    [LAMBDA_UNTAG_RESOURCE] = lambda_untag_resource,
    [LAMBDA_UPDATE_ALIAS] = lambda_update_alias,
    [LAMBDA_UPDATE_FUNCTION_CODE] = lambda_update_function_code,
    [LAMBDA_UPDATE_FUNCTION_CONFIGURATION] = lambda_update_function_configuration,
    [LAMBDA_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG] = lambda_update_function_event_invoke_config,
    [LAMBDA_UPDATE_FUNCTION_URL_CONFIG] = lambda_update_function_url_config,
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
