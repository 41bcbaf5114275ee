/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What CreateEventSourceMapping and UpdateEventSourceMapping say about a mapping. */

#include <stdint.h>

struct arena;
struct event_source_mapping;
struct lambda_create_event_source_mapping_request;
struct lambda_update_event_source_mapping_request;

/* The members that both requests have, as the first has them. */
void event_source_input_of_update(const struct lambda_update_event_source_mapping_request *update,
                                  struct lambda_create_event_source_mapping_request *ret_said);

/*
 * Puts what is said into the mapping; what is said to be empty is taken away. ret_asked: which
 * parameters are named (enum event_source_parameter). Texts are borrowed from the request, lists
 * are made in the arena. 0 or -ENOMEM.
 */
int event_source_input_apply(const struct lambda_create_event_source_mapping_request *said,
                             struct arena *arena, struct event_source_mapping *mapping,
                             uint32_t *ret_asked);
