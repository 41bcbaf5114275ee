/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Invoke: from a decoded request to an invocation, and from its result to the answer. */

struct api_request;

/* context: struct lambda_service */
void lambda_invoke(struct api_request *request, void *context);
