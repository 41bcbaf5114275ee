/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The HTTP end of the gate, in the order of a request:
 *   api_gate_request → find_service, route → principal, authenticate → read the body (api/body.c) →
 * body_done: decode → gate_handle → http_reply or http_fault.
 */

#include <errno.h>
#include <stdlib.h>

#include "api/body.h"
#include "api/front_faults.h"
#include "api/gate_internal.h"
#include "api/origin.h"
#include "api/protocol.h"
#include "api/route.h"
#include "api/scope.h"
#include "api/service.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/must.h"
#include "http/server.h"
#include "model/model.h"

struct gate_http {
    struct api_request request;
    struct api_gate *gate;        /* borrowed */
    struct gate_service *service; /* whose protocol the answer speaks */
    struct http_request *http;
    struct api_route route;
    struct api_body *body; /* owned; NULL: none */
};

static struct gate_http *gate_http_of(struct api_request *request)
{
    return container_of(request, struct gate_http, request);
}

/* Answers. */

static void gate_http_free(struct gate_http *call)
{
    struct api_gate *gate = call->gate;

    (void)api_body_free(call->body);
    arena_deinit(&call->request.arena);
    free(call);
    gate->requests--;
    if (gate->drained)
        api_gate_drain(gate, gate->drained, gate->drained_owner);
}

void api_gate_drain(struct api_gate *gate, void (*drained)(void *owner), void *owner)
{
    gate->drained = gate->requests ? drained : NULL;
    gate->drained_owner = owner;
    if (!gate->requests)
        drained(owner);
}

static void add_common_headers(const struct api_request *request, struct api_answer *answer)
{
    api_answer_header(answer, STR("x-amzn-RequestId"), str_of(request->id));
    for (size_t i = 0; i < request->extra_count; i++)
        api_answer_header(answer, request->extra[i].name, request->extra[i].value);
}

static void send_answer(struct gate_http *call, struct api_answer *answer)
{
    char *body = NULL;
    size_t len = 0;

    add_common_headers(&call->request, answer);
    if (buf_failed(&answer->body)) {
        buf_deinit(&answer->body);
        answer->status = (unsigned)api_fault_service.status;
    }
    if (answer->body.len > 0)
        body = buf_steal(&answer->body, &len);
    http_respond_owned(call->http, answer->status, answer->headers, answer->header_count, body,
                       len);
    buf_deinit(&answer->body);
    gate_http_free(call);
}

static void http_reply(struct api_request *request, const void *output, char *payload, size_t len)
{
    struct gate_http *call = gate_http_of(request);
    struct api_answer answer = {.status = 0};

    call->service->service->protocol->encode(request, output, &answer);
    if (payload != NULL) {
        buf_deinit(&answer.body);
        answer.body = (struct buf){.ptr = payload, .len = len, .cap = len};
    }
    send_answer(call, &answer);
}

static void http_fault(struct api_request *request, const struct api_fault *fault)
{
    struct gate_http *call = gate_http_of(request);
    struct api_answer answer = {.status = 0};

    call->service->service->protocol->encode_fault(fault, &answer);
    send_answer(call, &answer);
}

static char *http_take_payload(struct api_request *request, size_t *ret_len)
{
    struct gate_http *call = gate_http_of(request);

    *ret_len = 0;
    return call->body != NULL ? api_body_steal(call->body, ret_len) : calloc(1, 1);
}

static void http_start(struct api_request *request, const void *output)
{
    struct gate_http *call = gate_http_of(request);
    struct api_answer answer = {.status = 0};

    call->service->service->protocol->encode(request, output, &answer);
    add_common_headers(request, &answer);
    http_response_start(call->http, answer.status, answer.headers, answer.header_count);
    buf_deinit(&answer.body);
}

static size_t http_piece(struct api_request *request, struct str bytes)
{
    return http_response_write(gate_http_of(request)->http, bytes);
}

static void http_on_writable(struct api_request *request, void (*writable)(void *owner),
                             void *owner)
{
    http_response_on_writable(gate_http_of(request)->http, writable, owner);
}

