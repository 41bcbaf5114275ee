/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fd.h"

/*
 * A real server on loopback and raw client sockets, all on one loop: every wait runs the loop until
 * what is waited for has happened. A watchdog ends a test whose event never comes.
 */

enum { WATCHDOG_MS = 20000, CLIENTS_MAX = 8, BIG_BYTES = 8 * 1024 * 1024 };

struct client {
    struct fixture *fx;
    int fd;
    uv_poll_t poll;
    struct buf in;
    bool ended;
    const char *out; /* still to be sent */
    size_t out_len;
};

/* What the callee does with each request. */
enum mode {
    ANSWER,      /* at once, with the path as body */
    ECHO_BODY,   /* read the body to its end, answer with it */
    HOLD,        /* keep the request; the test answers */
    READ_SLOWLY, /* read a piece whenever the test says so */
    STREAM,      /* write until told to wait, BIG_BYTES in all */
};

struct fixture {
    uv_loop_t loop;
    uv_timer_t watchdog;
    struct http_server *server;
    struct client clients[CLIENTS_MAX];
    enum mode mode;
    struct http_request *held[CLIENTS_MAX];
    unsigned held_count;
    unsigned requests;
    struct buf body;
    unsigned pieces;
    unsigned ends;
    unsigned failed;
    unsigned closed;
    unsigned writable;
    unsigned drained;
    size_t streamed;
    size_t stream_total;
    bool stop_reading; /* READ_SLOWLY: wait for the test */
};

static void poll_update(struct client *client);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct client *client = container_of(poll, struct client, poll);
    char bytes[65536];
    ssize_t n;

    /* A reset connection is reported as an error; there may be something to read all the same. */
    if (status < 0 || (events & UV_READABLE)) {
        n = recv(client->fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
        if (n > 0) {
            /* With a NUL behind it, so that the string functions can be used. */
            bytes[n] = '\0';
            assert_int_equal(buf_append(&client->in, bytes, (size_t)n + 1), 0);
            client->in.len--;
        } else if (n == 0 || errno != EAGAIN) {
            client->ended = true;
        }
    }
    if ((events & UV_WRITABLE) && client->out_len > 0) {
        n = send(client->fd, client->out, client->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            client->out += n;
            client->out_len -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN) {
            client->out_len = 0;
        }
    }
    poll_update(client);
}

static void poll_update(struct client *client)
{
    int events = (client->ended ? 0 : UV_READABLE) | (client->out_len > 0 ? UV_WRITABLE : 0);

    if (events)
        assert_int_equal(uv_poll_start(&client->poll, events, on_poll), 0);
    else
        (void)uv_poll_stop(&client->poll);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the awaited event did not come within %d ms", WATCHDOG_MS);
}

#define wait_for(fx, cond)                                                                         \
    do {                                                                                           \
        while (!(cond))                                                                            \
            uv_run(&(fx)->loop, UV_RUN_ONCE);                                                      \
    } while (0)

static struct client *client_open(struct fixture *fx, unsigned index)
{
    struct client *client = &fx->clients[index];
    struct sockaddr_in name = {.sin_family = AF_INET};

    name.sin_port = htons(http_server_port(fx->server));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fx = fx;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(fd_set_nonblocking(client->fd, true), 0);
    assert_int_equal(uv_poll_init(&fx->loop, &client->poll, client->fd), 0);
    client->ended = false;
    poll_update(client);
    return client;
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = container_of((uv_poll_t *)handle, struct client, poll);

    (void)close(client->fd);
    client->fd = -1;
    buf_deinit(&client->in);
}

static void client_close(struct client *client)
{
    if (client->fd < 0 || uv_is_closing((uv_handle_t *)&client->poll))
        return;
    uv_close((uv_handle_t *)&client->poll, on_client_closed);
    wait_for(client->fx, client->fd < 0);
}

static void client_send(struct client *client, const char *text)
{
    wait_for(client->fx, client->out_len == 0);
    client->out = text;
    client->out_len = strlen(text);
    poll_update(client);
}

static size_t count_of(const struct client *client, const char *text)
{
    size_t len = strlen(text);
    size_t count = 0;
    const char *at = client->in.ptr;
    const char *end = at + client->in.len;

    while (at && (at = memmem(at, (size_t)(end - at), text, len))) {
        count++;
        at += len;
    }
    return count;
}

