/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The version ARN of a managed runtime, as INIT_START and RuntimeVersionConfig show it:
 * arn:aws:lambda:<region>::runtime:<64 hex>. It stands for "this identifier on this kind of host"
 * and does not change while the identifier stays the same.
 */

#include "base/str.h"

enum { RUNTIME_VERSION_ARN_BYTES = 160 };

/* Returns buffer. */
char *runtime_version_arn(struct str region, struct str runtime,
                          char buffer[RUNTIME_VERSION_ARN_BYTES]);
