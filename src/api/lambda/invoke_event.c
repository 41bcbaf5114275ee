/* SPDX-License-Identifier: Apache-2.0 */

/* Invoke with InvocationType Event, and InvokeAsync: the event is taken in, and run by others. */

#include <errno.h>
#include <stdlib.h>

#include "api/front_faults.h"
#include "api/lambda/answers.h"
#include "api/lambda/invocations.h"
#include "api/lambda/invoke_call.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "async/async.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/function.h"
#include "model/lambda/shapes.h"

static void on_accepted(void *owner, int failure)
{
    struct invoke_call *call = owner;

    if (failure < 0)
        api_fault_internal(call->request, failure);
    else
        api_reply(call->request, call->accepted);
}

/* False: the request has been answered. */
static bool function_exists(struct invoke_call *call)
{
    uint64_t version;
    int r = catalog_resolve(call->service->options.catalog, &call->ref.id, call->ref.qualifier,
                            &version);

    if (r == CATALOG_NOT_FOUND)
        invoke_call_not_found(call);
    else if (r != CATALOG_OK)
        answer_refused(call->request, &call->ref, r);
    return r == CATALOG_OK;
}

/* Decided once for all attempts. */
static struct str trace_of(struct invoke_call *call)
{
    CLEANUP(function_version_unrefp) struct function_version *version = NULL;

    (void)catalog_invoke_target(call->service->options.catalog, &call->ref.id, call->ref.qualifier,
                                &version); /* what cannot run now is not sampled */
    return invoke_call_trace(call, version);
}

static void take_in(struct invoke_call *call, struct str payload)
{
    const struct async_event event = {
        .request_id = str_of(call->request->id),
        .qualifier = call->ref.qualifier,
        .trace_id = trace_of(call),
        .client_context = call->client_context,
        .tenant_id = call->tenant_id,
        .payload = payload,
    };
    int r = async_accept(call->service->options.async, &call->ref.id, &event, on_accepted, call);

    if (r == ASYNC_FULL)
        invoke_call_throttled(call, STR("CallerRateLimitExceeded"));
    else if (r != ASYNC_STARTED)
        api_fault_internal(call->request, r);
}

void invoke_call_enqueue(struct invoke_call *call, const void *output)
{
    size_t len = 0;
    char *payload;

    call->accepted = output;
    if (!function_exists(call))
        return;
    payload = invoke_call_take_payload(call, &len);
    if (!payload)
        api_fault_internal(call->request, -ENOMEM);
    else if (len > LIMIT_EVENT_BYTES)
        api_fault(call->request, &api_fault_too_large,
                  "%zu byte payload is too large for the Event invocation type (limit %d bytes)",
                  len, LIMIT_EVENT_BYTES);
    else
        take_in(call, str_make(payload, len));
    free(payload);
}

/* Takes no qualifier, and no context: it is older than both. */
void lambda_invoke_async(struct api_request *request, void *context)
{
    static const struct lambda_invoke_async_response output = {.status = {202, true}};
    const struct lambda_invoke_async_request *input = request->input;
    const struct invoke_input common = {.function_name = input->function_name};
    struct invoke_call *call = invoke_call_new(request, context, &common, NULL);

    if (call)
        invoke_call_enqueue(call, &output);
}
