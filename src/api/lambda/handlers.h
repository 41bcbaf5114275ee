/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The handlers, named after their operations. context is the struct lambda_service. */

struct api_request;

/* create_function.c */
void lambda_create_function(struct api_request *request, void *context);
/* functions.c */
void lambda_get_function(struct api_request *request, void *context);
void lambda_get_function_configuration(struct api_request *request, void *context);
void lambda_delete_function(struct api_request *request, void *context);
/* lists.c */
void lambda_list_functions(struct api_request *request, void *context);
void lambda_list_versions_by_function(struct api_request *request, void *context);
/* update_function.c */
void lambda_update_function_code(struct api_request *request, void *context);
void lambda_update_function_configuration(struct api_request *request, void *context);
/* versions.c */
void lambda_publish_version(struct api_request *request, void *context);
/* layers.c */
void lambda_publish_layer_version(struct api_request *request, void *context);
void lambda_get_layer_version(struct api_request *request, void *context);
void lambda_get_layer_version_by_arn(struct api_request *request, void *context);
void lambda_delete_layer_version(struct api_request *request, void *context);
/* layer_lists.c */
void lambda_list_layers(struct api_request *request, void *context);
void lambda_list_layer_versions(struct api_request *request, void *context);
/* layer_permissions.c */
void lambda_add_layer_version_permission(struct api_request *request, void *context);
void lambda_remove_layer_version_permission(struct api_request *request, void *context);
void lambda_get_layer_version_policy(struct api_request *request, void *context);
/* tags.c */
void lambda_list_tags(struct api_request *request, void *context);
void lambda_tag_resource(struct api_request *request, void *context);
void lambda_untag_resource(struct api_request *request, void *context);
/* aliases.c */
void lambda_create_alias(struct api_request *request, void *context);
void lambda_update_alias(struct api_request *request, void *context);
void lambda_get_alias(struct api_request *request, void *context);
void lambda_delete_alias(struct api_request *request, void *context);
void lambda_list_aliases(struct api_request *request, void *context);
/* concurrency.c */
void lambda_put_function_concurrency(struct api_request *request, void *context);
void lambda_get_function_concurrency(struct api_request *request, void *context);
void lambda_delete_function_concurrency(struct api_request *request, void *context);
/* provisioned.c */
void lambda_put_provisioned_concurrency_config(struct api_request *request, void *context);
void lambda_get_provisioned_concurrency_config(struct api_request *request, void *context);
void lambda_delete_provisioned_concurrency_config(struct api_request *request, void *context);
void lambda_list_provisioned_concurrency_configs(struct api_request *request, void *context);
/* event_invoke.c */
void lambda_put_function_event_invoke_config(struct api_request *request, void *context);
void lambda_update_function_event_invoke_config(struct api_request *request, void *context);
void lambda_get_function_event_invoke_config(struct api_request *request, void *context);
void lambda_delete_function_event_invoke_config(struct api_request *request, void *context);
void lambda_list_function_event_invoke_configs(struct api_request *request, void *context);
/* function_urls.c */
void lambda_create_function_url_config(struct api_request *request, void *context);
void lambda_get_function_url_config(struct api_request *request, void *context);
void lambda_update_function_url_config(struct api_request *request, void *context);
void lambda_delete_function_url_config(struct api_request *request, void *context);
void lambda_list_function_url_configs(struct api_request *request, void *context);
/* runtime_management.c */
void lambda_put_runtime_management_config(struct api_request *request, void *context);
void lambda_get_runtime_management_config(struct api_request *request, void *context);
/* recursion.c */
void lambda_put_function_recursion_config(struct api_request *request, void *context);
void lambda_get_function_recursion_config(struct api_request *request, void *context);
/* permissions.c */
void lambda_add_permission(struct api_request *request, void *context);
void lambda_remove_permission(struct api_request *request, void *context);
void lambda_get_policy(struct api_request *request, void *context);
/* event_sources.c */
void lambda_get_event_source_mapping(struct api_request *request, void *context);
void lambda_delete_event_source_mapping(struct api_request *request, void *context);
void lambda_list_event_source_mappings(struct api_request *request, void *context);
/* event_sources_put.c */
void lambda_create_event_source_mapping(struct api_request *request, void *context);
void lambda_update_event_source_mapping(struct api_request *request, void *context);
/* account.c */
void lambda_get_account_settings(struct api_request *request, void *context);
/* code_signing.c */
void lambda_create_code_signing_config(struct api_request *request, void *context);
void lambda_get_code_signing_config(struct api_request *request, void *context);
void lambda_update_code_signing_config(struct api_request *request, void *context);
void lambda_delete_code_signing_config(struct api_request *request, void *context);
void lambda_list_code_signing_configs(struct api_request *request, void *context);
/* code_signing_functions.c */
void lambda_put_function_code_signing_config(struct api_request *request, void *context);
void lambda_delete_function_code_signing_config(struct api_request *request, void *context);
void lambda_get_function_code_signing_config(struct api_request *request, void *context);
void lambda_list_functions_by_code_signing_config(struct api_request *request, void *context);
