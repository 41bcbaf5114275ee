/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/must.h"
#include "http/server_internal.h"

/*
 * One connection: input, the hand-out of requests, and the end.
 *
 *            head complete             answered              flushed, body gone
 *   HEAD ───────────────────▶ BUSY ───────────────▶ FINISH ───────────────────▶ HEAD
 *     │ refused                │                      │ not to be kept
 *     └──────────▶ FINISH      │ client left          ├─────────▶ LINGER ──client closed──▶ GONE
 *                              ▼                      ▼
 *                             GONE                   GONE
 *
 * Everything moves in http_conn_run(): callbacks of libuv only record (bytes came, bytes left, the
 * client left) and then run it. It steps until nothing can go on without an event. The callee is
 * called from there only, so never inside its own calls: what http_respond() and friends make
 * possible happens when the running loop goes on, or, from outside of it, in the next turn of the
 * event loop (http_conn_wake).
 *
 * A GONE connection with a callee stays until the callee has answered. Its memory goes when the
 * socket has closed and nobody has the request any more.
 */

struct http_exchange *http_exchange_of(const struct http_request *req)
{
    /* The request is the first member. */
    return (struct http_exchange *)(void *)(uintptr_t)req;
}

static uint64_t now_ms(const struct http_conn *conn)
{
    return uv_now(conn->server->options.loop);
}

/* ---- the end ---- */

static void conn_destroy(struct http_conn *conn)
{
    struct http_server *server = conn->server;

    must(!conn->exchange);
    list_remove(&conn->idle_link);
    list_remove(&conn->ready_link);
    http_buffer_free(server, &conn->in);
    http_server_forget(server, conn);
    free(conn);
}

static void conn_destroy_if_over(struct http_conn *conn)
{
    if (conn->handle_closed && !conn->exchange && !conn->running)
        conn_destroy(conn);
}

static void on_closed(uv_handle_t *handle)
{
    struct http_conn *conn = container_of((uv_tcp_t *)handle, struct http_conn, tcp);

    conn->handle_closed = true;
    conn_destroy_if_over(conn);
}

static void exchange_release(struct http_conn *conn)
{
    /* The rest of a body may still be skipped. */
    conn->chunked.trailers = NULL;
    http_exchange_free(conn->server, conn->exchange);
    conn->exchange = NULL;
    conn->with_callee = false;
}

void http_conn_close(struct http_conn *conn)
{
    if (conn->state == HTTP_CONN_GONE)
        return;
    conn->state = HTTP_CONN_GONE;
    conn->deadline_ms = 0;
    list_remove(&conn->idle_link);
    conn->server->open_count--;
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
    if (conn->with_callee)
        http_server_queue(conn->server, conn);
    else if (conn->exchange)
        exchange_release(conn);
}

/* ---- input buffer ---- */

static size_t pinned(const struct http_conn *conn)
{
    return conn->exchange ? conn->exchange->pinned : 0;
}

static size_t input_len(const struct http_conn *conn)
{
    return conn->in.end - conn->in.start;
}

/* Where nothing waits, reading may begin at the front again, behind a head that is in use. */
static void input_rewind(struct http_conn *conn)
{
    if (conn->in.start == conn->in.end) {
        conn->in.start = pinned(conn);
        conn->in.end = conn->in.start;
    }
}

static bool input_has_room(struct http_conn *conn)
{
    input_rewind(conn);
    return !conn->in.ptr || conn->in.end < conn->in.cap;
}

/* The head does not end in this buffer: move it to the front of one that has room for more. */
static int head_make_room(struct http_conn *conn)
{
    size_t len = input_len(conn);
    size_t cap = len > conn->in.cap / 2 ? conn->in.cap * 2 : conn->in.cap;
    struct http_buffer roomy;
    int r = http_buffer_new(conn->server, cap, &roomy);

    if (r)
        return err_pass(r);
    memcpy(roomy.ptr, conn->in.ptr + conn->in.start, len);
    roomy.end = len;
    http_head_rebase(&conn->exchange->head, conn->in.ptr + conn->in.start, roomy.ptr);
    http_buffer_free(conn->server, &conn->in);
    conn->in = roomy;
    return 0;
}

/*
 * A body larger than what is left beside the head is read through a buffer of its own; the head's
 * stays with the exchange. Without memory for it the small one must do, as long as it has room at
 * all.
 */
static int body_make_room(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    struct http_buffer large;
    size_t room = conn->in.cap - exchange->pinned;
    int r;

    if (exchange->head_buffer.ptr || conn->body_left <= room)
        return 0;
    r = http_buffer_new(conn->server, HTTP_BODY_BUFFER_BYTES, &large);
    if (r)
        return room > 0 ? 0 : err_pass(r);
    exchange->head_buffer = conn->in;
    exchange->pinned = 0;
    conn->in = large;
    return 0;
}

