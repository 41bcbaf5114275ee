/* SPDX-License-Identifier: Apache-2.0 */

/* Calls from inside the daemon: queued, so that their answer never comes from inside api_call(). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/front_faults.h"
#include "api/gate_internal.h"
#include "api/service.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/must.h"
#include "model/model.h"

struct gate_call {
    struct api_request request;
    struct gate_service *service;
    struct list node; /* in gate->calls */
    const struct api_call_ops *ops;
    void *owner;
};

static struct gate_call *call_of(struct api_request *request)
{
    return container_of(request, struct gate_call, request);
}

static void call_free(struct gate_call *call)
{
    list_remove(&call->node);
    arena_deinit(&call->request.arena);
    free(call);
}

static void call_reply(struct api_request *request, const void *output, char *payload, size_t len)
{
    struct gate_call *call = call_of(request);

    call->ops->reply(call->owner, output, str_make(payload, len));
    free(payload);
    call_free(call);
}

static void call_fault(struct api_request *request, const struct api_fault *fault)
{
    struct gate_call *call = call_of(request);

    call->ops->fault(call->owner, fault);
    call_free(call);
}

/* The caller's input is only borrowed. */
static char *call_take_payload(struct api_request *request, size_t *ret_len)
{
    const struct model_shape *shape = request->operation->input;
    struct str payload = STR_NONE;
    char *copy;

    if (shape->payload != NULL && shape->payload->shape->kind == MODEL_BLOB)
        payload = *(const struct str *)(const void *)((const char *)request->input +
                                                      shape->payload->offset);
    copy = malloc(payload.len + 1);
    if (copy == NULL)
        return NULL;
    if (payload.len > 0)
        memcpy(copy, payload.ptr, payload.len);
    *ret_len = payload.len;
    return copy;
}

static const struct api_request_ops call_ops = {
    .reply = call_reply, .fault = call_fault, .take_payload = call_take_payload};

/* Only those that wait now: what they start waits for the next turn. */
static void run_calls(uv_idle_t *idle)
{
    struct api_gate *gate = idle->data;
    struct list waiting;

    list_init(&waiting);
    while (!list_is_empty(&gate->calls)) {
        struct list *node = list_first(&gate->calls);

        list_remove(node);
        list_push_back(&waiting, node);
    }
    (void)uv_idle_stop(idle);
    while (!list_is_empty(&waiting)) {
        struct gate_call *call = container_of(list_first(&waiting), struct gate_call, node);

        list_remove(&call->node);
        if (gate_validate(call->service, &call->request))
            gate_handle(call->service, &call->request);
    }
}

static bool is_streamed(const struct model_operation *operation)
{
    const struct model_shape *output = operation->output;

    return output != NULL && output->payload != NULL &&
           output->payload->shape->kind == MODEL_EVENT_STREAM;
}

static const struct model_operation *find_operation(const struct model_service *model,
                                                    struct str name)
{
    for (size_t i = 0; i < model->operation_count; i++)
        if (str_eq(str_of(model->operations[i].name), name))
            return is_streamed(&model->operations[i]) ? NULL : &model->operations[i];
    return NULL;
}

int api_call(struct api_gate *gate, const struct api_principal *principal, struct str service,
             struct str operation, const void *input, const struct api_call_ops *ops, void *owner)
{
    struct gate_service *entry = gate_service_find(gate, service);
    const struct model_operation *found =
        entry != NULL ? find_operation(entry->service->model, operation) : NULL;
    struct gate_call *call;

    if (found == NULL)
        return API_CALL_UNKNOWN;
    call = calloc(1, sizeof(*call));
    if (call == NULL)
        return err_new(-ENOMEM);
    list_init(&call->node);
    if (gate_request_init(&call->request, &call_ops, principal) < 0) {
        call_free(call);
        return err_new(-ENOMEM);
    }
    call->service = entry;
    call->ops = ops;
    call->owner = owner;
    call->request.service = entry->service;
    call->request.operation = found;
    call->request.input = input;
    list_push_back(&gate->calls, &call->node);
    must(uv_idle_start(gate->call_idle, run_calls) == 0);
    return API_CALL_OK;
}