static void http_end(struct api_request *request)
{
    struct gate_http *call = gate_http_of(request);

    http_response_end(call->http);
    gate_http_free(call);
}

static const struct api_request_ops http_ops = {
    .reply = http_reply,
    .fault = http_fault,
    .take_payload = http_take_payload,
    .start = http_start,
    .piece = http_piece,
    .on_writable = http_on_writable,
    .end = http_end,
};

/* After the body. */

/* Wrong names are reported before a wrong payload: the validation ran first. */
static bool refuse_payload(struct gate_http *call)
{
    struct api_request *request = &call->request;
    CLEANUP(buf_deinit) struct buf text = {.len = 0};

    (void)buf_append_str(&text, STR("Could not parse request body into json: Could not parse "
                                    "payload into json: "));
    if (call->body == NULL || !api_body_describe(call->body, &text))
        return false;
    api_fault(request, request->operation->payload_fault, "%.*s", STR_FMT(buf_str(&text)));
    return true;
}

static void decode_and_handle(struct gate_http *call)
{
    struct api_request *request = &call->request;
    const char *error = NULL;
    int r = call->service->service->protocol->decode(request, &call->route, call->body, &error);

    if (r < 0)
        api_fault_internal(request, r);
    else if (r == API_DECODE_WRONG)
        api_fault_send(request, &(struct api_fault){.kind = &api_fault_serialization,
                                                    .message = str_of(error)});
    else if (gate_validate(call->service, request) && !refuse_payload(call))
        gate_handle(call->service, request);
}

static uint64_t body_bytes_max(const struct model_operation *operation)
{
    return operation->body_bytes_max > 0 ? operation->body_bytes_max : LIMIT_API_BODY_BYTES;
}

static void refuse_too_large(struct gate_http *call)
{
    const struct model_operation *operation = call->request.operation;

    api_fault(&call->request, &api_fault_too_large,
              "Request must be smaller than %llu bytes for the %s operation",
              (unsigned long long)body_bytes_max(operation), operation->limit_name);
}

static void body_done(void *owner, enum api_body_result result)
{
    struct gate_http *call = owner;

    switch (result) {
    case API_BODY_COMPLETE:
        decode_and_handle(call);
        break;
    case API_BODY_TOO_LARGE:
        refuse_too_large(call);
        break;
    case API_BODY_GONE: /* nobody reads the answer, but the request wants one */
        api_fault(&call->request, &api_fault_unavailable, NULL);
        break;
    case API_BODY_BAD_BLOB:
        api_fault(&call->request, &api_fault_serialization, "Invalid base64 in request body");
        break;
    case API_BODY_MANY_BLOBS:
        api_fault(&call->request, &api_fault_serialization, "Unexpected field type");
        break;
    case API_BODY_FAILED:
        api_fault_internal(&call->request, api_body_error(call->body));
        break;
    }
}

static void start_body(struct gate_http *call)
{
    const struct http_request *http = call->http;
    uint64_t bytes_max = body_bytes_max(call->request.operation);

    if (!http->has_body) {
        decode_and_handle(call);
        return;
    }
    if (http->content_length != UINT64_MAX && http->content_length > bytes_max) {
        refuse_too_large(call);
        return;
    }
    call->body = api_body_new(
        &(struct api_body_options){
            .loop = call->gate->options.loop,
            .spool_directory = call->gate->options.spool_directory,
            .http = call->http,
            .operation = call->request.operation,
            .bytes_max = bytes_max,
        },
        body_done, call);
    if (call->body == NULL)
        api_fault_internal(&call->request, -ENOMEM);
    else
        api_body_start(call->body);
}

/* Before the body. */

/* The Host's first label: "lambda.us-east-1.amazonaws.com", "lambda.localhost:4566". */
static struct gate_service *service_of_host(struct api_gate *gate, struct str host)
{
    struct str label = str_sub(host, 0, str_find(host, '.'));

    for (size_t i = 0; i < gate->service_count; i++)
        if (str_eq_nocase(str_of(gate->services[i].service->model->host_prefix), label))
            return &gate->services[i];
    return NULL;
}

