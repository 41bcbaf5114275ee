/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>

#include "api/front_faults.h"
#include "api/gate_internal.h"
#include "api/route.h"
#include "api/service.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/must.h"
#include "model/model.h"
#include "model/pattern.h"
#include "model/validate.h"

static void idle_closed(uv_handle_t *handle)
{
    free(handle);
}

struct api_gate *api_gate_free(struct api_gate *gate)
{
    if (gate == NULL)
        return NULL;
    for (size_t i = 0; i < gate->service_count; i++) {
        (void)api_router_free(gate->services[i].router);
        (void)model_patterns_free(gate->services[i].patterns);
    }
    if (gate->call_idle != NULL)
        uv_close((uv_handle_t *)gate->call_idle, idle_closed);
    free(gate);
    return NULL;
}

static int service_init(struct gate_service *entry, const struct api_service *service)
{
    entry->service = service;
    entry->router = api_router_new(service->model);
    entry->patterns = model_patterns_new(service->model);
    return entry->router != NULL && entry->patterns != NULL ? 0 : err_new(-ENOMEM);
}

int api_gate_new(struct api_gate **ret_gate, const struct api_gate_options *options)
{
    CLEANUP(api_gate_freep) struct api_gate *gate = calloc(1, sizeof(*gate));
    uv_idle_t *idle;

    if (gate == NULL)
        return err_new(-ENOMEM);
    must(options->service_count > 0);
    must(options->service_count <= API_SERVICES_MAX);
    gate->options = *options;
    list_init(&gate->calls);
    if (!str_is_set(gate->options.default_account))
        gate->options.default_account = STR("000000000000");
    if (!str_is_set(gate->options.default_region))
        gate->options.default_region = STR("us-east-1");
    for (size_t i = 0; i < options->service_count; i++) {
        gate->service_count++;
        if (service_init(&gate->services[i], &options->services[i]) < 0)
            return err_new(-ENOMEM);
    }
    idle = malloc(sizeof(*idle));
    if (idle == NULL)
        return err_new(-ENOMEM);
    must(uv_idle_init(options->loop, idle) == 0);
    idle->data = gate;
    gate->call_idle = idle;
    *ret_gate = gate;
    gate = NULL;
    return 0;
}

struct gate_service *gate_service_find(struct api_gate *gate, struct str name)
{
    for (size_t i = 0; i < gate->service_count; i++)
        if (str_eq(str_of(gate->services[i].service->model->name), name))
            return &gate->services[i];
    return NULL;
}

int gate_request_init(struct api_request *request, const struct api_request_ops *ops,
                      const struct api_principal *principal)
{
    struct api_principal *copy = &request->principal;

    arena_init(&request->arena);
    request->ops = ops;
    (void)rand_uuid(request->id);
    copy->account = arena_str(&request->arena, principal->account);
    copy->region = arena_str(&request->arena, principal->region);
    copy->access_key = arena_str(
        &request->arena, str_is_set(principal->access_key) ? principal->access_key : STR(""));
    if (!str_is_set(copy->account) || !str_is_set(copy->region) || !str_is_set(copy->access_key))
        return err_new(-ENOMEM);
    return 0;
}

bool gate_validate(struct gate_service *service, struct api_request *request)
{
    struct str errors = STR_NONE;
    int r = model_validate(request->operation->input, request->input, service->patterns,
                           &request->arena, &errors);

    if (r == 0 && !str_is_set(errors))
        return true;
    if (r < 0)
        api_fault_internal(request, r);
    else
        api_fault_send(request,
                       &(struct api_fault){.kind = &api_fault_validation, .message = errors});
    return false;
}

void gate_handle(struct gate_service *service, struct api_request *request)
{
    const struct model_service *model = service->service->model;
    size_t index = (size_t)(request->operation - model->operations);

    must(index < model->operation_count);
    if (service->service->handlers[index] == NULL)
        api_fault(request, &api_fault_not_implemented, "%s is not implemented by this server.",
                  request->operation->name);
    else
        service->service->handlers[index](request, service->service->context);
}
