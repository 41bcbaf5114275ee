/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The Runtime API over HTTP (spec: runtime-api, section 2), served on the listener inside one
 * sandbox. Whoever can connect is in the box: no token, and the routes know one session only.
 *
 * Order of checks of the {id} routes, as on AWS: request id, state, response mode, body.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/must.h"
#include "runtime/answer.h"
#include "runtime/error_cause.h"
#include "runtime/session_internal.h"

/* A `next` call that waits for an event. */
struct runtime_api_wait {
    struct list node; /* in session->parked */
    struct http_request *req;
};

/* A body that is being read. */
struct runtime_api_body {
    struct list node;                /* in session->bodies */
    struct runtime_session *session; /* NULL once the process that sends it is gone */
    struct http_request *req;
    struct buf bytes;
    bool too_large;
    bool in_pieces; /* passed on, or collected, by the session */
    bool waits;     /* the session holds it back */
    void (*finish)(struct runtime_api_body *body);
    char error_type[128];
};

static const struct http_body_ops body_ops;

static const struct http_header json_type = {STR_INIT("Content-Type"),
                                             STR_INIT("application/json")};

static void refuse_transition(struct runtime_session *session, struct http_request *req,
                              const char *target)
{
    char message[256];

    (void)snprintf(message, sizeof(message),
                   "State transition from %s to %s failed for runtime. Error: State transition is "
                   "not allowed",
                   runtime_state_name(session->state), target);
    answer_error(req, 403, "InvalidStateTransition", message);
}

/* ---- next ---- */

static void answer_event(struct http_request *req, const struct runtime_event *event)
{
    struct http_header headers[8];
    size_t count = 0;
    char deadline[24];

    (void)snprintf(deadline, sizeof(deadline), "%llu", (unsigned long long)event->deadline_real_ms);
    const struct http_header candidates[] = {
        {STR("Lambda-Runtime-Aws-Request-Id"), event->request_id},
        {STR("Lambda-Runtime-Deadline-Ms"), str_of(deadline)},
        {STR("Lambda-Runtime-Invoked-Function-Arn"), event->function_arn},
        {STR("Lambda-Runtime-Trace-Id"), event->trace_id},
        {STR("Lambda-Runtime-Client-Context"), event->client_context},
        {STR("Lambda-Runtime-Cognito-Identity"), event->cognito_identity},
        {STR("Lambda-Runtime-Aws-Tenant-Id"), event->tenant_id},
    };
    static_assert(sizeof(headers) / sizeof(headers[0]) > sizeof(candidates) / sizeof(candidates[0]),
                  "one more for the content type");

    headers[count++] = json_type;
    for (size_t i = 0; i < array_count(candidates); i++)
        if (candidates[i].value.len)
            headers[count++] = candidates[i];
    http_respond(req, 200, headers, count, event->payload);
}

static void wait_free(struct runtime_api_wait *wait)
{
    list_remove(&wait->node);
    free(wait);
}

/* The client closed its connection while its `next` waited: the answer must still be given, to
 * nobody. */
static void on_wait_closed(void *owner)
{
    struct runtime_api_wait *wait = owner;
    struct http_request *req = wait->req;

    wait_free(wait);
    answer_internal_error(req);
}

static void park(struct runtime_session *session, struct http_request *req)
{
    struct runtime_api_wait *wait = calloc(1, sizeof(*wait));

    if (!wait) {
        answer_internal_error(req);
        return;
    }
    wait->req = req;
    list_push_back(&session->parked, &wait->node);
    http_request_on_closed(req, on_wait_closed, wait);
}

void runtime_api_deliver(struct runtime_session *session)
{
    list_for_each_safe (node, &session->parked) {
        struct runtime_api_wait *wait = container_of(node, struct runtime_api_wait, node);
        struct http_request *req = wait->req;

        wait_free(wait);
        answer_event(req, session->event);
    }
}

void runtime_api_drop(struct runtime_session *session)
{
    list_for_each_safe (node, &session->parked) {
        struct runtime_api_wait *wait = container_of(node, struct runtime_api_wait, node);
        struct http_request *req = wait->req;

        wait_free(wait);
        answer_internal_error(req);
    }
    list_for_each_safe (node, &session->bodies) {
        struct runtime_api_body *body = container_of(node, struct runtime_api_body, node);

        body->session = NULL;
        list_remove(node);
        if (body->waits)
            http_request_read(body->req, &body_ops, body);
        body->waits = false;
    }
}

void runtime_api_go_on(struct runtime_session *session)
{
    list_for_each_safe (node, &session->bodies) {
        struct runtime_api_body *body = container_of(node, struct runtime_api_body, node);

        if (body->waits)
            http_request_read(body->req, &body_ops, body);
        body->waits = false;
    }
}

static void on_next(struct runtime_session *session, struct http_request *req)
{
    switch (session->state) {
    case RUNTIME_RUNNING:
        answer_event(req, session->event);
        return;
    case RUNTIME_READY:
        park(session, req);
        return;
    case RUNTIME_STARTED:
    case RUNTIME_RESPONSE_SENT:
        /* Parked first: the step may deliver the next event at once. */
        park(session, req);
        must(session_step_next(session));
        return;
    case RUNTIME_ABSENT:
    case RUNTIME_RESPONDING:
    case RUNTIME_ERRORING:
    case RUNTIME_INIT_ERROR:
        refuse_transition(session, req, "Ready");
        return;
    }
}

