/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/invocations.h"

#include "api/lambda/invoke_call.h"
#include "api/request.h"
#include "model/lambda/shapes.h"

static void answer(struct invoke_call *call, const struct invocation *inv)
{
    struct lambda_invocation_response output = {
        .status_code = model_int(200),
        .executed_version = inv->version->version,
    };

    if (invoke_call_was_refused(call)) {
        invoke_call_refuse(call);
        return;
    }
    if (call->outcome == INVOCATION_FUNCTION_ERROR)
        output.function_error = STR("Unhandled");
    if (call->wants_tail)
        output.log_result = invoke_call_tail(call, inv->tail);
    api_reply_payload(call->request, &output, call->payload, call->len);
}

static const struct invocation_sink sync_sink = {.responded = invoke_call_responded,
                                                 .ended = invoke_call_ended};

void lambda_invoke(struct api_request *request, void *context)
{
    static const struct lambda_invocation_response nothing = {.status_code = {204, true}};
    static const struct lambda_invocation_response accepted = {.status_code = {202, true}};
    const struct lambda_invocation_request *input = request->input;
    const struct invoke_input common = {
        .function_name = input->function_name,
        .qualifier = input->qualifier,
        .log_type = input->log_type,
        .client_context = input->client_context,
        .tenant_id = input->tenant_id,
    };
    struct invoke_call *call = invoke_call_new(request, context, &common, &sync_sink);

    if (!call)
        return;
    call->answer = answer;
    if (str_eq(input->invocation_type, STR("DryRun")))
        invoke_call_dry_run(call, &nothing);
    else if (str_eq(input->invocation_type, STR("Event")))
        invoke_call_enqueue(call, &accepted);
    else
        invoke_call_run(call);
}
