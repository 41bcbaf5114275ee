/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The answers of function URLs. Output in pieces is sent on as it comes when the URL streams (a
 * client that reads slowly holds the function back), and collected when it does not.
 */

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/must.h"
#include "gateway/function_url_call.h"
#include "gateway/function_url_cors.h"
#include "gateway/function_url_door.h"
#include "http/server.h"
#include "invoke/dispatch.h"
#include "invoke/invocation.h"
#include "invoke/trace_id.h"

enum { READ_BYTES_MAX = 65536 }; /* of JSON, on the loop */

static void call_free(struct function_url_call *call)
{
    arena_deinit(&call->arena);
    buf_deinit(&call->body);
    buf_deinit(&call->output);
    function_url_prelude_deinit(&call->prelude);
    free(call->payload);
    free(call);
}

/* ---- the head ---- */

static int cors_make(struct function_url_call *call, bool is_preflight,
                     struct function_url_cors_headers *ret_cors)
{
    ret_cors->count = 0;
    if (!call->url.has_cors)
        return 0;
    return function_url_cors_make(ret_cors, &call->arena, &call->url.cors,
                                  http_request_header(call->req, STR("Origin")), is_preflight);
}

/* Headers of an answer: the function's, ours, and those for browsers. NULL when out of memory. */
static struct http_header *headers_make(struct function_url_call *call,
                                        const struct function_url_answer *answer, bool is_preflight,
                                        size_t *ret_count)
{
    enum { OURS = 2 };
    struct function_url_cors_headers cors;
    struct http_header *headers =
        arena_new_array(&call->arena, struct http_header,
                        answer->header_count + OURS + FUNCTION_URL_CORS_HEADERS_MAX);
    struct str trace = trace_id_of_answer(&call->arena, call->trace_id);
    size_t count = 0;

    if (!headers || !str_is_set(trace) || cors_make(call, is_preflight, &cors) < 0)
        return NULL;
    for (size_t i = 0; i < answer->header_count; i++)
        if (!call->url.has_cors || !function_url_cors_owns(answer->headers[i].name))
            headers[count++] = answer->headers[i];
    headers[count++] = (struct http_header){STR("x-amzn-RequestId"), str_of(call->request_id)};
    headers[count++] = (struct http_header){STR("X-Amzn-Trace-Id"), trace};
    for (size_t i = 0; i < cors.count; i++)
        headers[count++] = cors.ptr[i];
    *ret_count = count;
    return headers;
}

/* ---- whole answers ---- */

static void call_answer(struct function_url_call *call, const struct function_url_answer *answer,
                        bool is_preflight)
{
    size_t count = 0;
    struct http_header *headers = headers_make(call, answer, is_preflight, &count);

    if (headers)
        http_respond(call->req, answer->status, headers, count, answer->body);
    else
        http_respond(call->req, 500, NULL, 0, STR(""));
    call_free(call);
}

void function_url_send(struct function_url_call *call, const struct function_url_answer *answer)
{
    call_answer(call, answer, false);
}

void function_url_refuse(struct function_url_call *call, unsigned status, const char *error_type,
                         struct str body)
{
    struct http_header headers[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("x-amzn-ErrorType"), str_of(error_type)},
    };
    struct function_url_answer answer = {
        .status = status,
        .headers = headers,
        .header_count = error_type ? 2 : 1,
        .body = body,
    };

    call_answer(call, &answer, false);
}

void function_url_throttle(struct function_url_call *call, struct str reason)
{
    struct str body = arena_printf(&call->arena,
                                   "{\"Reason\":\"%.*s\",\"Type\":\"User\",\"message\":"
                                   "\"Rate Exceeded.\"}",
                                   STR_FMT(reason));

    function_url_refuse(call, 429, "TooManyRequestsException", str_is_set(body) ? body : STR("{}"));
}

void function_url_forbid(struct function_url_call *call)
{
    function_url_refuse(call, 403, "AccessDeniedException",
                        STR("{\"Message\":\"Forbidden. For troubleshooting Function URL "
                            "authorization issues, see: "
                            "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html\"}"));
}

void function_url_fail(struct function_url_call *call)
{
    function_url_refuse(call, 502, NULL, STR("Internal Server Error"));
}

void function_url_preflight(struct function_url_call *call)
{
    call_answer(call, &(struct function_url_answer){.status = 200, .body = STR("")}, true);
}

/* ---- answers in pieces ---- */

static bool streams(const struct function_url_call *call)
{
    return call->url.mode == FUNCTION_URL_RESPONSE_STREAM;
}

/* Send the head on. */
static void stream_start(struct function_url_call *call, const struct function_url_answer *answer)
{
    size_t count = 0;
    struct http_header *headers = headers_make(call, answer, false, &count);

    if (!headers) {
        call->is_broken = true;
        return;
    }
    call->is_sent = true;
    http_response_start(call->req, answer->status, headers, count);
}

static void stream_start_plain(struct function_url_call *call)
{
    struct function_url_answer answer;

    if (function_url_answer_plain(&answer, &call->arena, call->content_type, STR("")) < 0)
        call->is_broken = true;
    else
        stream_start(call, &answer);
}