static void expect_text(struct client *client, const char *text)
{
    while (count_of(client, text) == 0) {
        if (client->ended)
            fail_msg("the connection ended without '%s', but with '%.*s'", text,
                     (int)client->in.len, client->in.ptr ? client->in.ptr : "");
        uv_run(&client->fx->loop, UV_RUN_ONCE);
    }
}

static void expect_end(struct client *client)
{
    wait_for(client->fx, client->ended);
}

/* ---- the callee ---- */

static void on_data(void *owner, const char *bytes, size_t len);

static void on_failed(void *owner)
{
    struct fixture *fx = owner;

    fx->failed++;
}

static const struct http_body_ops body_ops = {.data = on_data, .failed = on_failed};

static void on_data(void *owner, const char *bytes, size_t len)
{
    struct fixture *fx = owner;
    struct http_request *req = fx->held[fx->held_count - 1];

    fx->pieces++;
    assert_int_equal(buf_append(&fx->body, bytes, len), 0);
    if (len > 0) {
        if (!fx->stop_reading)
            http_request_read(req, &body_ops, fx);
        return;
    }
    fx->ends++;
    if (fx->mode == ECHO_BODY) {
        fx->held_count--;
        http_respond(req, 200, NULL, 0, buf_str(&fx->body));
        buf_clear(&fx->body);
    }
}

static void on_closed(void *owner)
{
    struct fixture *fx = owner;

    fx->closed++;
}

static void stream_on(void *owner)
{
    static char block[50000];
    struct fixture *fx = owner;
    struct http_request *req = fx->held[0];

    fx->writable++;
    while (fx->streamed < fx->stream_total) {
        fx->streamed += sizeof(block);
        memset(block, 's', sizeof(block));
        if (http_response_write(req, str_make(block, sizeof(block))) > HTTP_WRITE_HIGH_BYTES) {
            http_response_on_writable(req, stream_on, fx);
            return;
        }
    }
    fx->held_count--;
    http_response_end(req);
}

static void on_request(void *owner, struct http_request *req)
{
    struct fixture *fx = owner;

    fx->requests++;
    if (fx->mode == ANSWER) {
        http_respond(req, 200, NULL, 0, req->path);
        return;
    }
    assert_true(fx->held_count < CLIENTS_MAX);
    fx->held[fx->held_count++] = req;
    if (fx->mode == ECHO_BODY || fx->mode == READ_SLOWLY) {
        http_request_read(req, &body_ops, fx);
    } else if (fx->mode == STREAM) {
        http_response_start(req, 200, NULL, 0);
        stream_on(fx);
    } else {
        http_request_on_closed(req, on_closed, fx);
    }
}

static const struct http_server_ops server_ops = {.request = on_request};

/* ---- set-up ---- */

static void start(struct fixture *fx, const struct http_server_options *changes)
{
    struct http_server_options options = {
        .connections_max = 100,
        .header_bytes_max = 65536,
        .header_timeout_ms = 30000,
        .idle_timeout_ms = 30000,
        .body_timeout_ms = 30000,
    };
    struct reason why = {0};

    if (changes)
        options = *changes;
    options.loop = &fx->loop;
    options.ops = &server_ops;
    options.owner = fx;
    assert_int_equal(http_server_new(&fx->server, &options), 0);
    if (http_server_listen(fx->server, STR("127.0.0.1:0"), &why))
        fail_msg("%s", why.text);
}

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));

    assert_non_null(fx);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(uv_loop_init(&fx->loop), 0);
    assert_int_equal(uv_timer_init(&fx->loop, &fx->watchdog), 0);
    assert_int_equal(uv_timer_start(&fx->watchdog, on_watchdog, WATCHDOG_MS, 0), 0);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        fx->clients[i].fd = -1;
    *state = fx;
    return 0;
}

/* Everything the server made must be gone when the loop has run out: uv_loop_close() refuses
 * otherwise. */
static int teardown(void **state)
{
    struct fixture *fx = *state;

    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        client_close(&fx->clients[i]);
    fx->server = http_server_free(fx->server);
    uv_close((uv_handle_t *)&fx->watchdog, NULL);
    uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    buf_deinit(&fx->body);
    free(fx);
    return 0;
}

