/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/endian.h"
#include "base/limits.h"
#include "base/must.h"
#include "runtime/session_internal.h"

const char *runtime_state_name(enum runtime_state state)
{
    static const char *const names[] = {
        [RUNTIME_ABSENT] = "Absent",
        [RUNTIME_STARTED] = "Started",
        [RUNTIME_READY] = "Ready",
        [RUNTIME_RUNNING] = "Running",
        [RUNTIME_RESPONDING] = "InvocationResponse",
        [RUNTIME_ERRORING] = "InvocationErrorResponse",
        [RUNTIME_RESPONSE_SENT] = "RuntimeResponseSentState",
        [RUNTIME_INIT_ERROR] = "InitError",
    };

    return names[state];
}

int session_new(struct runtime_session **ret_session, uv_loop_t *loop,
                const struct runtime_session_ops *ops, void *owner)
{
    struct runtime_session *session = calloc(1, sizeof(*session));

    if (!session)
        return err_new(-ENOMEM);
    session->loop = loop;
    session->ops = ops;
    session->owner = owner;
    session->stream.max = LIMIT_RESPONSE_BYTES;
    list_init(&session->parked);
    list_init(&session->bodies);
    *ret_session = session;
    return 0;
}

struct runtime_session *session_free(struct runtime_session *session)
{
    if (!session)
        return NULL;
    session_reset(session);
    session->server = http_server_free(session->server);
    buf_deinit(&session->head);
    free(session);
    return NULL;
}

/* ---- the machine ---- */

bool session_step_next(struct runtime_session *session)
{
    enum runtime_state from = session->state;

    if (from != RUNTIME_STARTED && from != RUNTIME_RESPONSE_SENT)
        return false;
    session->state = RUNTIME_READY;
    session->event = NULL;
    if (from == RUNTIME_STARTED)
        session->ops->ready(session->owner);
    else
        session->ops->done(session->owner);
    return true;
}

bool session_step_init_error(struct runtime_session *session)
{
    if (session->state != RUNTIME_STARTED)
        return false;
    session->state = RUNTIME_INIT_ERROR;
    return true;
}

bool session_step_body(struct runtime_session *session, enum runtime_state body_state)
{
    must(body_state == RUNTIME_RESPONDING || body_state == RUNTIME_ERRORING);
    if (session->state != RUNTIME_RUNNING)
        return false;
    session->state = body_state;
    session->ops->responding(session->owner);
    return true;
}

void session_step_sent(struct runtime_session *session)
{
    must(session->state == RUNTIME_RESPONDING || session->state == RUNTIME_ERRORING);
    session->state = RUNTIME_RESPONSE_SENT;
}

/* ---- the channel codec ---- */

static void break_off(struct runtime_session *session, const char *what)
{
    session->channel = channel_free(session->channel); /* NULL for an HTTP runtime */
    session->ops->broken(session->owner, NULL, what);
}

static void on_init_error(struct runtime_session *session, struct frame *frame)
{
    struct str type = STR("Lambda-Runtime-Function-Error-Type");

    if (frame->oversize || !session_step_init_error(session)) {
        break_off(session, "INIT_ERROR out of turn");
        return;
    }
    session->ops->init_error(session->owner, frame_metadata_get(frame->metadata, type),
                             frame->payload);
}

static bool is_current(const struct runtime_session *session, const struct frame *frame)
{
    return session->event && frame->invocation == session->invocation;
}

/* ---- responses in pieces ---- */

void session_stream_begin(struct runtime_session *session, struct str content_type)
{
    buf_clear(&session->stream);
    session->streamed = 0;
    session->is_streaming = session->event->wants_stream;
    if (session->is_streaming)
        session->ops->stream_start(session->owner, content_type);
}

/* For callers that do not take the pieces they are collected, as AWS does for Invoke. */
void session_stream_piece(struct runtime_session *session, struct str bytes)
{
    if (!session->is_streaming) {
        (void)buf_append_str(&session->stream, bytes); /* failures stay in the buffer */
        return;
    }
    session->streamed += bytes.len;
    if (session->streamed > LIMIT_STREAM_BYTES)
        session->stream.failed = true;
    else if (bytes.len > 0)
        session->ops->stream_piece(session->owner, bytes);
}