/* ---- body ---- */

enum { BODY_NONE_YET, BODY_SOME, BODY_END, BODY_BAD };

static int body_take_chunked(struct http_conn *conn, struct str *ret_piece)
{
    char *at = conn->in.ptr + conn->in.start;
    size_t consumed;
    size_t produced;
    int r = http_chunked_decode(&conn->chunked, at, input_len(conn), at, &consumed, &produced);

    conn->in.start += consumed;
    if (r == HTTP_CHUNKED_BAD)
        return BODY_BAD;
    if (r == HTTP_CHUNKED_END)
        conn->body_left = 0;
    *ret_piece = str_make(at, produced);
    if (produced > 0)
        return BODY_SOME;
    return r == HTTP_CHUNKED_END ? BODY_END : BODY_NONE_YET;
}

/* Consume what has arrived of the body; the piece is valid until the next read from the socket. */
static int body_take(struct http_conn *conn, struct str *ret_piece)
{
    size_t len = input_len(conn);

    if (conn->body_left == 0)
        return BODY_END;
    if (len == 0)
        return BODY_NONE_YET;
    if (conn->body_left == UINT64_MAX)
        return body_take_chunked(conn, ret_piece);
    if (len > conn->body_left)
        len = (size_t)conn->body_left;
    *ret_piece = str_make(conn->in.ptr + conn->in.start, len);
    conn->in.start += len;
    conn->body_left -= len;
    return BODY_SOME;
}

/* ---- HEAD ---- */

static void fill_request(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    struct http_head *head = &exchange->head;
    struct http_request *req = &exchange->req;

    req->method = head->method;
    req->target = head->target;
    req->path = head->path;
    req->query = head->query;
    req->host = head->host;
    req->headers = head->headers;
    req->header_count = head->header_count;
    req->http_1_0 = head->http_1_0;
    req->has_body = head->chunked || head->content_length > 0;
    req->content_length = head->chunked ? UINT64_MAX : head->content_length;
    memcpy(&req->peer, &conn->peer, sizeof(conn->peer));
    req->conn = conn;
}

static void hand_out(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    struct http_server *server = conn->server;

    conn->in.start += exchange->head.bytes;
    exchange->pinned = conn->in.start;
    fill_request(conn);
    conn->chunked = (struct http_chunked){.trailers = &exchange->trailers};
    conn->body_left = exchange->req.content_length;
    conn->skipped = 0;
    conn->keep_alive = exchange->head.keep_alive && !server->draining;
    conn->continue_due = exchange->head.expect_continue && exchange->req.has_body;
    conn->had_request = true;
    conn->head_timed = false;
    conn->state = HTTP_CONN_BUSY;
    conn->with_callee = true;
    conn->deadline_ms = 0;
    server->options.ops->request(server->options.owner, &exchange->req);
}

static bool step_head(struct http_conn *conn)
{
    int r;

    if (input_len(conn) == 0)
        return false;
    list_remove(&conn->idle_link);
    if (!conn->exchange)
        conn->exchange = http_exchange_new(conn->server);
    if (!conn->exchange) {
        http_conn_close(conn);
        return false;
    }
    r = http_head_parse(&conn->exchange->head, conn->in.ptr + conn->in.start, input_len(conn));
    if (r == HTTP_HEAD_DONE) {
        hand_out(conn);
        return true;
    }
    if (r != HTTP_HEAD_MORE) {
        http_conn_refuse(conn, (unsigned)r);
        return true;
    }
    if (conn->in.end == conn->in.cap && head_make_room(conn))
        http_conn_close(conn);
    return false;
}

/* ---- BUSY ---- */

/* The framing is broken: nothing that follows can be trusted. */
static void body_break(struct http_conn *conn, unsigned status)
{
    if (!conn->exchange->answer_started)
        http_conn_refuse(conn, status);
    http_conn_close(conn);
}

static void deliver(struct http_conn *conn, struct str piece)
{
    struct http_exchange *exchange = conn->exchange;
    const struct http_body_ops *reader = exchange->reader;

    exchange->reader = NULL;
    reader->data(exchange->reader_owner, piece.ptr, piece.len);
}

static bool step_reader(struct http_conn *conn)
{
    struct str piece = STR("");

    switch (body_take(conn, &piece)) {
    case BODY_SOME:
        conn->continue_due = false;
        deliver(conn, piece);
        return true;
    case BODY_END:
        deliver(conn, STR(""));
        return true;
    case BODY_BAD:
        body_break(conn, 400);
        return true;
    default:
        break;
    }
    if (conn->continue_due)
        http_conn_continue(conn);
    if (body_make_room(conn))
        http_conn_close(conn);
    return false;
}

