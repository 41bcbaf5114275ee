/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "catalog/codec.h"
#include "model/lambda/shapes.h"

struct api_request;

/* Tags of a request as the catalogue wants them. False: refused, the request has been answered. */
bool tags_check(struct api_request *request, const struct lambda_tags *tags,
                struct codec_pairs *ret_pairs);
/* The other way; absent when there are none. 0 or -ENOMEM. */
int tags_make(struct api_request *request, const struct codec_pairs *pairs,
              struct lambda_tags *ret_tags);
