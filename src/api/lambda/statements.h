/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the operations on policies share, be it of functions or of layer versions. */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct api_request;

/* What policy_add() or policy_remove() returned, as an answer of a rule: CATALOG_OK, one from
 * CATALOG_CALLER on, or the failure. */
int statement_answer(int r);
/* Answers the request with one from CATALOG_CALLER on. bytes: policy_add()'s. */
void statement_refuse(struct api_request *request, int answer, struct str sid, size_t bytes);
void statement_refuse_no_policy(struct api_request *request);

/* The request's Principal as a statement has it. False: the request has been answered. */
bool statement_principal(struct api_request *request, struct str text, struct str *ret_principal);
