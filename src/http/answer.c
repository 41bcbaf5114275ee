/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "http/server_internal.h"

/*
 * Answers. What the socket takes at once is written at once, head and body with one system call and
 * no copy; what is left is copied (or, when the body is ours, just kept) and queued with libuv. A
 * connection that is gone takes everything and drops it.
 */

enum {
    STACK_HEAD_BYTES = 4096, /* larger heads are built on the heap */
    PARTS_MAX = 3,
    CHUNK_HEAD_BYTES = 20,
};

/* What the socket did not take. */
struct output {
    uv_write_t write;
    char *owned; /* a body handed over with http_respond_owned(); NULL: none */
    char bytes[];
};

static void on_written(uv_write_t *write, int status)
{
    struct output *output = container_of(write, struct output, write);
    struct http_conn *conn = container_of((uv_tcp_t *)write->handle, struct http_conn, tcp);

    free(output->owned);
    free(output);
    if (status < 0)
        http_conn_close(conn);
    http_conn_run(conn);
}

/* Skip the first bytes of the parts. */
static void parts_skip(uv_buf_t *parts, unsigned count, size_t bytes)
{
    for (unsigned i = 0; i < count; i++) {
        size_t taken = bytes < parts[i].len ? bytes : parts[i].len;

        parts[i].base += taken;
        parts[i].len -= taken;
        bytes -= taken;
    }
}

static size_t parts_len(const uv_buf_t *parts, unsigned count)
{
    size_t len = 0;

    for (unsigned i = 0; i < count; i++)
        len += parts[i].len;
    return len;
}

/* Queue the rest. When owned is set the last part lies in it and needs no copy. Takes over owned if
 * it succeeds. */
static int queue_rest(struct http_conn *conn, const uv_buf_t *parts, unsigned count, char *owned)
{
    unsigned copied_count = owned ? count - 1 : count;
    size_t copied_len = parts_len(parts, copied_count);
    struct output *output = malloc(sizeof(*output) + copied_len);
    uv_buf_t rest[2];
    char *at;
    int r;

    if (!output)
        return err_new(-ENOMEM);
    output->owned = NULL;
    at = output->bytes;
    for (unsigned i = 0; i < copied_count; i++) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].base, parts[i].len);
        at += parts[i].len;
    }
    rest[0] = uv_buf_init(output->bytes, (unsigned)copied_len);
    rest[1] = owned ? parts[count - 1] : uv_buf_init(NULL, 0);
    r = uv_write(&output->write, (uv_stream_t *)&conn->tcp, rest, owned ? 2 : 1, on_written);
    if (r) {
        free(output);
        return err_new(r);
    }
    output->owned = owned;
    return 0;
}

/* Frees owned, now or when it has been sent. A failure closes the connection. */
static void conn_send(struct http_conn *conn, uv_buf_t *parts, unsigned count, char *owned)
{
    int written;

    if (conn->state == HTTP_CONN_GONE) {
        free(owned);
        return;
    }
    written = uv_try_write((uv_stream_t *)&conn->tcp, parts, count);
    if (written < 0 && written != UV_EAGAIN) {
        free(owned);
        http_conn_close(conn);
        return;
    }
    parts_skip(parts, count, written > 0 ? (size_t)written : 0);
    if (parts_len(parts, count) == 0) {
        free(owned);
    } else if (queue_rest(conn, parts, count, owned)) {
        free(owned);
        http_conn_close(conn);
    }
}

static uv_buf_t part_of(struct str s)
{
    /* libuv's buffers are not const, but writing does not change them. */
    return uv_buf_init((char *)(uintptr_t)s.ptr, (unsigned)s.len);
}

size_t http_conn_output(const struct http_conn *conn)
{
    return conn->state == HTTP_CONN_GONE
               ? 0
               : uv_stream_get_write_queue_size((const uv_stream_t *)&conn->tcp);
}

void http_conn_continue(struct http_conn *conn)
{
    uv_buf_t part = part_of(STR("HTTP/1.1 100 Continue\r\n\r\n"));

    conn->continue_due = false;
    conn_send(conn, &part, 1, NULL);
}

/* ---- the head ---- */

static bool has_close(const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(headers[i].name, STR("connection")) &&
            str_eq_nocase(headers[i].value, STR("close")))
            return true;
    return false;
}

/* Whether the connection can serve another request after this answer. */
static void decide_keep_alive(struct http_conn *conn, const struct http_header *headers,
                              size_t header_count)
{
    bool too_much_unread = conn->body_left != UINT64_MAX && conn->body_left > LIMIT_HTTP_SKIP_BYTES;

    /* A client that was never told to continue may send its body or not. */
    if (conn->server->draining || too_much_unread || conn->continue_due ||
        has_close(headers, header_count))
        conn->keep_alive = false;
    conn->continue_due = false;
}

static enum http_connection_field connection_field(const struct http_conn *conn, bool http_1_0)
{
    if (!conn->keep_alive)
        return HTTP_CONNECTION_CLOSE;
    return http_1_0 ? HTTP_CONNECTION_KEEP : HTTP_CONNECTION_NONE;
}

/* Write the head and, behind it, the body. */
static void send_head(struct http_conn *conn, struct http_answer_head *head, struct str body,
                      char *owned)
{
    char stack[STACK_HEAD_BYTES];
    size_t size = http_answer_head_size(head);
    char *bytes = size <= sizeof(stack) ? stack : malloc(size);
    uv_buf_t parts[2];

    if (!bytes) {
        free(owned);
        http_conn_close(conn);
        return;
    }
    head->date = http_server_date(conn->server);
    parts[0] = part_of(str_make(bytes, http_answer_head_write(head, bytes)));
    parts[1] = part_of(body);
    conn_send(conn, parts, body.len > 0 || owned ? 2 : 1, owned);
    if (bytes != stack)
        free(bytes);
}