/* ---- bodies ---- */

static void body_free(struct runtime_api_body *body)
{
    list_remove(&body->node);
    buf_deinit(&body->bytes);
    free(body);
}

static void take_body(struct runtime_api_body *body, struct str bytes)
{
    if (!body->in_pieces) {
        if (buf_append_str(&body->bytes, bytes) < 0)
            body->too_large = true;
    } else if (body->session) {
        session_stream_piece(body->session, bytes);
    }
}

static void on_body_data(void *owner, const char *bytes, size_t len)
{
    struct runtime_api_body *body = owner;

    if (len == 0) {
        body->finish(body);
        return;
    }
    take_body(body, str_make(bytes, len));
    body->waits = body->session && body->session->held;
    if (!body->waits)
        http_request_read(body->req, &body_ops, body);
}

static void on_body_failed(void *owner)
{
    struct runtime_api_body *body = owner;
    struct runtime_session *session = body->session;
    struct http_request *req = body->req;

    body_free(body);
    answer_error(req, 400, "TruncatedHTTPRequest", "HTTP request detected as truncated");
    if (session)
        session->ops->broken(session->owner, "Runtime.TruncatedResponse",
                             "HTTP request detected as truncated");
}

static const struct http_body_ops body_ops = {on_body_data, on_body_failed};

static void finish_stream(struct runtime_api_body *body);

static void read_body(struct runtime_session *session, struct http_request *req,
                      void (*finish)(struct runtime_api_body *body))
{
    struct str type = http_request_header(req, STR("Lambda-Runtime-Function-Error-Type"));
    struct runtime_api_body *body = calloc(1, sizeof(*body));

    if (!body) {
        answer_internal_error(req);
        session->ops->broken(session->owner, NULL, "no memory for a response");
        return;
    }
    body->session = session;
    list_push_back(&session->bodies, &body->node);
    body->req = req;
    body->in_pieces = finish == finish_stream;
    body->bytes.max = LIMIT_RESPONSE_BYTES;
    body->finish = finish;
    (void)str_to_cstr(str_sub(type, 0, sizeof(body->error_type) - 1), body->error_type,
                      sizeof(body->error_type));
    if (req->content_length != UINT64_MAX && req->content_length <= LIMIT_RESPONSE_BYTES)
        (void)buf_reserve(&body->bytes, (size_t)req->content_length);
    http_request_read(req, &body_ops, body);
}

static void finish_stale(struct runtime_api_body *body)
{
    answer_internal_error(body->req);
    body_free(body);
}

static void finish_too_large(struct runtime_api_body *body)
{
    struct runtime_session *session = body->session;

    answer_error(body->req, 413, "RequestEntityTooLarge",
                 "Exceeded maximum allowed payload size (6291556 bytes).");
    body_free(body);
    session_step_sent(session);
    session->ops->response_too_large(session->owner);
}

/* The errors of a runtime may come with their cause in the body, which its caller does not get. */
static void hand_error(struct runtime_api_body *body, char *payload, size_t len)
{
    struct runtime_session *session = body->session;
    struct http_request *req = body->req;
    CLEANUP(buf_deinit) struct buf cause = {0};
    struct runtime_error error = {
        .type = str_of(body->error_type),
        .cause = http_request_header(req, STR("Lambda-Runtime-Function-XRay-Error-Cause")),
    };

    if (str_eq(http_request_header(req, STR("Content-Type")), STR(ERROR_CAUSE_CONTENT_TYPE))) {
        error_cause_take(&payload, &len, &cause);
        error.cause = buf_str(&cause);
    }
    session->ops->error(session->owner, &error, payload, len);
}

/* Common end of response and error: hand the bytes up, then tell the runtime. */
static void finish_result(struct runtime_api_body *body, bool is_error)
{
    struct runtime_session *session = body->session;
    struct http_request *req = body->req;
    char *payload;
    size_t len;

    if (!session) {
        finish_stale(body);
        return;
    }
    if (body->too_large) {
        finish_too_large(body);
        return;
    }
    payload = buf_steal(&body->bytes, &len);
    if (!payload) {
        finish_too_large(body);
        return;
    }
    session_step_sent(session);
    if (is_error)
        hand_error(body, payload, len);
    else
        session->ops->response(session->owner, payload, len);
    body_free(body);
    answer_status_ok(req);
}

static void finish_response(struct runtime_api_body *body)
{
    finish_result(body, false);
}

static void finish_stream(struct runtime_api_body *body)
{
    struct runtime_session *session = body->session;
    struct http_request *req = body->req;

    if (!session) {
        finish_stale(body);
        return;
    }
    session_stream_end(session,
                       http_request_trailer(req, STR("Lambda-Runtime-Function-Error-Type")),
                       http_request_trailer(req, STR("Lambda-Runtime-Function-Error-Body")));
    body_free(body);
    answer_status_ok(req);
}

