/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The client against a server that says what each test wants, both on one loop. A watchdog ends a
 * test whose event never comes.
 */

#include "aws/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WATCHDOG_MS = 60000, BIG_BYTES = 4 * 1024 * 1024 };

struct fixture {
    uv_loop_t loop;
    uv_timer_t watchdog;
    uv_timer_t later; /* resumes a call that has paused */
    uv_tcp_t server;
    uv_tcp_t peer;
    bool has_peer;
    uv_write_t write;
    struct buf asked;
    const char *answer; /* NULL: none, ever */
    size_t answer_len;
    bool closes; /* after the answer */
    bool has_answered;

    struct aws_client *client;
    struct aws_call call;
    char endpoint[64];
    struct buf got;
    struct buf got_error;
    char location[64];
    unsigned pauses; /* so many more times data is not taken at once */
    int data_failure;
    bool is_done;
    int outcome;
};

static struct fixture *fixture_of(struct aws_call *call)
{
    return container_of(call, struct fixture, call);
}

/* The server */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
    struct fixture *fx = handle->data;

    (void)size;
    assert_int_equal(buf_reserve(&fx->asked, 65536), 0);
    *ret_buf = uv_buf_init(fx->asked.ptr + fx->asked.len, 65536);
}

static void on_written(uv_write_t *write, int status)
{
    struct fixture *fx = write->data;

    (void)status; /* a client that ends early is part of some tests */
    if (fx->closes && !uv_is_closing((uv_handle_t *)&fx->peer))
        uv_close((uv_handle_t *)&fx->peer, NULL);
}

static bool has_asked(const struct fixture *fx)
{
    const char *head = fx->asked.len ? memmem(fx->asked.ptr, fx->asked.len, "\r\n\r\n", 4) : NULL;

    return head && fx->asked.len >= (size_t)(head - fx->asked.ptr) + 4 + fx->call.body.len;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct fixture *fx = stream->data;
    uv_buf_t answer;

    (void)bytes;
    if (n < 0) {
        if (!uv_is_closing((uv_handle_t *)stream))
            uv_close((uv_handle_t *)stream, NULL);
        return;
    }
    fx->asked.len += (size_t)n;
    if (!has_asked(fx) || !fx->answer || fx->has_answered)
        return;
    fx->has_answered = true;
    fx->write.data = fx;
    answer = uv_buf_init((char *)(uintptr_t)fx->answer, (unsigned)fx->answer_len);
    assert_int_equal(uv_write(&fx->write, stream, &answer, 1, on_written), 0);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct fixture *fx = server->data;

    assert_int_equal(status, 0);
    assert_false(fx->has_peer);
    fx->has_peer = true;
    assert_int_equal(uv_tcp_init(&fx->loop, &fx->peer), 0);
    fx->peer.data = fx;
    assert_int_equal(uv_accept(server, (uv_stream_t *)&fx->peer), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&fx->peer, on_alloc, on_read), 0);
}

/* Bound, so that the port is ours; nobody listens yet. */
static void server_bind(struct fixture *fx)
{
    struct sockaddr_in address;
    int len = sizeof(address);

    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_init(&fx->loop, &fx->server), 0);
    fx->server.data = fx;
    assert_int_equal(uv_tcp_bind(&fx->server, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_tcp_getsockname(&fx->server, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(fx->endpoint, sizeof(fx->endpoint), "http://127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
}

/* The caller */

static void on_header(struct aws_call *call, struct str name, struct str value)
{
    struct fixture *fx = fixture_of(call);

    if (str_eq(name, STR("location")))
        (void)str_to_cstr(value, fx->location, sizeof(fx->location));
}

static void on_later(uv_timer_t *timer)
{
    struct fixture *fx = timer->data;

    aws_call_resume(&fx->call);
}

static int on_data(struct aws_call *call, struct str bytes)
{
    struct fixture *fx = fixture_of(call);

    if (fx->data_failure < 0)
        return fx->data_failure;
    if (fx->pauses > 0) {
        fx->pauses--;
        (void)uv_timer_start(&fx->later, on_later, 1, 0);
        return AWS_DATA_LATER;
    }
    return buf_append_str(&fx->got, bytes) < 0 ? -ENOMEM : AWS_DATA_TAKEN;
}

static void on_done(struct aws_call *call, int outcome)
{
    struct fixture *fx = fixture_of(call);

    assert_false(fx->is_done);
    fx->is_done = true;
    fx->outcome = outcome;
    assert_int_equal(buf_append_str(&fx->got_error, buf_str(&call->error_body)), 0);
}

static const struct aws_call_ops ops = {on_header, on_data, on_done};

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    (void)fprintf(stderr, "nothing happened for too long\n");
    abort();
}

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));

    assert_non_null(fx);
    assert_int_equal(uv_loop_init(&fx->loop), 0);
    assert_int_equal(uv_timer_init(&fx->loop, &fx->watchdog), 0);
    assert_int_equal(uv_timer_start(&fx->watchdog, on_watchdog, WATCHDOG_MS, 0), 0);
    assert_int_equal(uv_timer_init(&fx->loop, &fx->later), 0);
    fx->later.data = fx;
    server_bind(fx);
    fx->call = (struct aws_call){
        .service = AWS_S3,
        .region = STR("us-east-1"),
        .method = "GET",
        .path = STR("/p"),
        .ops = &ops,
    };
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    (void)aws_client_free(fx->client);
    uv_close((uv_handle_t *)&fx->watchdog, NULL);
    uv_close((uv_handle_t *)&fx->later, NULL);
    uv_close((uv_handle_t *)&fx->server, NULL);
    if (fx->has_peer && !uv_is_closing((uv_handle_t *)&fx->peer))
        uv_close((uv_handle_t *)&fx->peer, NULL);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    buf_deinit(&fx->asked);
    buf_deinit(&fx->got);
    buf_deinit(&fx->got_error);
    free(fx);
    return 0;
}

