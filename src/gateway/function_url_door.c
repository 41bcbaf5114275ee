/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_door.h"

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "catalog/arn.h"
#include "catalog/config.h"
#include "catalog/function.h"
#include "catalog/function_policy.h"
#include "catalog/policy_access.h"
#include "gateway/function_url_auth.h"
#include "gateway/function_url_call.h"
#include "http/server.h"
#include "invoke/dispatch.h"
#include "invoke/invocation.h"
#include "invoke/trace_id.h"

/* ---- the invocation ---- */

static struct str source_ip(struct function_url_call *call)
{
    char text[64];

    if (uv_ip_name((const struct sockaddr *)&call->req->peer, text, sizeof(text)) < 0)
        return STR("");
    return arena_str(&call->arena, str_of(text));
}

/* The Host says it, or for clients that came by path the address that would mean the same. */
static struct str domain(struct function_url_call *call)
{
    if (str_is_set(call->address.region))
        return call->address.domain;
    return arena_printf(&call->arena, "%.*s.lambda-url.%.*s.localhost", STR_FMT(call->url.id),
                        STR_FMT(call->id.region));
}

/* What the function sees: the caller's trace, or the root of a new one. */
static struct str trace_header(const struct function_url_call *call)
{
    bool is_given = str_is_set(http_request_header(call->req, STR("X-Amzn-Trace-Id")));

    return is_given ? call->trace_id : str_sub(call->trace_id, 0, str_find(call->trace_id, ';'));
}

/* 0, -ENOMEM or -EMSGSIZE */
static int write_event(struct function_url_call *call, struct buf *out)
{
    const struct http_request *req = call->req;
    struct str port = function_url_port(req->host);
    struct function_url_event event = {
        .method = req->method,
        .path = call->address.path,
        .query = req->query,
        .protocol = req->http_1_0 ? STR("HTTP/1.0") : STR("HTTP/1.1"),
        .headers = req->headers,
        .header_count = req->header_count,
        .body = buf_str(&call->body),
        .url_id = call->url.id,
        .domain = domain(call),
        .source_ip = source_ip(call),
        .port = str_is_set(port) ? port : STR("80"),
        .trace_id = trace_header(call),
        .request_id = str_of(call->request_id),
        .caller = str_is_set(call->caller.account) ? &call->caller : NULL,
        .time_ms = clock_real_ms(),
    };
    int r = function_url_event_write(out, &call->arena, &event);

    if (r < 0)
        return err_pass(r);
    if (buf_failed(out) || !str_is_set(event.domain) || !str_is_set(event.source_ip))
        return err_new(-ENOMEM);
    return out->len > LIMIT_PAYLOAD_SYNC_BYTES ? err_new(-EMSGSIZE) : 0;
}

/* Now that the function is known its tracing may decide. 0 or -ENOMEM. */
static int sample_trace(struct function_url_call *call, const struct function_version *version)
{
    struct str given = http_request_header(call->req, STR("X-Amzn-Trace-Id"));

    if (dispatch_samples(call->door->dispatch, version, given))
        call->trace_id = trace_id_take(&call->arena, given, true);
    return str_is_set(call->trace_id) ? 0 : err_new(-ENOMEM);
}

static int fill_invocation(struct function_url_call *call, struct invocation *inv)
{
    CLEANUP(buf_deinit) struct buf event = {0};
    int r = sample_trace(call, inv->version);

    if (r == 0)
        r = write_event(call, &event);
    if (r < 0)
        return err_pass(r);
    buf_deinit(&call->body);
    r = invocation_set_trace(inv, call->trace_id);
    if (r < 0)
        return err_pass(r);
    inv->invoked_arn = str_is_set(call->target.qualifier)
                           ? arn_function(&inv->arena, &call->id, call->target.qualifier)
                           : inv->version->arn;
    inv->payload = buf_steal(&event, &inv->payload_len);
    inv->sink = &function_url_sink;
    inv->sink_owner = call;
    return str_is_set(inv->invoked_arn) && inv->payload ? 0 : err_new(-ENOMEM);
}

static void refuse_size(struct function_url_call *call)
{
    function_url_refuse(
        call, 413, "RequestEntityTooLargeException",
        STR("{\"Message\":\"Request must be smaller than 6291456 bytes for the InvokeFunction "
            "operation\"}"));
}