static void finish_error(struct runtime_api_body *body)
{
    finish_result(body, true);
}

static void finish_init_error(struct runtime_api_body *body)
{
    struct runtime_session *session = body->session;

    if (!session) {
        finish_stale(body);
        return;
    }
    session->ops->init_error(session->owner, str_of(body->error_type), buf_str(&body->bytes));
    answer_status_ok(body->req);
    body_free(body);
}

static void on_init_error(struct runtime_session *session, struct http_request *req)
{
    if (session_step_init_error(session))
        read_body(session, req, finish_init_error);
    else
        refuse_transition(session, req, "InitError");
}

/* ---- {id} routes ---- */

/* A body that is collected here has one limit; the session has those of one in pieces. */
static void read_result(struct runtime_session *session, struct http_request *req, bool is_error,
                        bool in_pieces)
{
    if (in_pieces)
        session_stream_begin(session, http_request_header(req, STR("Content-Type")));
    read_body(session, req, in_pieces ? finish_stream : is_error ? finish_error : finish_response);
}

static void on_result(struct runtime_session *session, struct http_request *req, struct str id,
                      bool is_error)
{
    struct str mode = http_request_header(req, STR("Lambda-Runtime-Function-Response-Mode"));

    if (!session->event || !str_eq(id, session->event->request_id)) {
        answer_error(req, 400, "InvalidRequestID", "Invalid request ID");
        return;
    }
    if (!session_step_body(session, is_error ? RUNTIME_ERRORING : RUNTIME_RESPONDING)) {
        refuse_transition(session, req,
                          is_error ? "InvocationErrorResponse" : "InvocationResponse");
        return;
    }
    if (str_is_set(mode) && !str_eq(mode, STR("streaming"))) {
        answer_error(req, 400, "InvalidFunctionResponseMode", "Invalid function response mode");
        session->ops->broken(session->owner, "Runtime.InvalidResponseModeHeader",
                             "Invalid function response mode");
        return;
    }
    read_result(session, req, is_error, str_is_set(mode) && !is_error);
}

/* ---- routes ---- */

static bool is_get(const struct http_request *req)
{
    return str_eq(req->method, STR("GET"));
}

static bool is_post(const struct http_request *req)
{
    return str_eq(req->method, STR("POST"));
}

static void not_allowed(struct http_request *req)
{
    http_respond(req, 405, NULL, 0, STR(""));
}

/* rest: the path after /2018-06-01/runtime/invocation/ */
static void route_invocation(struct runtime_session *session, struct http_request *req,
                             struct str rest)
{
    struct str id;

    if (str_eq(rest, STR("next"))) {
        if (is_get(req))
            on_next(session, req);
        else
            not_allowed(req);
        return;
    }
    (void)str_next(&rest, '/', &id);
    if (!str_eq(rest, STR("response")) && !str_eq(rest, STR("error")))
        http_respond(req, 404, NULL, 0, STR(""));
    else if (!is_post(req))
        not_allowed(req);
    else
        on_result(session, req, id, str_eq(rest, STR("error")));
}

static void route_runtime(struct runtime_session *session, struct http_request *req,
                          struct str rest)
{
    if (session->state == RUNTIME_ABSENT) {
        answer_internal_error(req);
        return;
    }
    if (session->is_framed) {
        answer_error(req, 403, "InvalidStateTransition",
                     "this runtime is connected to its channel; the Runtime API is not for it");
        return;
    }
    if (str_starts_with(rest, STR("invocation/"))) {
        route_invocation(session, req, str_sub(rest, sizeof("invocation/") - 1, rest.len));
    } else if (str_eq(rest, STR("init/error"))) {
        if (is_post(req))
            on_init_error(session, req);
        else
            not_allowed(req);
    } else {
        http_respond(req, 404, NULL, 0, STR(""));
    }
}

static void on_request(void *owner, struct http_request *req)
{
    struct runtime_session *session = owner;
    struct str runtime = STR("/2018-06-01/runtime/");

    if (str_starts_with(req->path, runtime))
        route_runtime(session, req, str_sub(req->path, runtime.len, req->path.len));
    else if (str_eq(req->path, STR("/2018-06-01/ping")))
        http_respond(req, 200, NULL, 0, STR("pong"));
    else
        session->ops->foreign_request(session->owner, req);
}

int runtime_api_listen(struct runtime_session *session, int listener_fd)
{
    static const struct http_server_ops ops = {on_request};
    struct http_server_options options = {
        .loop = session->loop,
        .connections_max = LIMIT_LISTENER_CONNECTIONS,
        .header_bytes_max = LIMIT_LISTENER_HEADER_BYTES,
        .header_timeout_ms = LIMIT_HTTP_HEADER_MS,
        .ops = &ops,
        .owner = session,
    };
    int r;

    must(!session->server);
    r = http_server_new(&session->server, &options);
    if (r < 0) {
        close_fdp(&listener_fd);
        return err_pass(r);
    }
    r = http_server_adopt(session->server, listener_fd);
    return r < 0 ? err_pass(r) : 0;
}