/* The function failed after it had begun to answer. False: its error cannot be read. */
static bool give_stream_error(struct runtime_session *session, struct str type, struct str body)
{
    char *payload = malloc(body.len + 1);
    size_t len;

    if (!payload || !base64_decode(payload, &len, body.ptr, body.len)) {
        free(payload);
        return false;
    }
    session->ops->error(session->owner, &(struct runtime_error){.type = type}, payload, len);
    return true;
}

void session_stream_end(struct runtime_session *session, struct str error_type,
                        struct str error_body)
{
    char *payload;
    size_t len;

    session_step_sent(session);
    session->is_streaming = false;
    session->held = false; /* whoever took this answer has no say in the next */
    if (session->channel)
        channel_hold(session->channel, false);
    if (error_type.len > 0) {
        if (!give_stream_error(session, error_type, error_body))
            break_off(session, "unreadable stream error");
        return;
    }
    if (buf_failed(&session->stream)) {
        session->ops->response_too_large(session->owner);
        return;
    }
    payload = buf_steal(&session->stream, &len);
    if (payload)
        session->ops->response(session->owner, payload, len);
    else
        break_off(session, "no memory for the response");
}

static void on_stream_frame(struct runtime_session *session, const struct frame *frame)
{
    if (frame->oversize)
        session->stream.failed = true;
    session_stream_piece(session, frame->payload);
    if (frame->flags & FRAME_FLAG_MORE)
        return;
    session_stream_end(
        session, frame_metadata_get(frame->metadata, STR("Lambda-Runtime-Function-Error-Type")),
        frame_metadata_get(frame->metadata, STR("Lambda-Runtime-Function-Error-Body")));
}

static void on_response(struct runtime_session *session, struct frame *frame)
{
    bool continues = session->state == RUNTIME_RESPONDING;
    char *payload;
    size_t len;

    if (!is_current(session, frame) || frame->flags & ~FRAME_FLAG_MORE ||
        (!continues && !session_step_body(session, RUNTIME_RESPONDING))) {
        break_off(session, "RESPONSE out of turn");
        return;
    }
    if (continues || frame->flags) {
        if (!continues)
            session_stream_begin(session, frame_metadata_get(frame->metadata, STR("Content-Type")));
        on_stream_frame(session, frame);
        return;
    }
    session_step_sent(session);
    if (frame->oversize) {
        session->ops->response_too_large(session->owner);
        return;
    }
    payload = channel_steal_payload(session->channel, frame, &len);
    if (!payload) {
        break_off(session, "no memory for the response");
        return;
    }
    session->ops->response(session->owner, payload, len);
}

static struct runtime_error error_of(struct str metadata)
{
    return (struct runtime_error){
        .type = frame_metadata_get(metadata, STR("Lambda-Runtime-Function-Error-Type")),
        .cause = frame_metadata_get(metadata, STR("Lambda-Runtime-Function-XRay-Error-Cause")),
    };
}

static void on_error(struct runtime_session *session, struct frame *frame)
{
    CLEANUP(buf_deinit) struct buf copy = {0};
    struct runtime_error error;
    char *payload;
    size_t len;

    if (!is_current(session, frame) || !session_step_body(session, RUNTIME_ERRORING)) {
        break_off(session, "ERROR out of turn");
        return;
    }
    session_step_sent(session);
    if (frame->oversize) {
        session->ops->response_too_large(session->owner);
        return;
    }
    /* The metadata lie in the memory that the payload is taken with. */
    (void)buf_append_str(&copy, frame->metadata);
    error = error_of(buf_str(&copy));
    payload = channel_steal_payload(session->channel, frame, &len);
    if (!payload) {
        break_off(session, "no memory for the error");
        return;
    }
    session->ops->error(session->owner, &error, payload, len);
}

static void on_log(struct runtime_session *session, const struct frame *frame)
{
    struct runtime_log log;

    if (frame->payload.len < 8 || frame->payload.len > 8 + LIMIT_LOG_EVENT_BYTES) {
        break_off(session, "LOG of a wrong size");
        return;
    }
    log = (struct runtime_log){
        .real_ms = be64_get(frame->payload.ptr) / 1000,
        .json = (frame->flags & 3) == 1,
        .level = (frame->flags >> 2) & 7,
        .message = str_sub(frame->payload, 8, frame->payload.len),
    };
    session->ops->log(session->owner, &log);
}