static void submit(struct function_url_call *call, struct function_version *version)
{
    struct invocation *inv = invocation_new(version, call->request_id);
    int r = inv ? fill_invocation(call, inv) : err_new(-ENOMEM);

    if (r == 0)
        r = dispatch_submit(call->door->dispatch, inv);
    if (inv && r == DISPATCH_OK)
        return; /* the sink answers, and may have done so */
    (void)invocation_free(inv);
    if (r == -EMSGSIZE)
        refuse_size(call);
    else if (r > 0)
        function_url_throttle(call, dispatch_limit_reason(r));
    else
        function_url_fail(call);
}

static void on_target(struct invoke_target *target, int outcome, struct function_version *version)
{
    struct function_url_call *call = container_of(target, struct function_url_call, target);

    if (outcome == CATALOG_OK)
        submit(call, version);
    else if (outcome == CATALOG_NOT_FOUND)
        function_url_forbid(call); /* a URL outlives its alias */
    else
        function_url_fail(call);
}

static void run(struct function_url_call *call)
{
    call->target.id = call->id;
    if (!str_eq(call->url.qualifier, STR("$LATEST")))
        call->target.qualifier = call->url.qualifier;
    call->target.done = on_target;
    invoke_target_find(&call->target, call->door->catalog, call->door->code);
}

/* ---- may it be called ---- */

/* Does the policy of the function or the alias allow it? 1, 0 or a failure. */
static int policy_allows_call(struct function_url_call *call, struct str principal)
{
    bool is_latest = str_eq(call->url.qualifier, STR("$LATEST"));
    struct policy_access access = {
        .principal = principal,
        .action = STR("lambda:InvokeFunctionUrl"),
        .function_url_auth_type =
            call->url.auth == FUNCTION_URL_AUTH_IAM ? STR("AWS_IAM") : STR("NONE"),
    };
    struct function_settings settings;
    struct policy policy;
    int r = catalog_get_settings(call->door->catalog, &call->id, &call->arena, &settings);

    if (r == CATALOG_NOT_FOUND)
        return 0;
    if (r >= 0)
        r = function_policy_get(&settings, &call->arena, is_latest ? STR_NONE : call->url.qualifier,
                                &policy);
    if (r > 0)
        r = policy_allows(&policy, &access);
    return r < 0 ? err_pass(r) : r;
}

/* Owners of the function may call it; others need its policy. 1, 0 or a failure. */
static int is_allowed(struct function_url_call *call)
{
    if (call->url.auth == FUNCTION_URL_AUTH_NONE)
        return policy_allows_call(call, STR_NONE);
    if (str_eq(call->caller.account, call->id.account))
        return 1;
    return policy_allows_call(call, call->caller.user_arn);
}

static void authorize(struct function_url_call *call, void (*go_on)(struct function_url_call *call))
{
    int r = is_allowed(call);

    if (r > 0)
        go_on(call);
    else if (r == 0)
        function_url_forbid(call);
    else
        function_url_fail(call);
}

static void refuse_signature(struct function_url_call *call,
                             const struct function_url_refusal *refusal)
{
    CLEANUP(buf_deinit) struct buf body = {0};
    struct json_writer json;

    json_writer_init(&json, &body);
    json_write_object_begin(&json);
    json_write_member(&json, STR("message"), refusal->message);
    json_write_object_end(&json);
    function_url_refuse(call, 403, refusal->type, buf_str(&body));
}

static void authenticate(struct function_url_call *call)
{
    const struct http_request *req = call->req;
    struct function_url_signed request = {
        .method = req->method,
        .path = req->path,
        .query = req->query,
        .headers = req->headers,
        .header_count = req->header_count,
        .body = buf_str(&call->body),
        .region = call->id.region,
        .time_ms = clock_real_ms(),
        .own = &call->door->credentials,
        .default_account = call->door->default_account,
    };
    struct function_url_refusal refusal;
    int r = function_url_authenticate(&request, &call->arena, &call->caller, &refusal);

    if (r == FUNCTION_URL_AUTH_OK)
        authorize(call, run);
    else if (r == FUNCTION_URL_AUTH_UNSIGNED)
        function_url_forbid(call);
    else if (r == FUNCTION_URL_AUTH_REFUSED)
        refuse_signature(call, &refusal);
    else
        function_url_fail(call);
}

/* ---- the body ---- */

static void body_complete(struct function_url_call *call)
{
    if (call->url.auth == FUNCTION_URL_AUTH_IAM)
        authenticate(call); /* the signature covers the body */
    else
        run(call);
}

static const struct http_body_ops body_ops;

