/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The layers of a function: the member Layers of CreateFunction and UpdateFunctionConfiguration. */

#include "model/lambda/shapes.h"

struct arena;
struct function_config;
struct settings;
struct settings_fault;

/* Sets the layers when they are mentioned: SETTINGS_OK, SETTINGS_REFUSED or a failure. Part of
 * settings_apply, so it may be called more than once for one request. */
int function_layers_apply(const struct settings *settings, struct arena *arena,
                          struct function_config *config, struct settings_fault *fault);

/* Code and layers were set: are they together small enough? Answers likewise. */
int function_layers_check_size(const struct function_config *config, struct arena *arena,
                               struct settings_fault *fault);

/* As configurations have them; absent when there are none. 0 or a failure. */
int function_layers_make(const struct function_config *config, struct arena *arena,
                         struct lambda_layers_reference_list *ret_list);
