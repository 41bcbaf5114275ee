/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The layers of a function: the member Layers of CreateFunction and UpdateFunctionConfiguration. */

struct arena;
struct function_config;
struct settings;
struct settings_fault;

/* Sets the layers when they are mentioned: SETTINGS_OK, SETTINGS_REFUSED or -ENOMEM. Part of
 * settings_apply, so it may be called more than once for one request. */
int function_layers_apply(const struct settings *settings, struct arena *arena,
                          struct function_config *config, struct settings_fault *fault);
