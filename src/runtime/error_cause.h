/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors that runtimes send together with their cause for X-Ray, in one JSON object of this content
 * type: {"errorMessage":…,"errorType":…,"stackTrace":…,"errorCause":{…}} (spec: runtime-api, 2.3).
 * Pure.
 */

#include <stddef.h>

#include "base/buf.h"

#define ERROR_CAUSE_CONTENT_TYPE "application/vnd.aws.lambda.error.cause+json"

/*
 * Replaces the malloc'd payload by what the function's caller gets, and appends the cause, if there
 * is one, to cause. What cannot be read becomes AWS's sentence for it; without memory it stays.
 */
void error_cause_take(char **payload, size_t *len, struct buf *cause);