static void on_frame(void *owner, struct frame *frame)
{
    struct runtime_session *session = owner;

    /* Nobody can answer what he has not read; and the event must stay until he has. */
    if (frame->type != FRAME_LOG && channel_is_sending(session->channel)) {
        break_off(session, "a frame before the one to it was read");
        return;
    }
    switch (frame->type) {
    case FRAME_NEXT:
        if (!session_step_next(session))
            break_off(session, "NEXT out of turn");
        break;
    case FRAME_RESPONSE:
        on_response(session, frame);
        break;
    case FRAME_ERROR:
        on_error(session, frame);
        break;
    case FRAME_INIT_ERROR:
        on_init_error(session, frame);
        break;
    case FRAME_LOG:
        on_log(session, frame);
        break;
    default:
        break_off(session, "unknown frame");
    }
}

static void on_channel_closed(void *owner, int error)
{
    break_off(owner, error == -EPROTO ? "broken frame" : "the runtime closed its channel");
}

int session_open_channel(struct runtime_session *session, int channel_fd)
{
    static const struct channel_ops ops = {on_frame, on_channel_closed};
    int r;

    must(!session->channel);
    must(session->is_framed);
    r = channel_new(&session->channel, session->loop, channel_fd, &ops, session);
    return r < 0 ? err_pass(r) : 0;
}

void session_init(struct runtime_session *session, struct str environment)
{
    if (!session->channel)
        return; /* a custom runtime has it already, and may have asked for its first event */
    must(session->state == RUNTIME_STARTED);
    buf_clear(&session->head);
    frame_begin(&session->head, FRAME_INIT, 0, 0);
    if (frame_end(&session->head, 0, environment.len) < 0)
        return; /* no memory: the init time-out ends it */
    channel_send(session->channel, &session->head, environment);
}

static void deliver_frame(struct runtime_session *session)
{
    const struct runtime_event *event = session->event;
    struct buf *head = &session->head;
    char deadline[24];

    (void)snprintf(deadline, sizeof(deadline), "%llu", (unsigned long long)event->deadline_real_ms);
    buf_clear(head);
    frame_begin(head, FRAME_INVOKE, 0, session->invocation);
    frame_put_metadata(head, STR("Lambda-Runtime-Aws-Request-Id"), event->request_id);
    frame_put_metadata(head, STR("Lambda-Runtime-Deadline-Ms"), str_of(deadline));
    frame_put_metadata(head, STR("Lambda-Runtime-Invoked-Function-Arn"), event->function_arn);
    frame_put_metadata(head, STR("Lambda-Runtime-Trace-Id"), event->trace_id);
    frame_put_metadata(head, STR("Lambda-Runtime-Client-Context"), event->client_context);
    frame_put_metadata(head, STR("Lambda-Runtime-Cognito-Identity"), event->cognito_identity);
    frame_put_metadata(head, STR("Lambda-Runtime-Aws-Tenant-Id"), event->tenant_id);
    if (frame_end(head, 0, event->payload.len) < 0)
        return; /* no memory: the function's time-out ends it */
    channel_send(session->channel, head, event->payload);
}

void session_invoke(struct runtime_session *session, const struct runtime_event *event)
{
    must(session->state == RUNTIME_READY);
    session->state = RUNTIME_RUNNING;
    session->event = event;
    session->invocation++;
    if (session->channel)
        deliver_frame(session);
    else
        runtime_api_deliver(session);
}

void session_start(struct runtime_session *session, bool is_framed)
{
    must(session->state == RUNTIME_ABSENT);
    session->state = RUNTIME_STARTED;
    session->is_framed = is_framed;
    /* What processes of the past have left in their sockets is not for the new one to be blamed
     * for. */
    if (session->server)
        http_server_hang_up(session->server);
}

int session_listen(struct runtime_session *session, int listener_fd)
{
    int r = runtime_api_listen(session, listener_fd);

    return r < 0 ? err_pass(r) : 0;
}

void session_hold(struct runtime_session *session, bool held)
{
    session->held = held;
    if (session->channel)
        channel_hold(session->channel, held);
    else if (!held)
        runtime_api_go_on(session);
}

void session_drain(struct runtime_session *session)
{
    if (session->channel)
        channel_drain(session->channel);
}

void session_reset(struct runtime_session *session)
{
    session->channel = channel_free(session->channel);
    runtime_api_drop(session);
    buf_deinit(&session->stream);
    session->is_streaming = false;
    session->held = false;
    session->event = NULL;
    session->state = RUNTIME_ABSENT;
}