static bool call_writable(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    void (*writable)(void *owner) = exchange->on_writable;

    if (!writable)
        return false;
    exchange->on_writable = NULL;
    writable(exchange->on_writable_owner);
    return true;
}

static bool step_busy(struct http_conn *conn)
{
    if (http_conn_output(conn) <= HTTP_WRITE_HIGH_BYTES / 2 && call_writable(conn))
        return true;
    return conn->exchange->reader && step_reader(conn);
}

/* ---- FINISH, LINGER ---- */

/* Throw away what has arrived of the body; true when all of it has. */
static bool skip_body(struct http_conn *conn)
{
    struct str piece = STR("");
    int r;

    do {
        r = body_take(conn, &piece);
        if (r == BODY_SOME)
            conn->skipped += piece.len;
    } while (r == BODY_SOME);
    if (r == BODY_BAD || conn->skipped > LIMIT_HTTP_SKIP_BYTES) {
        conn->keep_alive = false;
        conn->must_linger = true;
        return true;
    }
    return r == BODY_END;
}

static bool linger(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->server->options;
    uint64_t wait_ms = LIMIT_HTTP_LINGER_MS;
    uv_os_fd_t fd;

    if (options->body_timeout_ms && options->body_timeout_ms < wait_ms)
        wait_ms = options->body_timeout_ms;
    if (uv_fileno((uv_handle_t *)&conn->tcp, &fd) || shutdown(fd, SHUT_WR)) {
        http_conn_close(conn);
        return false;
    }
    conn->state = HTTP_CONN_LINGER;
    conn->deadline_ms = now_ms(conn) + wait_ms;
    http_server_expect(conn->server, conn->deadline_ms);
    return true;
}

static bool step_finish(struct http_conn *conn)
{
    bool body_over = conn->must_linger || skip_body(conn);

    if (conn->must_linger)
        conn->in.start = conn->in.end;
    if (http_conn_output(conn) > 0)
        return false;
    if (!conn->keep_alive) {
        /* Closing with unread input would make the kernel reset, and the client might lose the
         * answer. */
        if (!conn->input_ended && (!body_over || conn->must_linger || input_len(conn) > 0))
            return linger(conn);
        http_conn_close(conn);
        return true;
    }
    if (!body_over)
        return false;
    conn->state = HTTP_CONN_HEAD;
    conn->deadline_ms = 0;
    return true;
}

/* ---- GONE ---- */

static bool step_gone(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    const struct http_body_ops *reader;
    void (*closed)(void *owner);

    if (!exchange)
        return false;
    reader = exchange->reader;
    if (reader) {
        exchange->reader = NULL;
        reader->failed(exchange->reader_owner);
        return true;
    }
    closed = exchange->on_closed;
    if (closed) {
        exchange->on_closed = NULL;
        closed(exchange->on_closed_owner);
        return true;
    }
    /* A callee that goes on for ever must not do so in one turn of the loop. */
    if (call_writable(conn) && conn->with_callee)
        http_server_queue(conn->server, conn);
    return false;
}

/* ---- the loop ---- */

static bool conn_step(struct http_conn *conn)
{
    switch ((enum http_conn_state)conn->state) {
    case HTTP_CONN_HEAD:
        return step_head(conn);
    case HTTP_CONN_BUSY:
        return step_busy(conn);
    case HTTP_CONN_FINISH:
        return step_finish(conn);
    case HTTP_CONN_LINGER:
        conn->in.start = conn->in.end;
        return false;
    case HTTP_CONN_GONE:
        return step_gone(conn);
    }
    must(false);
    return false;
}

static void set_deadline(struct http_conn *conn, uint64_t wait_ms)
{
    conn->deadline_ms = wait_ms ? now_ms(conn) + wait_ms : 0;
    conn->output_seen = http_conn_output(conn);
    if (conn->deadline_ms)
        http_server_expect(conn->server, conn->deadline_ms);
}

static void go_idle(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->server->options;

    if (conn->server->draining) {
        http_conn_close(conn);
        return;
    }
    if (!list_is_empty(&conn->idle_link))
        return;
    list_push_back(&conn->server->idle, &conn->idle_link);
    set_deadline(conn, conn->had_request ? options->idle_timeout_ms : options->header_timeout_ms);
}

/* How long to wait for the next event. Progress inside a head or while lingering does not extend
 * it. */
