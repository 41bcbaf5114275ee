/* SPDX-License-Identifier: Apache-2.0 */

/* The road of a call: what is asked, the version that is meant, its code, the invocation. */

#include "api/lambda/invoke_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/front_faults.h"
#include "api/lambda/answers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/json_check.h"
#include "base/limits.h"
#include "base/must.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/function.h"
#include "invoke/dispatch.h"
#include "invoke/invocation.h"
#include "invoke/trace_id.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

struct str invoke_call_tail(struct invoke_call *call, const struct log_tail *tail)
{
    char bytes[LIMIT_LOG_TAIL_BYTES];
    size_t len = log_tail_copy(tail, bytes);
    char *text = arena_alloc(&call->request->arena, BASE64_TEXT_BYTES(sizeof(bytes)) + 1);

    return text ? str_make(text, base64_encode(text, bytes, len)) : STR_NONE;
}

void invoke_call_responded(struct invocation *inv, enum invocation_outcome outcome, char *payload,
                           size_t len)
{
    struct invoke_call *call = inv->sink_owner;

    call->outcome = outcome;
    call->payload = payload;
    call->len = len;
    if (call->wants_tail)
        return; /* END and REPORT belong to the tail */
    inv->sink_owner = NULL;
    call->answer(call, inv);
}

void invoke_call_ended(struct invocation *inv, const struct invocation_record *record)
{
    struct invoke_call *call = inv->sink_owner;

    (void)record;
    if (call)
        call->answer(call, inv);
}

bool invoke_call_was_refused(const struct invoke_call *call)
{
    return call->outcome == INVOCATION_UNAVAILABLE || call->outcome == INVOCATION_THROTTLED;
}

static void unavailable(struct invoke_call *call)
{
    char *reason = call->payload; /* call goes with its request */

    api_fault(call->request, &lambda_fault_service, "%.*s", (int)call->len, reason ? reason : "");
    free(reason);
}

void invoke_call_throttled(struct invoke_call *call, struct str reason)
{
    api_fault_send(call->request, &(struct api_fault){
                                      .kind = &lambda_fault_too_many_requests,
                                      .message = STR("Rate Exceeded."),
                                      .reason = reason,
                                  });
}

void invoke_call_refuse(struct invoke_call *call)
{
    if (call->outcome == INVOCATION_THROTTLED)
        invoke_call_throttled(call, dispatch_limit_reason(DISPATCH_NO_ROOM));
    else
        unavailable(call);
}

/* ---- what is asked ---- */

static bool is_json_object(struct arena *arena, struct str text)
{
    struct json_check *check = arena_new(arena, struct json_check);

    if (!check || text.len == 0 || text.ptr[0] != '{')
        return false;
    json_check_init(check);
    return json_check_feed(check, text.ptr, text.len) && json_check_end(check);
}

/* The header is base64 of a JSON object. False: the request has been answered. */
static bool read_client_context(struct invoke_call *call, struct str encoded)
{
    struct api_request *request = call->request;
    char *text;
    size_t len;

    if (encoded.len == 0)
        return true;
    text = arena_alloc(&request->arena, encoded.len);
    if (text && encoded.len <= LIMIT_CLIENT_CONTEXT_BYTES &&
        base64_decode(text, &len, encoded.ptr, encoded.len) &&
        is_json_object(&request->arena, str_make(text, len))) {
        call->client_context = str_make(text, len);
        return true;
    }
    api_fault_send(request,
                   &(struct api_fault){
                       .kind = &lambda_fault_invalid_request_content,
                       .message = STR("Client context must be a valid Base64-encoded JSON object."),
                       .type_is_null = true,
                   });
    return false;
}

/*
 * The id of a request is ours, and what a client says it were is not looked at; but nonsense is
 * refused (as the service's documentation says; the text is our own). False: the request has been
 * answered.
 */
static bool check_request_id(struct invoke_call *call)
{
    struct str given = api_request_header(call->request, STR("x-amzn-RequestId"));

    if (!str_is_set(given) || str_is_uuid(given))
        return true;
    api_fault(call->request, &lambda_fault_invalid_request_content,
              "The x-amzn-RequestId header is not a valid UUID string.");
    return false;
}

/* As the caller qualified it. */
static struct str invoked_arn(struct invoke_call *call, struct invocation *inv)
{
    if (!str_is_set(call->ref.qualifier))
        return inv->version->arn;
    return arn_function(&inv->arena, &call->ref.id, call->ref.qualifier);
}

char *invoke_call_take_payload(struct invoke_call *call, size_t *ret_len)
{
    char *payload = api_take_payload(call->request, ret_len);

    if (payload && *ret_len == 0) {
        free(payload);
        payload = strdup("{}");
        *ret_len = 2;
    }
    return payload;
}

struct str invoke_call_trace(struct invoke_call *call, const struct function_version *version)
{
    struct arena *arena = &call->request->arena;
    struct str given = api_request_header(call->request, STR("X-Amzn-Trace-Id"));
    bool sample = version && dispatch_samples(call->service->options.dispatch, version, given);
    struct str trace = trace_id_take(arena, given, sample);

