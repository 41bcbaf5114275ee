/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Functions made of a container image: what is kept of the image. */

#include "base/str.h"

struct arena;
struct function_config;
struct lambda_image_config;

/* Makes the configuration that of an image. 0 or -ENOMEM; the text is borrowed. */
int image_apply(struct str image_uri, struct function_config *config);

/* Replaces all of the settings of an image; what is absent is not set any more. */
void image_config_apply(const struct lambda_image_config *image_config,
                        struct function_config *config);

/* "registry/name@sha256:<digest>". Absent when out of memory. */
struct str image_resolved_uri(struct arena *arena, const struct function_config *config);
