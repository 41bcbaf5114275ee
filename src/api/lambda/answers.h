/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The texts that many operations share. */

#include "base/str.h"

struct api_request;
struct catalog_change;
struct function_ref;
struct code_request;

/* "Function not found: <arn>" with the qualifier that was asked for. */
void answer_not_found(struct api_request *request, const struct function_ref *ref);

/* An answer of the catalogue that is no success, or a failure. */
void answer_refused(struct api_request *request, const struct function_ref *ref, int answer);

/* An outcome of the code store that is no success, or a failure. */
void answer_code_refused(struct api_request *request, const struct code_request *code);

/* Answers with an output that points into the result of a change, and ends the change. */
void answer_changed(struct api_request *request, struct catalog_change *change, const void *output);

void answer_invalid(struct api_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for the few texts that come without a Type. */
void answer_invalid_untyped(struct api_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "Cannot find alias arn: <arn>" for a qualifier that can be an alias, whatever is missing; else
 * "Function not found: <arn>". */
void answer_qualifier_not_found(struct api_request *request, const struct function_ref *ref);
