/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What code signing means to the operations that deploy code. */

#include <stdbool.h>

#include "base/str.h"

struct api_request;
struct function_ref;
struct lambda_service;

/* "The code signing configuration cannot be found. …" */
void code_signing_answer_missing(struct api_request *request, struct str arn);

/* "The Lambda code signing configuration … can not be found." */
void code_signing_answer_unknown(struct api_request *request, struct str arn);

/*
 * May a package be deployed to the function that has that configuration (absent: none)? No package
 * carries a signature that this server can verify, so that all are untrusted. False: the request
 * has been answered.
 */
bool code_signing_admits(struct api_request *request, struct lambda_service *service,
                         const struct function_ref *ref, struct str arn);

/* The same for a function that is there. */
bool code_signing_admits_update(struct api_request *request, struct lambda_service *service,
                                const struct function_ref *ref);