/* ---- tests ---- */

static void answers_and_keeps_the_connection(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "GET /one?q HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "\r\n\r\n/one");
    assert_int_equal(strncmp(client->in.ptr, "HTTP/1.1 200 OK\r\n", 17), 0);
    expect_text(client, "Content-Length: 4\r\n");
    expect_text(client, " GMT\r\n");
    assert_int_equal(count_of(client, "Connection:"), 0);
    client_send(client, "GET /two HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "\r\n\r\n/two");
    assert_int_equal(http_server_connections(fx->server), 1);
    client_send(client, "GET /bye HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect_text(client, "Connection: close\r\n");
    expect_end(client);
}

static void answers_pipelined_requests_in_order(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
                        "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nGET "
                        "GET /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect_end(client);
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), 4);
    assert_true(strstr(client->in.ptr, "/a") < strstr(client->in.ptr, "/b"));
    assert_true(strstr(client->in.ptr, "/b") < strstr(client->in.ptr, "/c"));
    assert_true(strstr(client->in.ptr, "/c") < strstr(client->in.ptr, "/d"));
}

static void hands_out_one_request_at_a_time(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = HOLD;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    for (int turn = 0; turn < 5; turn++)
        uv_run(&fx->loop, UV_RUN_NOWAIT);
    assert_int_equal(fx->requests, 1);
    fx->held_count = 0;
    http_respond(fx->held[0], 200, NULL, 0, STR("first"));
    assert_int_equal(fx->requests, 1); /* never inside the callee's own call */
    wait_for(fx, fx->requests == 2);
    http_respond(fx->held[0], 200, NULL, 0, STR("second"));
    expect_text(client, "second");
}

/* What a client may pile up is bounded by the connection's buffer. */
static void stops_reading_behind_a_held_request(void **state)
{
    struct fixture *fx = *state;
    struct client *client;
    char *many = malloc(BIG_BYTES + 1);
    size_t rest;

    assert_non_null(many);
    memset(many, 'x', BIG_BYTES);
    many[BIG_BYTES] = '\0';
    memcpy(many, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 28);
    fx->mode = HOLD;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, many);
    wait_for(fx, fx->requests == 1);
    do {
        rest = client->out_len;
        for (int turn = 0; turn < 50; turn++)
            uv_run(&fx->loop, UV_RUN_NOWAIT);
    } while (client->out_len < rest);
    assert_true(client->out_len > 0);
    http_respond(fx->held[0], 200, NULL, 0, STR("x"));
    client->out_len = 0;
    expect_text(client, "HTTP/1.1 414");
    expect_end(client);
    free(many);
}

static void echo(struct fixture *fx, const char *request, const char *body)
{
    struct client *client = client_open(fx, 0);

    client_send(client, request);
    expect_end(client);
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), 1);
    assert_int_equal(strcmp(strstr(client->in.ptr, "\r\n\r\n") + 4, body), 0);
    client_close(client);
}

