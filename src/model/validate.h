/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checks decoded input against the constraints of the model, in the words and the order of the
 * service: all errors of a request in one text, those of query and headers before those of the body
 * and the path.
 */

#include "base/str.h"

struct arena;
struct model_patterns;
struct model_shape;

/*
 * *ret_text is absent when the input is valid, else "2 validation errors detected: Value …" in the
 * arena. 0 or -ENOMEM.
 */
int model_validate(const struct model_shape *input, const void *value,
                   struct model_patterns *patterns, struct arena *arena, struct str *ret_text);