static bool status_has_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

static bool is_head_request(const struct http_request *req)
{
    return str_eq(req->method, STR("HEAD"));
}

/* ---- whole answers ---- */

static void respond(struct http_request *req, unsigned status, const struct http_header *headers,
                    size_t header_count, struct str body, char *owned)
{
    struct http_exchange *exchange = http_exchange_of(req);
    struct http_conn *conn = req->conn;
    struct http_answer_head head = {
        .status = status,
        .headers = headers,
        .header_count = header_count,
        .has_length = status_has_body(status),
        .content_length = body.len,
    };

    must(!exchange->answer_started);
    if (conn->state == HTTP_CONN_GONE) {
        free(owned);
    } else {
        decide_keep_alive(conn, headers, header_count);
        head.connection = connection_field(conn, req->http_1_0);
        if (!status_has_body(status) || is_head_request(req))
            body.len = 0;
        send_head(conn, &head, body, owned);
    }
    http_conn_answered(conn);
}

void http_respond(struct http_request *req, unsigned status, const struct http_header *headers,
                  size_t header_count, struct str body)
{
    respond(req, status, headers, header_count, body, NULL);
}

void http_respond_owned(struct http_request *req, unsigned status,
                        const struct http_header *headers, size_t header_count, char *body,
                        size_t len)
{
    respond(req, status, headers, header_count, str_make(body, len), body);
}

void http_conn_refuse(struct http_conn *conn, unsigned status)
{
    struct http_answer_head head = {
        .status = status,
        .has_length = true,
        .connection = HTTP_CONNECTION_CLOSE,
    };

    conn->keep_alive = false;
    conn->must_linger = true;
    send_head(conn, &head, STR(""), NULL);
    if (conn->with_callee || conn->state == HTTP_CONN_GONE)
        return;
    conn->state = HTTP_CONN_FINISH;
    http_exchange_free(conn->server, conn->exchange);
    conn->exchange = NULL;
}

/* ---- answers in pieces ---- */

void http_response_start(struct http_request *req, unsigned status,
                         const struct http_header *headers, size_t header_count)
{
    struct http_exchange *exchange = http_exchange_of(req);
    struct http_conn *conn = req->conn;
    struct http_answer_head head = {
        .status = status,
        .headers = headers,
        .header_count = header_count,
    };

    must(!exchange->answer_started);
    exchange->answer_started = true;
    exchange->answer_has_body = status_has_body(status) && !is_head_request(req);
    /* HTTP/1.0 knows no chunks: the end of the connection is the end of the body. */
    exchange->answer_chunked = exchange->answer_has_body && !req->http_1_0;
    if (conn->state == HTTP_CONN_GONE)
        return;
    decide_keep_alive(conn, headers, header_count);
    if (exchange->answer_has_body && req->http_1_0)
        conn->keep_alive = false;
    head.chunked = status_has_body(status) && !req->http_1_0;
    head.connection = connection_field(conn, req->http_1_0);
    send_head(conn, &head, STR(""), NULL);
}

size_t http_response_write(struct http_request *req, struct str bytes)
{
    struct http_exchange *exchange = http_exchange_of(req);
    struct http_conn *conn = req->conn;
    char size[CHUNK_HEAD_BYTES];
    uv_buf_t parts[PARTS_MAX];

    must(exchange->answer_started);
    if (bytes.len == 0 || !exchange->answer_has_body)
        return http_conn_output(conn);
    if (exchange->answer_chunked) {
        int len = snprintf(size, sizeof(size), "%zx\r\n", bytes.len);

        parts[0] = uv_buf_init(size, (unsigned)len);
        parts[1] = part_of(bytes);
        parts[2] = part_of(STR("\r\n"));
        conn_send(conn, parts, 3, NULL);
    } else {
        parts[0] = part_of(bytes);
        conn_send(conn, parts, 1, NULL);
    }
    /* What is queued has to make progress. */
    http_conn_watch(conn);
    return http_conn_output(conn);
}

void http_response_on_writable(struct http_request *req, void (*writable)(void *owner), void *owner)
{
    struct http_exchange *exchange = http_exchange_of(req);

    exchange->on_writable = writable;
    exchange->on_writable_owner = owner;
    http_conn_wake(req->conn);
}

void http_response_end(struct http_request *req)
{
    struct http_exchange *exchange = http_exchange_of(req);
    struct http_conn *conn = req->conn;
    uv_buf_t last = part_of(STR("0\r\n\r\n"));

    must(exchange->answer_started);
    if (exchange->answer_chunked)
        conn_send(conn, &last, 1, NULL);
    http_conn_answered(conn);
}

void http_response_abort(struct http_request *req)
{
    struct http_conn *conn = req->conn;

    http_conn_abort(conn);
}

/* ---- reading and watching ---- */

void http_request_read(struct http_request *req, const struct http_body_ops *ops, void *owner)
{
    struct http_exchange *exchange = http_exchange_of(req);

    must(!exchange->reader);
    exchange->reader = ops;
    exchange->reader_owner = owner;
    http_conn_wake(req->conn);
}

void http_request_on_closed(struct http_request *req, void (*closed)(void *owner), void *owner)
{
    struct http_exchange *exchange = http_exchange_of(req);

    exchange->on_closed = closed;
    exchange->on_closed_owner = owner;
    if (req->conn->state == HTTP_CONN_GONE)
        http_conn_wake(req->conn);
}
