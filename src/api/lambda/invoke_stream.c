/* SPDX-License-Identifier: Apache-2.0 */

/*
 * InvokeWithResponseStream: the answer as a stream of messages, PayloadChunk for each piece as it
 * comes and InvokeComplete at the end. A client that reads slowly holds the function back: not more
 * than HTTP_WRITE_HIGH_BYTES and the piece that passes it wait here.
 */

#include <errno.h>
#include <stdlib.h>

#include "api/event_stream.h"
#include "api/lambda/invocations.h"
#include "api/lambda/invoke_call.h"
#include "api/request.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "catalog/function.h"
#include "http/server.h"
#include "model/lambda/shapes.h"

enum { ERROR_READ_BYTES_MAX = 262144 }; /* 6 MB of small values would hold the loop up for long */

static void start(struct invoke_call *call, const struct invocation *inv)
{
    const struct lambda_invoke_with_response_stream_response output = {
        .status_code = model_int(200),
        .executed_version = inv->version->version,
        .response_stream_content_type = STR("application/vnd.amazon.eventstream"),
    };

    call->has_started = true;
    api_reply_start(call->request, &output);
}

/* The client has read on, or is gone. */
static void on_writable(void *owner)
{
    struct invoke_call *call = owner;

    if (call->inv)
        invocation_hold(call->inv, false);
}

/* Without memory a message is left out; the client sees from InvokeComplete that it is not all. */
static bool send_message(struct invoke_call *call, struct str event_type, struct str content_type,
                         struct str payload)
{
    CLEANUP(buf_deinit) struct buf message = {0};
    size_t waiting;

    event_stream_encode(&message, event_type, content_type, payload);
    if (buf_failed(&message))
        return false;
    waiting = api_reply_piece(call->request, buf_str(&message));
    if (call->inv && waiting > HTTP_WRITE_HIGH_BYTES) {
        invocation_hold(call->inv, true);
        api_reply_on_writable(call->request, on_writable, call);
    }
    return true;
}

static void on_started(struct invocation *inv, struct str content_type)
{
    struct invoke_call *call = inv->sink_owner;

    (void)content_type; /* the function's own; the messages say what they are */
    call->inv = inv;
    start(call, inv);
}

static void on_piece(struct invocation *inv, struct str bytes)
{
    struct invoke_call *call = inv->sink_owner;

    if (!send_message(call, STR("PayloadChunk"), STR("application/octet-stream"), bytes))
        call->is_broken = true;
}

/* ---- the end ---- */

/* What the platform found out is told by name; what the function threw is "Unhandled". */
static struct str error_code(struct arena *arena, struct str error)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct str type = STR_NONE;

    if (error.len <= ERROR_READ_BYTES_MAX && json_doc_load(&doc, error, NULL) == 0)
        type = json_doc_str(doc, "errorType");
    if (str_starts_with(type, STR("Runtime.")) || str_starts_with(type, STR("Function.")) ||
        str_starts_with(type, STR("Sandbox.")))
        return arena_str(arena, type);
    return STR("Unhandled");
}

static void write_or_null(struct json_writer *writer, struct str name, struct str value)
{
    json_write_key(writer, name);
    if (str_is_set(value))
        json_write_str(writer, value);
    else
        json_write_null(writer);
}

static void complete(struct invoke_call *call, const struct invocation *inv)
{
    CLEANUP(buf_deinit) struct buf payload = {0};
    struct str error = STR_NONE, code = STR_NONE, tail = STR_NONE;
    struct json_writer writer;

    if (call->outcome != INVOCATION_OK) {
        error = str_make(call->payload ? call->payload : "", call->len);
        code = error_code(&call->request->arena, error);
    } else if (call->is_broken) {
        code = STR("Unhandled");
    }
    if (call->wants_tail)
        tail = invoke_call_tail(call, inv->tail);
    json_writer_init(&writer, &payload);
    json_write_object_begin(&writer);
    write_or_null(&writer, STR("ErrorCode"), code);
    write_or_null(&writer, STR("ErrorDetails"), error);
    write_or_null(&writer, STR("LogResult"), tail);
    json_write_object_end(&writer);
    (void)send_message(call, STR("InvokeComplete"), STR("application/json"), buf_str(&payload));
}

static void finish(struct invoke_call *call, const struct invocation *inv)
{
    if (invoke_call_was_refused(call) && !call->has_started) {
        invoke_call_refuse(call);
        return;
    }
    if (!call->has_started)
        start(call, inv);
    call->inv = NULL;
    if (call->outcome == INVOCATION_OK && call->len > 0)
        (void)send_message(call, STR("PayloadChunk"), STR("application/octet-stream"),
                           str_make(call->payload, call->len));
    complete(call, inv);
    free(call->payload);
    api_reply_end(call->request);
}

static const struct invocation_sink stream_sink = {
    .stream_started = on_started,
    .stream_piece = on_piece,
    .responded = invoke_call_responded,
    .ended = invoke_call_ended,
};

void lambda_invoke_with_response_stream(struct api_request *request, void *context)
{
    static const struct lambda_invoke_with_response_stream_response nothing = {
        .status_code = {204, true}};
    const struct lambda_invoke_with_response_stream_request *input = request->input;
    const struct invoke_input common = {
        .function_name = input->function_name,
        .qualifier = input->qualifier,
        .log_type = input->log_type,
        .client_context = input->client_context,
        .tenant_id = input->tenant_id,
    };
    struct invoke_call *call = invoke_call_new(request, context, &common, &stream_sink);

    if (!call)
        return;
    call->answer = finish;
    if (str_eq(input->invocation_type, STR("DryRun")))
        invoke_call_dry_run(call, &nothing);
    else
        invoke_call_run(call);
}
