/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the catalogue's configuration to the shape that most answers are made of. */

#include "base/digest.h"
#include "model/lambda/shapes.h"

struct api_request;
struct function_config;
struct function_id;
struct function_view;
struct str;

enum configuration_style {
    CONFIGURATION_FULL,
    CONFIGURATION_LISTED, /* without states and runtime version, as in lists */
};

/*
 * qualifier: what the ARN ends with; absent: unqualified. What is not in the view is made in the
 * request's arena. 0 or -ENOMEM.
 */
int configuration_make(struct api_request *request, const struct function_id *id,
                       const struct function_view *view, struct str qualifier,
                       enum configuration_style style,
                       struct lambda_function_configuration *ret_configuration);

/* "$LATEST" or the number. Absent when out of memory. */
struct str configuration_version(struct api_request *request, const struct function_view *view);

/* CodeSha256, in buffer: base64 of a package's, hexadecimal digits of an image's. */
struct str configuration_code_sha256(const struct function_config *config,
                                     char buffer[DIGEST_HEX_BYTES]);