static void client_make(struct fixture *fx, uint64_t timeout_ms)
{
    const struct aws_client_options options = {
        .loop = &fx->loop,
        .endpoints = {[AWS_S3] = str_of(fx->endpoint)},
        .timeout_ms = timeout_ms,
    };

    assert_int_equal(aws_client_new(&fx->client, &options), 0);
}

static void listen_for(struct fixture *fx)
{
    assert_int_equal(uv_listen((uv_stream_t *)&fx->server, 8, on_connection), 0);
}

static void run(struct fixture *fx)
{
    assert_int_equal(aws_call_start(fx->client, &fx->call), AWS_CALL_STARTED);
    assert_false(fx->is_done); /* never from inside */
    while (!fx->is_done)
        (void)uv_run(&fx->loop, UV_RUN_ONCE);
}

static void answer(struct fixture *fx, const char *text)
{
    fx->answer = text;
    fx->answer_len = strlen(text);
    fx->closes = true;
}

static void test_answer(void **state)
{
    struct fixture *fx = *state;

    answer(fx, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->outcome, AWS_CALL_ANSWERED);
    assert_int_equal(fx->call.status, 200);
    assert_int_equal(fx->got.len, 5);
    assert_memory_equal(fx->got.ptr, "hello", 5);
    assert_memory_equal(fx->asked.ptr, "GET /p HTTP/1.1\r\n", 17);
}

static void test_body(void **state)
{
    struct fixture *fx = *state;

    answer(fx, "HTTP/1.1 204 No Content\r\n\r\n");
    fx->call.method = "POST";
    fx->call.body = STR("{\"a\":1}");
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->call.status, 204);
    assert_int_equal(fx->got.len, 0);
    assert_memory_equal(fx->asked.ptr + fx->asked.len - 7, "{\"a\":1}", 7);
}

/* All bytes come, in order, however often the caller is not ready. */
static void test_pause(void **state)
{
    static char text[BIG_BYTES + 128];
    struct fixture *fx = *state;
    int head =
        snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BIG_BYTES);

    for (size_t i = 0; i < BIG_BYTES; i++)
        text[(size_t)head + i] = (char)(i * 31 / 7);
    fx->answer = text;
    fx->answer_len = (size_t)head + BIG_BYTES;
    fx->pauses = 20;
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->outcome, AWS_CALL_ANSWERED);
    assert_int_equal(fx->pauses, 0);
    assert_int_equal(fx->got.len, BIG_BYTES);
    assert_memory_equal(fx->got.ptr, text + head, BIG_BYTES);
}

static void test_data_fails(void **state)
{
    struct fixture *fx = *state;

    answer(fx, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    fx->data_failure = -ENOSPC;
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->outcome, -ENOSPC);
}

/* The body of a refusal is not the object, and it is bounded. */
static void test_refusal(void **state)
{
    static char text[AWS_ERROR_BODY_BYTES_MAX * 2];
    struct fixture *fx = *state;

    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", 45);
    answer(fx, text);
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->outcome, AWS_CALL_ANSWERED);
    assert_int_equal(fx->call.status, 404);
    assert_int_equal(fx->got.len, 0);
    assert_int_equal(fx->got_error.len, AWS_ERROR_BODY_BYTES_MAX);
}

/* A second connection would fail the test. */
static void test_redirect_is_not_followed(void **state)
{
    struct fixture *fx = *state;

    answer(fx, "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->call.status, 301);
    assert_string_equal(fx->location, "/elsewhere");
}

static void test_silence(void **state)
{
    struct fixture *fx = *state;

    listen_for(fx);
    client_make(fx, 200);
    run(fx);
    assert_int_equal(fx->outcome, AWS_CALL_UNREACHABLE);
    assert_string_equal(fx->call.why.text, "Timeout was reached");
}

static void test_breaks_off(void **state)
{
    struct fixture *fx = *state;

    answer(fx, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello");
    listen_for(fx);
    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->outcome, AWS_CALL_UNREACHABLE);
    assert_true(fx->call.why.text[0] != '\0');
}

static void test_nobody_listens(void **state)
{
    struct fixture *fx = *state;

    client_make(fx, 0);
    run(fx);
    assert_int_equal(fx->outcome, AWS_CALL_UNREACHABLE);
}

static void test_not_configured(void **state)
{
    struct fixture *fx = *state;
    const struct aws_client_options options = {.loop = &fx->loop};

    assert_int_equal(aws_client_new(&fx->client, &options), 0);
    assert_int_equal(aws_call_start(fx->client, &fx->call), AWS_CALL_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_redirect_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breaks_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_configured, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