static void on_body(void *owner, const char *bytes, size_t len)
{
    struct function_url_call *call = owner;

    if (len == 0)
        body_complete(call);
    else if (call->body.len + len > LIMIT_PAYLOAD_SYNC_BYTES)
        refuse_size(call);
    else if (buf_append(&call->body, bytes, len) < 0)
        function_url_fail(call);
    else
        http_request_read(call->req, &body_ops, call);
}

/* Nobody is there to read an answer. */
static void on_body_failed(void *owner)
{
    function_url_fail(owner);
}

static const struct http_body_ops body_ops = {on_body, on_body_failed};

static void read_body(struct function_url_call *call)
{
    const struct http_request *req = call->req;

    if (!req->has_body)
        body_complete(call);
    else if (req->content_length != UINT64_MAX && req->content_length > LIMIT_PAYLOAD_SYNC_BYTES)
        refuse_size(call);
    else
        http_request_read(call->req, &body_ops, call);
}

/* ---- the URL ---- */

static bool copy_id(struct function_url_call *call, const struct function_id *id)
{
    call->id = (struct function_id){
        arena_str(&call->arena, id->account),
        arena_str(&call->arena, id->region),
        arena_str(&call->arena, id->name),
    };
    return str_is_set(call->id.account) && str_is_set(call->id.region) && str_is_set(call->id.name);
}

/* Its settings as they are now. */
static int read_url(struct function_url_call *call, struct str qualifier)
{
    struct function_settings settings;
    const struct codec_pair *found;
    struct codec_pair pair;
    int r = catalog_get_settings(call->door->catalog, &call->id, &call->arena, &settings);

    if (r != CATALOG_OK)
        return r < 0 ? err_pass(r) : r;
    found = codec_pairs_find(&settings.urls, qualifier);
    if (!found)
        return CATALOG_NOT_FOUND;
    pair.name = arena_str(&call->arena, found->name);
    pair.value = arena_str(&call->arena, found->value);
    if (!str_is_set(pair.name) || !str_is_set(pair.value))
        return err_new(-ENOMEM);
    r = function_url_decode(&pair, &call->arena, &call->url);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure */
static int find_url(struct function_url_call *call)
{
    struct str region = call->address.region, sent = call->address.id, qualifier;
    char id[FUNCTION_URL_ID_CHARACTERS];
    struct function_id function;
    int r;

    if (sent.len != sizeof(id))
        return CATALOG_NOT_FOUND;
    for (size_t i = 0; i < sizeof(id); i++)
        id[i] = (char)(sent.ptr[i] >= 'A' && sent.ptr[i] <= 'Z' ? sent.ptr[i] - 'A' + 'a'
                                                                : sent.ptr[i]);
    r = catalog_find_url(call->door->catalog, str_make(id, sizeof(id)), &function, &qualifier);
    if (r != CATALOG_OK || (str_is_set(region) && !str_eq_nocase(region, function.region)))
        return CATALOG_NOT_FOUND;
    return copy_id(call, &function) ? read_url(call, qualifier) : err_new(-ENOMEM);
}

static bool is_preflight(const struct function_url_call *call)
{
    const struct http_request *req = call->req;

    return call->url.has_cors && str_eq(req->method, STR("OPTIONS")) &&
           str_is_set(http_request_header(req, STR("Origin"))) &&
           str_is_set(http_request_header(req, STR("Access-Control-Request-Method")));
}

static void start(struct function_url_call *call)
{
    int r = find_url(call);

    if (r == CATALOG_NOT_FOUND)
        function_url_refuse(call, 403, "AccessDeniedException", STR("{\"Message\":null}"));
    else if (r < 0)
        function_url_fail(call);
    else if (is_preflight(call))
        function_url_preflight(call);
    else if (call->url.auth == FUNCTION_URL_AUTH_IAM)
        read_body(call);
    else
        authorize(call, read_body);
}

bool function_url_door_take(const struct function_url_door *door, struct http_request *req)
{
    struct function_url_address address;
    struct function_url_call *call;

    if (!function_url_address_find(req->host, req->path, &address))
        return false;
    call = calloc(1, sizeof(*call));
    if (!call) {
        http_respond(req, 500, NULL, 0, STR(""));
        return true;
    }
    call->door = door;
    call->req = req;
    call->address = address;
    arena_init(&call->arena);
    (void)rand_uuid(call->request_id);
    call->trace_id =
        trace_id_take(&call->arena, http_request_header(req, STR("X-Amzn-Trace-Id")), false);
    if (str_is_set(call->trace_id))
        start(call);
    else
        function_url_fail(call);
    return true;
}