/* The client has read on, or is gone. */
static void on_writable(void *owner)
{
    struct function_url_call *call = owner;

    if (call->inv)
        invocation_hold(call->inv, false);
}

static void stream_write(struct function_url_call *call, struct str bytes)
{
    if (http_response_write(call->req, bytes) <= HTTP_WRITE_HIGH_BYTES)
        return;
    invocation_hold(call->inv, true);
    http_response_on_writable(call->req, on_writable, call);
}

/* Not the end of it: false. What is behind it stays in *bytes. */
static bool take_prelude(struct function_url_call *call, struct str *bytes)
{
    int r = function_url_prelude_feed(&call->prelude, bytes);

    if (r == FUNCTION_URL_PRELUDE_MORE)
        return false;
    if (r >= 0)
        r = function_url_answer_prelude(&call->head, &call->arena, buf_str(&call->prelude.text));
    call->wants_prelude = false;
    call->is_broken = r < 0;
    if (r == 0 && streams(call))
        stream_start(call, &call->head);
    return true;
}

static void collect(struct function_url_call *call, struct str bytes)
{
    if (call->output.len + bytes.len > LIMIT_RESPONSE_BYTES ||
        buf_append_str(&call->output, bytes) < 0)
        call->is_broken = true;
}

static void on_started(struct invocation *inv, struct str content_type)
{
    static const struct str prelude_type = STR_INIT(FUNCTION_URL_PRELUDE_TYPE);
    struct function_url_call *call = inv->sink_owner;
    struct str type = str_trim(str_sub(content_type, 0, str_find(content_type, ';')));

    call->inv = inv;
    call->is_stream = true;
    call->wants_prelude = str_eq_nocase(type, prelude_type);
    call->content_type =
        content_type.len ? arena_str(&call->arena, content_type) : STR("application/octet-stream");
    call->is_broken = !str_is_set(call->content_type);
}

static void on_piece(struct invocation *inv, struct str bytes)
{
    struct function_url_call *call = inv->sink_owner;

    if (!call->is_broken && call->wants_prelude && !take_prelude(call, &bytes))
        return;
    if (call->is_broken || bytes.len == 0)
        return;
    if (!streams(call)) {
        collect(call, bytes);
        return;
    }
    if (!call->is_sent)
        stream_start_plain(call);
    if (call->is_sent)
        stream_write(call, bytes);
}

/* ---- the end ---- */

static void finish_sent(struct function_url_call *call, bool is_whole)
{
    if (is_whole)
        http_response_end(call->req);
    else
        http_response_abort(call->req);
    call_free(call);
}

static void answer_send(struct function_url_call *call)
{
    if (call->outcome < 0)
        function_url_fail(call);
    else
        function_url_send(call, &call->answer);
}

static void read_text(uv_work_t *reading)
{
    struct function_url_call *call = container_of(reading, struct function_url_call, reading);

    call->outcome = function_url_answer_infer(&call->answer, &call->arena, call->text);
    if (call->outcome == -EBADMSG && call->is_stream) /* then it is the body */
        call->outcome =
            function_url_answer_plain(&call->answer, &call->arena, call->content_type, call->text);
}

static void on_text_read(uv_work_t *reading, int status)
{
    must(status == 0); /* nobody cancels it */
    answer_send(container_of(reading, struct function_url_call, reading));
}

/* 6 MB of small values would hold the loop up for long: the worker pool reads them. The call and
 * its arena are the job's meanwhile. */
static void infer(struct function_url_call *call)
{
    if (call->text.len > READ_BYTES_MAX) {
        must(uv_queue_work(call->door->loop, &call->reading, read_text, on_text_read) == 0);
        return;
    }
    read_text(&call->reading);
    answer_send(call);
}

static void finish(struct function_url_call *call)
{
    if (call->wants_prelude) {
        call->outcome = err_new(-EBADMSG); /* its end never came */
    } else if (call->head.status) {
        call->answer = call->head;
        call->answer.body = call->text;
    } else if (!streams(call)) {
        infer(call);
        return;
    } else {
        call->outcome = function_url_answer_plain(
            &call->answer, &call->arena,
            call->is_stream ? call->content_type : STR("application/json"), call->text);
    }
    answer_send(call);
}

static void on_responded(struct invocation *inv, enum invocation_outcome outcome, char *payload,
                         size_t len)
{
    struct function_url_call *call = inv->sink_owner;
    bool is_whole = outcome == INVOCATION_OK && !call->is_broken;

    inv->sink_owner = NULL;
    call->inv = NULL;
    call->payload = payload;
    call->text = call->is_stream ? buf_str(&call->output) : str_make(payload ? payload : "", len);
    if (call->is_sent)
        finish_sent(call, is_whole);
    else if (is_whole)
        finish(call);
    else if (outcome == INVOCATION_THROTTLED)
        function_url_throttle(call, dispatch_limit_reason(DISPATCH_NO_ROOM));
    else
        function_url_fail(call);
}

/* Answered already. */
static void on_ended(struct invocation *inv, const struct invocation_record *record)
{
    (void)inv;
    (void)record;
}

const struct invocation_sink function_url_sink = {
    .stream_started = on_started,
    .stream_piece = on_piece,
    .responded = on_responded,
    .ended = on_ended,
};
