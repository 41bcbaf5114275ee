/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Layer versions as answers have them. What is not in the version is made in the request's arena.
 */

#include "model/lambda/shapes.h"

struct api_request;
struct catalog_resource_id;
struct lambda_service;
struct layer_version;

/* With a link to the package. 0 or -ENOMEM. */
int layer_answer_make(struct api_request *request, const struct lambda_service *service,
                      const struct catalog_resource_id *layer, const struct layer_version *version,
                      struct lambda_get_layer_version_response *ret_answer);
/* As in lists. 0 or -ENOMEM. */
int layer_answer_make_item(struct api_request *request, const struct catalog_resource_id *layer,
                           const struct layer_version *version,
                           struct lambda_layer_versions_list_item *ret_item);