static void reads_bodies(void **state)
{
    struct fixture *fx = *state;

    fx->mode = ECHO_BODY;
    start(fx, NULL);
#define CLOSE "Host: h\r\nConnection: close\r\n"
    echo(fx, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello", "hello");
    assert_int_equal(fx->pieces, 2); /* the body and its end: no needless pieces */
    echo(fx, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 0\r\n\r\n", "");
    echo(fx, "POST / HTTP/1.1\r\n" CLOSE "\r\n", "");
    echo(fx,
         "POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: r\r\n\r\n",
         "abcde");
    echo(fx, "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nxy", "xy");
    assert_int_equal(fx->ends, 5);
}

static void gives_trailers(void **state)
{
    struct fixture *fx = *state;
    struct http_request *req;

    fx->mode = READ_SLOWLY;
    start(fx, NULL);
    client_send(client_open(fx, 0), "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                    "Trailer: A\r\n\r\n1\r\nx\r\n0\r\nA-Type:  e f \r\nB:\r\n\r\n");
    wait_for(fx, fx->ends == 1);
    req = fx->held[0];
    assert_true(str_eq(http_request_trailer(req, STR("a-type")), STR("e f")));
    assert_true(str_eq(http_request_trailer(req, STR("B")), STR("")));
    assert_false(str_is_set(http_request_trailer(req, STR("C"))));
    assert_false(str_is_set(http_request_header(req, STR("A-Type"))));
    http_respond(req, 202, NULL, 0, STR(""));
    expect_text(&fx->clients[0], "HTTP/1.1 202 Accepted\r\n");
}

static void reads_a_body_byte_by_byte(void **state)
{
    static const char request[] =
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    struct fixture *fx = *state;
    struct client *client;
    char byte[2] = "";

    fx->mode = ECHO_BODY;
    start(fx, NULL);
    client = client_open(fx, 0);
    for (size_t i = 0; request[i]; i++) {
        byte[0] = request[i];
        client_send(client, byte);
        wait_for(fx, client->out_len == 0);
        uv_run(&fx->loop, UV_RUN_NOWAIT);
    }
    expect_text(client, "\r\n\r\nabcde");
}

static char *make_big(void)
{
    char *bytes = malloc(BIG_BYTES + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < BIG_BYTES; i++)
        bytes[i] = (char)('a' + i % 23 + i / 70000 % 3);
    bytes[BIG_BYTES] = '\0';
    return bytes;
}

static void echo_big(struct fixture *fx, struct client *client, const char *head,
                     const char *prefix, const char *suffix)
{
    char *big = make_big();
    size_t body;

    buf_clear(&client->in);
    client_send(client, head);
    client_send(client, prefix);
    client_send(client, big);
    client_send(client, suffix);
    expect_text(client, "\r\n\r\n");
    body = (size_t)(strstr(client->in.ptr, "\r\n\r\n") + 4 - client->in.ptr);
    wait_for(fx, client->in.len >= body + BIG_BYTES);
    assert_memory_equal(client->in.ptr + body, big, BIG_BYTES);
    free(big);
}

static void carries_large_bodies_both_ways(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = ECHO_BODY;
    start(fx, NULL);
    client = client_open(fx, 0);
    echo_big(fx, client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n", "", "");
    echo_big(fx, client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
             "800000\r\n", "\r\n0\r\n\r\n");
    fx->mode = ANSWER;
    client_send(client, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "/after");
}

/* A callee that does not ask stops the client; bytes come one piece for one call. */
static void pulls_the_body(void **state)
{
    struct fixture *fx = *state;
    struct client *client;
    char *big = make_big();
    size_t rest;

    fx->mode = READ_SLOWLY;
    fx->stop_reading = true;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n");
    client_send(client, big);
    wait_for(fx, fx->pieces == 1);
    do {
        rest = client->out_len;
        for (int turn = 0; turn < 50; turn++)
            uv_run(&fx->loop, UV_RUN_NOWAIT);
    } while (client->out_len < rest);
    assert_int_equal(fx->pieces, 1);
    assert_true(client->out_len > 0);
    fx->stop_reading = false;
    http_request_read(fx->held[0], &body_ops, fx);
    assert_int_equal(fx->pieces, 1); /* never inside the callee's own call */
    wait_for(fx, fx->ends == 1);
    assert_memory_equal(fx->body.ptr, big, BIG_BYTES);
    http_respond(fx->held[0], 200, NULL, 0, STR("done"));
    expect_text(client, "done");
    free(big);
}

static void says_continue_when_the_body_is_wanted(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = ECHO_BODY;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client,
                "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect_text(client, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(count_of(client, "200 OK"), 0);
    client_send(client, "hi");
    expect_text(client, "\r\n\r\nhi");

    /* Not when the body is there already. */
    buf_clear(&client->in);
    client_send(client, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                        "Content-Length: 2\r\n\r\nho");
    expect_text(client, "\r\n\r\nho");
    assert_int_equal(count_of(client, "100 Continue"), 0);
}

static void closes_when_nobody_said_continue(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client,
                "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect_text(client, "Connection: close\r\n");
    expect_end(client);
    assert_int_equal(count_of(client, "100 Continue"), 0);
}

static void skips_a_body_nobody_read(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n0123456789");
    expect_text(client, "\r\n\r\n/a");
    client_send(client, "GET / HTTPGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "\r\n\r\n/b");
    client_send(client, "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
    expect_text(client, "\r\n\r\n/c");
    client_send(client, "c\r\n0\r\n\r\nGET /d HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "\r\n\r\n/d");
}

/* The client sends all of a body that is refused before it reads; it must not lose the answer to a
 * reset. */
static void lingers_after_a_refused_body(void **state)
{
    struct fixture *fx = *state;
    struct client *client;
    char *big = make_big();

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n");
    client_send(client, big);
    wait_for(fx, client->out_len == 0);
    expect_text(client, "\r\n\r\n/refused");
    expect_text(client, "Connection: close\r\n");
    expect_end(client);
    free(big);
}

static void answers_head_and_old_clients(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "HEAD /long HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "\r\n\r\n");
    expect_text(client, "Content-Length: 5\r\n");
    assert_int_equal(count_of(client, "/long"), 0);
    client_send(client, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect_text(client, "Connection: keep-alive\r\n");
    expect_text(client, "/x");
    client_send(client, "GET /y HTTP/1.0\r\n\r\n");
    expect_text(client, "Connection: close\r\n");
    expect_text(client, "/y");
    expect_end(client);
}

static void refuses_and_closes(void **state)
{
    static const struct {
        const char *request;
        const char *status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"GET / HTTP/1.1\nHost: h\n\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
         "HTTP/1.1 400 Bad Request\r\n"},
    };
    struct fixture *fx = *state;

    start(fx, NULL);
    for (size_t i = 0; i < array_count(cases); i++) {
        struct client *client = client_open(fx, 0);

        client_send(client, cases[i].request);
        expect_end(client);
        assert_int_equal(strncmp(client->in.ptr, cases[i].status, strlen(cases[i].status)), 0);
        assert_int_equal(count_of(client, "HTTP/1.1 "), 1);
        expect_text(client, "Connection: close\r\n");
        client_close(client);
    }
    assert_int_equal(fx->requests, 0);
}

/* A client that goes on sending after a refusal is not reset, so that it gets to read why. */
static void lingers_after_a_refused_head(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "POST / HTTP/1.1\r\nHost : h\r\nContent-Length: 8388608\r\n\r\n");
    expect_text(client, "HTTP/1.1 400 Bad Request\r\n");
    for (int turn = 0; turn < 10; turn++) {
        assert_int_equal(send(client->fd, "more", 4, MSG_NOSIGNAL), 4);
        uv_run(&fx->loop, UV_RUN_NOWAIT);
    }
    expect_end(client);
}

/* A client that has said all it wants to say may still read its answer to the end. */
static void finishes_an_answer_to_a_half_closed_client(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = HOLD;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    http_respond_owned(fx->held[0], 200, NULL, 0, make_big(), BIG_BYTES);
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
    expect_end(client);
    assert_true(client->in.len > BIG_BYTES);
}

static void takes_a_head_larger_than_the_buffer(void **state)
{
    struct fixture *fx = *state;
    struct client *client;
    CLEANUP(buf_deinit) struct buf head = {0};

    start(fx, NULL);
    client = client_open(fx, 0);
    assert_int_equal(buf_append_str(&head, STR("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                                               "GET /big HTTP/1.1\r\nHost: h\r\n")),
                     0);
    while (head.len < 50000)
        assert_int_equal(buf_printf(&head, "X-%zu: %0500d\r\n", head.len, 0), 0);
    assert_int_equal(buf_append(&head, "\r\n", 3), 0);
    client_send(client, head.ptr);
    expect_text(client, "\r\n\r\n/big");
    buf_clear(&client->in);
    while (head.len < 70000) {
        head.len -= head.len < 60000 ? 3 : 0;
        assert_int_equal(buf_printf(&head, "X-%zu: %0900d\r\n", head.len, 0), 0);
    }
    assert_int_equal(buf_append(&head, "\r\n", 3), 0);
    client_send(client, head.ptr + 28);
    expect_text(client, "HTTP/1.1 431 ");
    expect_end(client);
}

/* Nothing is left of the buffer for the body. */
static void reads_a_body_behind_a_head_that_fills_the_buffer(void **state)
{
    static const char begin[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX: ";
    struct fixture *fx = *state;
    struct client *client;
    char head[8192 + 1];

    memset(head, 'x', sizeof(head));
    memcpy(head, begin, sizeof(begin) - 1);
    memcpy(head + sizeof(head) - 5, "\r\n\r\n", 5);
    fx->mode = ECHO_BODY;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, head);
    wait_for(fx, fx->requests == 1);
    client_send(client, "hello");
    expect_text(client, "\r\n\r\nhello");
}

static void ends_after_skipping_too_much(void **state)
{
    struct fixture *fx = *state;
    struct client *client;
    char *big = make_big();

    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "800000\r\n");
    client_send(client, big);
    client_send(client, "\r\n0\r\n\r\n");
    expect_text(client, "\r\n\r\n/x");
    expect_end(client);
    free(big);
}

static void streams_with_back_pressure(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = STREAM;
    fx->stream_total = BIG_BYTES;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    assert_true(fx->streamed < BIG_BYTES); /* it had to wait for the client */
    expect_text(client, "\r\n0\r\n\r\n");
    expect_text(client, "Transfer-Encoding: chunked\r\n");
    assert_true(fx->writable > 1);
    assert_int_equal(count_of(client, "\r\nc350\r\n"), fx->streamed / 50000);
    assert_true(client->in.len > fx->streamed);
    fx->mode = ANSWER;
    client_send(client, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(client, "/after");
}

static void streams_to_old_clients_until_the_close(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = STREAM;
    fx->stream_total = 50000;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect_end(client);
    assert_int_equal(count_of(client, "chunked"), 0);
    assert_int_equal(count_of(client, "Connection: close\r\n"), 1);
    assert_int_equal(client->in.ptr + client->in.len - (strstr(client->in.ptr, "\r\n\r\n") + 4),
                     50000);
}

static void cuts_an_aborted_answer(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = HOLD;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    http_response_start(fx->held[0], 200, NULL, 0);
    (void)http_response_write(fx->held[0], STR("half"));
    expect_text(client, "4\r\nhalf\r\n");
    http_response_abort(fx->held[0]);
    expect_end(client);
    assert_int_equal(count_of(client, "\r\n0\r\n"), 0);
    assert_int_equal(fx->closed, 0); /* the callee did it itself */
}

static void tells_that_the_client_left(void **state)
{
    struct fixture *fx = *state;

    fx->mode = HOLD;
    start(fx, NULL);
    client_send(client_open(fx, 0), "GET /kept HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    client_close(&fx->clients[0]);
    wait_for(fx, fx->closed == 1);
    /* The request is still whole. */
    assert_true(str_eq(fx->held[0]->path, STR("/kept")));
    assert_true(str_eq(http_request_header(fx->held[0], STR("x")), STR("y")));
    assert_int_equal(http_server_connections(fx->server), 0);
    http_respond(fx->held[0], 200, NULL, 0, STR("nowhere"));
    assert_int_equal(fx->closed, 1);
}

static void fails_a_body_that_ends_early(void **state)
{
    struct fixture *fx = *state;

    fx->mode = READ_SLOWLY;
    start(fx, NULL);
    client_send(client_open(fx, 0), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123");
    wait_for(fx, fx->pieces == 1);
    client_close(&fx->clients[0]);
    wait_for(fx, fx->failed == 1);
    assert_int_equal(fx->ends, 0);
    http_respond_owned(fx->held[0], 200, NULL, 0, strdup("nowhere"), 7);
}

static void fails_a_body_with_broken_chunks(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = READ_SLOWLY;
    start(fx, NULL);
    client = client_open(fx, 0);
    client_send(client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    client_send(client, "1\r\nabc");
    wait_for(fx, fx->failed == 1);
    expect_text(client, "HTTP/1.1 400 Bad Request\r\n");
    expect_end(client);
    http_respond(fx->held[0], 200, NULL, 0, STR("nowhere"));
}

static const struct http_server_options impatient = {
    .connections_max = 100,
    .header_bytes_max = 65536,
    .header_timeout_ms = 100,
    .idle_timeout_ms = 100,
    .body_timeout_ms = 100,
};

static void drops_slow_clients(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = READ_SLOWLY;
    start(fx, &impatient);
    expect_end(client_open(fx, 0)); /* says nothing */
    client_close(&fx->clients[0]);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nHo"); /* no end of the head */
    expect_text(client, "HTTP/1.1 408 Request Timeout\r\n");
    expect_end(client);
    client_close(client);
    client = client_open(fx, 0);
    client_send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123"); /* no body */
    expect_text(client, "HTTP/1.1 408 Request Timeout\r\n");
    expect_end(client);
    wait_for(fx, fx->failed == 1);
    fx->held_count = 0;
    http_respond(fx->held[0], 200, NULL, 0, STR("nowhere"));
    client_close(client);
    fx->mode = ANSWER;
    client = client_open(fx, 0);
    client_send(client, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"); /* no second request */
    expect_text(client, "/x");
    expect_end(client);
}

/* A byte now and then does not extend the time for a head. */
static void drops_a_dripping_head(void **state)
{
    struct http_server_options options = impatient;
    struct fixture *fx = *state;
    struct client *client;

    options.header_bytes_max = SIZE_MAX / 2;
    start(fx, &options);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nX: ");
    while (!client->ended) {
        if (client->out_len == 0)
            client_send(client, "x");
        uv_run(&fx->loop, UV_RUN_ONCE);
    }
    assert_int_equal(fx->requests, 0);
}

static void drops_a_client_that_does_not_read(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = HOLD;
    start(fx, &impatient);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    (void)uv_poll_stop(&client->poll);
    http_respond_owned(fx->held[0], 200, NULL, 0, make_big(), BIG_BYTES);
    wait_for(fx, http_server_connections(fx->server) == 0);
}

/* While the callee works nothing runs out: a long poll takes as long as it takes. */
static void waits_for_the_callee(void **state)
{
    struct fixture *fx = *state;
    struct client *client;

    fx->mode = HOLD;
    start(fx, &impatient);
    client = client_open(fx, 0);
    client_send(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    expect_end(client_open(fx, 1)); /* the timer has fired meanwhile */
    assert_int_equal(fx->closed, 0);
    http_respond(fx->held[0], 200, NULL, 0, STR("late"));
    expect_text(client, "late");
}

static void makes_room_by_closing_idle_connections(void **state)
{
    struct http_server_options options = impatient;
    struct fixture *fx = *state;

    options.connections_max = 2;
    options.header_timeout_ms = 30000;
    options.idle_timeout_ms = 0;
    start(fx, &options);
    for (unsigned i = 0; i < 3; i++) {
        client_send(client_open(fx, i), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_text(&fx->clients[i], "/x");
    }
    expect_end(&fx->clients[0]); /* the longest idle */
    assert_false(fx->clients[1].ended);
    assert_int_equal(http_server_connections(fx->server), 2);
}

static void lets_clients_wait_when_all_are_busy(void **state)
{
    struct http_server_options options = impatient;
    struct fixture *fx = *state;

    options.connections_max = 1;
    options.header_timeout_ms = 30000;
    fx->mode = HOLD;
    start(fx, &options);
    client_send(client_open(fx, 0), "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    wait_for(fx, fx->requests == 1);
    client_send(client_open(fx, 1), "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int turn = 0; turn < 10; turn++)
        uv_run(&fx->loop, UV_RUN_NOWAIT);
    assert_int_equal(fx->requests, 1);
    fx->mode = ANSWER;
    http_respond(fx->held[0], 200, NULL, 0, STR(""));
    expect_text(&fx->clients[1], "/y");
}

/* Without descriptors connections are turned away, and it goes on as soon as there are some again.
 */
static void survives_without_descriptors(void **state)
{
    struct fixture *fx = *state;
    struct rlimit old;
    struct rlimit none;

    start(fx, NULL);
    client_send(client_open(fx, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(&fx->clients[0], "/x");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    (void)client_open(fx, 1);
    none = old;
    none.rlim_cur = (rlim_t)fx->clients[1].fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    expect_end(&fx->clients[1]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    client_send(&fx->clients[0], "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(&fx->clients[0], "/y");
    client_send(client_open(fx, 2), "GET /z HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(&fx->clients[2], "/z");
}

static void on_drained(void *owner)
{
    struct fixture *fx = owner;

    fx->drained++;
}

static void drains(void **state)
{
    struct fixture *fx = *state;

    start(fx, NULL);
    client_send(client_open(fx, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(&fx->clients[0], "/x");
    fx->mode = HOLD;
    client_send(client_open(fx, 1), "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 2);
    http_server_drain(fx->server, on_drained, fx);
    expect_end(&fx->clients[0]);
    assert_int_equal(fx->drained, 0);
    http_respond(fx->held[0], 200, NULL, 0, STR("last"));
    expect_text(&fx->clients[1], "last");
    expect_text(&fx->clients[1], "Connection: close\r\n");
    wait_for(fx, fx->drained == 1);
}

static void drains_at_once_without_connections(void **state)
{
    struct fixture *fx = *state;

    start(fx, NULL);
    http_server_drain(fx->server, on_drained, fx);
    assert_int_equal(fx->drained, 0); /* never inside the call */
    wait_for(fx, fx->drained == 1);
}

static void can_be_freed_with_requests_out(void **state)
{
    struct fixture *fx = *state;

    fx->mode = HOLD;
    start(fx, NULL);
    client_send(client_open(fx, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    client_send(client_open(fx, 1), "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(fx, fx->requests == 2);
    fx->server = http_server_free(fx->server);
    expect_end(&fx->clients[0]);
    wait_for(fx, fx->closed == 2);
    assert_true(str_eq(fx->held[1]->path, STR("/y")));
    http_respond(fx->held[0], 200, NULL, 0, STR("nowhere"));
    http_response_start(fx->held[1], 200, NULL, 0);
    assert_int_equal(http_response_write(fx->held[1], STR("nowhere")), 0);
    http_response_end(fx->held[1]);
}

static void adopts_a_listener(void **state)
{
    struct fixture *fx = *state;
    struct sockaddr_in name = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    start(fx, NULL);
    fx->server = http_server_free(fx->server);
    start(fx, NULL);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(http_server_adopt(fx->server, fd), 0);
    assert_true(http_server_port(fx->server) > 0);
    client_send(client_open(fx, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_text(&fx->clients[0], "/x");
}

static void says_what_is_wrong_with_an_address(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "localhost:80",
                                      "::1:80",
                                      "[::1:80",
                                      ":80"};
    struct fixture *fx = *state;
    struct reason why = {0};
    char taken[40];

    start(fx, NULL);
    for (size_t i = 0; i < array_count(bad); i++) {
        assert_int_equal(http_server_listen(fx->server, str_of(bad[i]), &why), -EINVAL);
        assert_non_null(strstr(why.text, "is not an address to listen on"));
    }
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", http_server_port(fx->server));
    assert_int_equal(http_server_listen(fx->server, str_of(taken), &why), -EADDRINUSE);
    assert_non_null(strstr(why.text, "cannot listen on 127.0.0.1:"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(answers_and_keeps_the_connection),
        TEST(answers_pipelined_requests_in_order),
        TEST(hands_out_one_request_at_a_time),
        TEST(stops_reading_behind_a_held_request),
        TEST(reads_bodies),
        TEST(gives_trailers),
        TEST(reads_a_body_byte_by_byte),
        TEST(carries_large_bodies_both_ways),
        TEST(pulls_the_body),
        TEST(says_continue_when_the_body_is_wanted),
        TEST(closes_when_nobody_said_continue),
        TEST(skips_a_body_nobody_read),
        TEST(lingers_after_a_refused_body),
        TEST(answers_head_and_old_clients),
        TEST(refuses_and_closes),
        TEST(lingers_after_a_refused_head),
        TEST(finishes_an_answer_to_a_half_closed_client),
        TEST(takes_a_head_larger_than_the_buffer),
        TEST(reads_a_body_behind_a_head_that_fills_the_buffer),
        TEST(ends_after_skipping_too_much),
        TEST(streams_with_back_pressure),
        TEST(streams_to_old_clients_until_the_close),
        TEST(cuts_an_aborted_answer),
        TEST(tells_that_the_client_left),
        TEST(fails_a_body_that_ends_early),
        TEST(fails_a_body_with_broken_chunks),
        TEST(drops_slow_clients),
        TEST(drops_a_dripping_head),
        TEST(drops_a_client_that_does_not_read),
        TEST(waits_for_the_callee),
        TEST(makes_room_by_closing_idle_connections),
        TEST(lets_clients_wait_when_all_are_busy),
        TEST(survives_without_descriptors),
        TEST(drains),
        TEST(drains_at_once_without_connections),
        TEST(can_be_freed_with_requests_out),
        TEST(adopts_a_listener),
        TEST(says_what_is_wrong_with_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
