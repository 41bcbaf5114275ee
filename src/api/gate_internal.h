/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Shared by gate.c (the road of every request), gate_http.c and gate_call.c (its two ends). */

#include <uv.h>

#include "api/gate.h"
#include "api/request.h"
#include "base/list.h"

struct api_router;
struct model_patterns;

struct gate_service {
    const struct api_service *service; /* borrowed */
    struct api_router *router;         /* owned */
    struct model_patterns *patterns;   /* owned */
};

struct api_gate {
    struct api_gate_options options;
    struct gate_service services[API_SERVICES_MAX];
    size_t service_count;
    size_t requests; /* from HTTP, under way */
    void (*drained)(void *owner);
    void *drained_owner;
    struct list calls;    /* internal calls that wait for their turn of the loop */
    uv_idle_t *call_idle; /* owned, closed by libuv; runs while calls wait */
};

/* NULL: there is none of that name. */
struct gate_service *gate_service_find(struct api_gate *gate, struct str name);

/* Fills the common part of a request. The principal's texts are copied. 0 or -ENOMEM. */
int gate_request_init(struct api_request *request, const struct api_request_ops *ops,
                      const struct api_principal *principal);

/* False: the input is against the model, and the request is answered. */
bool gate_validate(struct gate_service *service, struct api_request *request);

/* Let the handler answer; without one it is 501. */
void gate_handle(struct gate_service *service, struct api_request *request);
