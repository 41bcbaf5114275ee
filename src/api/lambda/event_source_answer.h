/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An event source mapping as answers have it, and why requests about one are refused. */

#include "base/str.h"

struct api_request;
struct event_source_mapping;
struct event_source_verdict;
struct lambda_event_source_mapping_configuration;

/* Fills the answer, with views of the mapping and of the request's arena. 0 or -ENOMEM. */
int event_source_answer_make(struct api_request *request,
                             const struct event_source_mapping *mapping,
                             struct lambda_event_source_mapping_configuration *ret_answer);

/* A verdict that is not EVENT_SOURCE_FINE. */
void event_source_answer_verdict(struct api_request *request,
                                 const struct event_source_mapping *mapping,
                                 const struct event_source_verdict *verdict);
/* There is another mapping with that source and function. */
void event_source_answer_duplicate(struct api_request *request,
                                   const struct event_source_mapping *mapping, struct str uuid);
/* "The resource you requested does not exist." */
void event_source_answer_unknown(struct api_request *request);