static void conn_expect(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->server->options;

    switch ((enum http_conn_state)conn->state) {
    case HTTP_CONN_HEAD:
        if (!conn->exchange)
            go_idle(conn);
        else if (!conn->head_timed)
            set_deadline(conn, options->header_timeout_ms);
        conn->head_timed = conn->exchange;
        break;
    case HTTP_CONN_BUSY:
        if (conn->exchange->reader || http_conn_output(conn) > 0)
            set_deadline(conn, options->body_timeout_ms);
        else
            conn->deadline_ms = 0;
        break;
    case HTTP_CONN_FINISH:
        set_deadline(conn, options->body_timeout_ms);
        break;
    case HTTP_CONN_LINGER:
    case HTTP_CONN_GONE:
        break;
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct http_conn *conn = container_of((uv_tcp_t *)handle, struct http_conn, tcp);

    (void)suggested;
    *buf = uv_buf_init(NULL, 0);
    if (!conn->in.ptr && http_buffer_new(conn->server, HTTP_BUFFER_BYTES, &conn->in))
        return;
    input_rewind(conn);
    *buf = uv_buf_init(conn->in.ptr + conn->in.end, (unsigned)(conn->in.cap - conn->in.end));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct http_conn *conn = container_of((uv_tcp_t *)stream, struct http_conn, tcp);

    (void)buf;
    if (count > 0) {
        conn->in.end += (size_t)count;
    } else if (count < 0) {
        /* A client that has closed only its sending side counts as gone too, unless it is being
         * answered. */
        conn->input_ended = true;
        conn->keep_alive = false;
        if (conn->state != HTTP_CONN_FINISH || count != UV_EOF)
            http_conn_close(conn);
    }
    http_conn_run(conn);
}

/* The socket is read while there is room; this also is how a client that leaves is noticed. */
static void conn_read(struct http_conn *conn)
{
    bool want = !conn->input_ended && input_has_room(conn);

    if (want == conn->reading)
        return;
    conn->reading = want;
    if (!want)
        (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    else if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read))
        http_conn_close(conn);
}

void http_conn_run(struct http_conn *conn)
{
    must(!conn->running);
    conn->running = true;
    while (conn_step(conn))
        ;
    if (conn->state != HTTP_CONN_GONE)
        conn_expect(conn);
    if (conn->state != HTTP_CONN_GONE)
        conn_read(conn);
    if (!conn->exchange && input_len(conn) == 0)
        http_buffer_free(conn->server, &conn->in);
    conn->running = false;
    conn_destroy_if_over(conn);
}

void http_conn_wake(struct http_conn *conn)
{
    bool calls_callee = conn->with_callee || input_len(conn) > 0;

    if (conn->running)
        return;
    if (calls_callee)
        http_server_queue(conn->server, conn);
    else
        http_conn_run(conn);
}

void http_conn_answered(struct http_conn *conn)
{
    exchange_release(conn);
    if (conn->state == HTTP_CONN_BUSY)
        conn->state = HTTP_CONN_FINISH;
    http_conn_wake(conn);
}

void http_conn_abort(struct http_conn *conn)
{
    exchange_release(conn);
    http_conn_close(conn);
    http_conn_wake(conn);
}

void http_conn_watch(struct http_conn *conn)
{
    if (!conn->running && conn->state != HTTP_CONN_GONE)
        conn_expect(conn);
}

/* Output that moved since the deadline was set is progress, which libuv does not report piece by
 * piece. */
void http_conn_timeout(struct http_conn *conn)
{
    if (http_conn_output(conn) != conn->output_seen) {
        set_deadline(conn, conn->server->options.body_timeout_ms);
        return;
    }
    conn->deadline_ms = 0;
    if (conn->state == HTTP_CONN_HEAD && conn->exchange)
        http_conn_refuse(conn, 408);
    else if (conn->state == HTTP_CONN_BUSY && conn->exchange->reader &&
             !conn->exchange->answer_started)
        http_conn_refuse(conn, 408);
    http_conn_close(conn);
}

/* ---- the beginning ---- */

static void remember_peer(struct http_conn *conn)
{
    struct sockaddr_storage name;
    int size = sizeof(name);

    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&name, &size))
        return;
    if (size > (int)sizeof(conn->peer))
        size = (int)sizeof(conn->peer);
    memcpy(&conn->peer, &name, (size_t)size);
}

static void conn_start(struct http_conn *conn, uv_stream_t *listener)
{
    if (uv_accept(listener, (uv_stream_t *)&conn->tcp)) {
        http_conn_close(conn);
        return;
    }
    /* Answers are written whole; waiting to fill a segment would only add delay. */
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    remember_peer(conn);
    http_conn_run(conn);
}

int http_conn_accept(struct http_server *server, uv_stream_t *listener)
{
    struct http_conn *conn = calloc(1, sizeof(*conn));
    int r;

    if (!conn)
        return err_new(-ENOMEM);
    r = uv_tcp_init(server->options.loop, &conn->tcp);
    if (r) {
        free(conn);
        return err_new(r);
    }
    conn->server = server;
    conn->state = HTTP_CONN_HEAD;
    list_init(&conn->idle_link);
    list_init(&conn->ready_link);
    list_push_back(&server->conns, &conn->link);
    server->conn_count++;
    server->open_count++;
    conn_start(conn, listener);
    return 0;
}
