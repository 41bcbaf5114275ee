/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Invoke, InvokeWithResponseStream, InvokeAsync: from a function's result to the answer. */

struct api_request;

/* context: struct lambda_service */
void lambda_invoke(struct api_request *request, void *context);
void lambda_invoke_async(struct api_request *request, void *context);
void lambda_invoke_with_response_stream(struct api_request *request, void *context);