static int route_in(struct gate_http *call, struct gate_service *service)
{
    int r = service->service->protocol->route(service->router, &call->request.arena, call->http,
                                              &call->route);

    call->service = service;
    call->request.service = service->service;
    call->request.operation = r == API_ROUTE_OK ? call->route.operation : NULL;
    return r;
}

/* A request that names its service belongs to that one; else the path decides. */
static int route(struct gate_http *call, struct str scope_service)
{
    struct api_gate *gate = call->gate;
    struct gate_service *service = gate_service_find(gate, scope_service);

    if (service == NULL && scope_service.len > 0)
        return API_ROUTE_UNKNOWN;
    if (service == NULL)
        service = service_of_host(gate, call->http->host);
    if (service != NULL)
        return route_in(call, service);
    for (size_t i = 0; i < gate->service_count; i++) {
        int r = route_in(call, &gate->services[i]);

        if (r != API_ROUTE_UNKNOWN)
            return r;
    }
    return API_ROUTE_UNKNOWN;
}

static struct api_scope scope_of(const struct http_request *http, struct arena *arena)
{
    struct str header = http_request_header(http, STR("Authorization"));

    if (str_is_set(header))
        return api_scope_of_header(header);
    return api_scope_of_credential(api_query_find(arena, http->query, STR("X-Amz-Credential")));
}

static struct api_principal principal_of(const struct api_gate *gate, struct api_scope scope)
{
    return (struct api_principal){
        .account = api_scope_is_account(scope.access_key) ? scope.access_key
                                                          : gate->options.default_account,
        .region = api_scope_is_region(scope.region) ? scope.region : gate->options.default_region,
        .access_key = scope.access_key,
    };
}

static bool has_authorization(const struct http_request *http)
{
    return str_is_set(http_request_header(http, STR("Authorization")));
}

/* True when the request may go on; else it is answered. */
static bool authenticate(struct gate_http *call)
{
    const struct api_gate_options *options = &call->gate->options;
    struct api_fault fault = {.kind = NULL};
    int r;

    if (options->auth == NULL) {
        if (has_authorization(call->http) ||
            api_origin_is_acceptable(call->http->host,
                                     http_request_header(call->http, STR("Origin"))))
            return true;
        api_fault(&call->request, &api_fault_missing_authentication_token,
                  "Missing Authentication Token");
        return false;
    }
    r = options->auth->authenticate(options->auth_owner, call->http, &call->request.principal,
                                    &fault);
    if (r == API_AUTH_OK)
        return true;
    if (r < 0)
        api_fault_internal(&call->request, r);
    else
        api_fault_send(&call->request, &fault);
    return false;
}

static void start(struct gate_http *call, struct str scope_service, bool is_trusted)
{
    struct api_request *request = &call->request;
    int r = route(call, scope_service);

    if (r < 0)
        api_fault(request, &api_fault_service, NULL);
    else if (r == API_ROUTE_UNKNOWN)
        api_fault(request, &api_fault_unknown_operation, NULL);
    else if (is_trusted || authenticate(call))
        start_body(call);
}

/* Out of memory before there is a request. */
static void refuse(struct http_request *http)
{
    http_respond(http, (unsigned)api_fault_unavailable.status, NULL, 0, STR(""));
}

void api_gate_request(struct api_gate *gate, struct http_request *http,
                      const struct api_principal *as)
{
    struct api_scope scope = scope_of(http, &http->arena);
    struct api_principal principal = as != NULL ? *as : principal_of(gate, scope);
    struct gate_http *call = calloc(1, sizeof(*call));

    if (call == NULL) {
        refuse(http);
        return;
    }
    gate->requests++;
    call->gate = gate;
    call->http = http;
    call->service = &gate->services[0];
    if (gate_request_init(&call->request, &http_ops, &principal) < 0) {
        gate_http_free(call);
        refuse(http);
        return;
    }
    call->request.http = http;
    start(call, scope.service, as != NULL);
}