    if (str_is_set(trace))
        api_reply_header(call->request, STR("X-Amzn-Trace-Id"), trace_id_of_answer(arena, trace));
    return trace;
}

/* NULL when out of memory. */
static struct invocation *make_invocation(struct invoke_call *call,
                                          struct function_version *version)
{
    CLEANUP(invocation_freep)
    struct invocation *inv = invocation_new(version, call->request->id);
    struct invocation *made;

    if (!inv)
        return NULL;
    inv->payload = invoke_call_take_payload(call, &inv->payload_len);
    if (invocation_set_trace(inv, invoke_call_trace(call, version)) < 0)
        return NULL;
    inv->client_context = arena_str(&inv->arena, call->client_context);
    inv->tenant_id = arena_str(&inv->arena, call->tenant_id);
    inv->invoked_arn = invoked_arn(call, inv);
    if (call->wants_tail)
        inv->tail = calloc(1, sizeof(*inv->tail));
    if (!inv->payload || !str_is_set(inv->invoked_arn) || (call->wants_tail && !inv->tail))
        return NULL;
    inv->sink = call->sink;
    inv->sink_owner = call;
    made = inv;
    inv = NULL;
    return made;
}

/* ---- the way ---- */

static void refuse_loop(struct invoke_call *call, int failure)
{
    if (failure < 0)
        api_fault_internal(call->request, failure);
    else
        api_fault(call->request, &lambda_fault_recursive_invocation,
                  "Lambda has detected a recursive loop of this function with other resources and "
                  "has stopped the invocation.");
}

static void submit(struct invoke_call *call, struct function_version *version)
{
    struct invocation *inv = make_invocation(call, version);
    int r;

    if (!inv) {
        api_fault_internal(call->request, -ENOMEM);
        return;
    }
    r = invocation_is_loop(inv, call->service->options.catalog);
    if (r != 0) {
        (void)invocation_free(inv);
        refuse_loop(call, r);
        return;
    }
    r = dispatch_submit(call->service->options.dispatch, inv);
    if (r == DISPATCH_OK)
        return; /* the sink answers, and may have done so */
    (void)invocation_free(inv);
    if (r > 0)
        invoke_call_throttled(call, dispatch_limit_reason(r));
    else
        api_fault_internal(call->request, r);
}

void invoke_call_not_found(struct invoke_call *call)
{
    if (!str_is_set(call->ref.qualifier))
        call->ref.qualifier = STR("$LATEST");
    answer_not_found(call->request, &call->ref);
}

static void on_target(struct invoke_target *target, int outcome, struct function_version *version)
{
    struct invoke_call *call = container_of(target, struct invoke_call, target);

    switch (outcome) {
    case CATALOG_OK:
        submit(call, version);
        return;
    case CATALOG_NOT_FOUND:
        invoke_call_not_found(call);
        return;
    case INVOKE_TARGET_IMAGE:
        api_fault(call->request, &api_fault_not_implemented,
                  "Functions with PackageType Image cannot be run by this server yet.");
        return;
    case INVOKE_TARGET_CODE_MISSING:
        api_fault(call->request, &lambda_fault_service, "The function's code is missing.");
        return;
    case INVOKE_TARGET_CODE_BROKEN:
        api_fault(call->request, &lambda_fault_invalid_zip_file,
                  "Lambda could not unzip the deployment package.");
        return;
    default:
        answer_refused(call->request, &call->ref, outcome);
        return;
    }
}

void invoke_call_dry_run(struct invoke_call *call, const void *output)
{
    CLEANUP(function_version_unrefp) struct function_version *version = NULL;
    int r = catalog_invoke_target(call->service->options.catalog, &call->ref.id,
                                  call->ref.qualifier, &version);

    if (r == CATALOG_NOT_FOUND)
        invoke_call_not_found(call);
    else
        api_reply(call->request, output);
}

void invoke_call_run(struct invoke_call *call)
{
    call->target.id = call->ref.id;
    call->target.qualifier = call->ref.qualifier;
    call->target.done = on_target;
    invoke_target_find(&call->target, call->service->options.catalog, call->service->options.code);
}

struct invoke_call *invoke_call_new(struct api_request *request, struct lambda_service *service,
                                    const struct invoke_input *input,
                                    const struct invocation_sink *sink)
{
    struct invoke_call *call = arena_new(&request->arena, struct invoke_call);

    if (!call) {
        api_fault_internal(request, -ENOMEM);
        return NULL;
    }
    call->request = request;
    call->service = service;
    call->sink = sink;
    call->tenant_id = input->tenant_id;
    call->wants_tail = str_eq(input->log_type, STR("Tail"));
    if (!name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY, &call->ref))
        return NULL;
    if (!check_request_id(call) || !read_client_context(call, input->client_context))
        return NULL;
    return call;
}
