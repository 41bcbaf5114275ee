#pragma once

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An AWS service as the gate sees it: its model, the protocol it speaks, and one handler for each
 * operation. Adding a service is adding a row to the list that server/ gives to the gate.
 */

#include <stddef.h>

struct api_protocol;
struct api_request;
struct model_service;

/* context is the service's own. Handlers that are NULL answer 501 NotImplementedException. */
typedef void (*api_handler)(struct api_request *request, void *context);

struct api_service {
    const struct model_service *model;
    const struct api_protocol *protocol; /* how its requests look, e.g. api_rest_json */
    const api_handler *handlers;         /* indexed as the model's operations */
    void *context;                       /* borrowed; given to the handlers */
};
