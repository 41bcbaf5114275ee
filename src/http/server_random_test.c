/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/list.h"

/*
 * Random clients against a random callee: requests in random pieces, clients that leave at any
 * moment, answers of every kind at any moment, servers that are freed or drained in between.
 * Nothing is expected but that every request is reported as promised and that everything is gone at
 * the end (the sanitizers and uv_loop_close() look). HTTP_TEST_SEED replays a run.
 */

enum { ROUNDS = 40, STEPS = 250, CLIENTS = 6, PIECES_MAX = 300000 };

struct world {
    uv_loop_t loop;
    struct http_server *server;
    uint64_t random;
    int clients[CLIENTS];
    struct list held;
    unsigned requests;
    bool freed;
};

/* One request with its callee. */
struct work {
    struct world *world;
    struct http_request *req;
    struct list link; /* world->held while the callee does nothing */
    bool started;
    bool reading;
    bool failed;
    bool closed;
};

static unsigned roll(struct world *world, unsigned sides)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (unsigned)(world->random >> 33) % sides;
}

static void work_do_anything(struct work *work);

static void on_data(void *owner, const char *bytes, size_t len)
{
    struct work *work = owner;
    volatile char sum = 0;

    assert_true(work->reading);
    assert_false(work->failed);
    work->reading = false;
    for (size_t i = 0; i < len; i++)
        sum = (char)(sum + bytes[i]);
    work_do_anything(work);
}

static void on_failed(void *owner)
{
    struct work *work = owner;

    assert_true(work->reading);
    assert_false(work->failed);
    work->reading = false;
    work->failed = true;
    work_do_anything(work);
}

static void on_closed(void *owner)
{
    struct work *work = owner;

    assert_false(work->closed);
    work->closed = true;
    if (roll(work->world, 2))
        work_do_anything(work);
}

static void on_writable(void *owner)
{
    work_do_anything(owner);
}

static char *some_bytes(struct work *work, size_t *ret_len)
{
    size_t len = roll(work->world, 8) ? roll(work->world, 200) : roll(work->world, PIECES_MAX);
    char *bytes = malloc(len ? len : 1);

    assert_non_null(bytes);
    memset(bytes, 'b', len);
    *ret_len = len;
    return bytes;
}

static void work_end(struct work *work)
{
    const struct http_header close_header = {STR("Connection"), STR("close")};
    struct http_request *req = work->req;
    size_t len;
    char *bytes = some_bytes(work, &len);

    /* The texts of the request are still there. */
    assert_true(req->path.len > 0);
    assert_true(req->path.ptr[0] == '/');
    list_remove(&work->link);
    if (work->started || roll(work->world, 8) == 0) {
        if (work->started && roll(work->world, 4))
            http_response_end(req);
        else
            http_response_abort(req);
    } else if (roll(work->world, 2)) {
        http_respond_owned(req, 200, NULL, 0, bytes, len);
        bytes = NULL;
    } else {
        http_respond(req, roll(work->world, 4) ? 200 : 204, &close_header,
                     roll(work->world, 5) == 0, str_make(bytes, len));
    }
    free(bytes);
    free(work);
}

static void work_write(struct work *work)
{
    size_t len;
    char *bytes = some_bytes(work, &len);

    if (!work->started)
        http_response_start(work->req, 200, NULL, 0);
    work->started = true;
    if (http_response_write(work->req, str_make(bytes, len)) > HTTP_WRITE_HIGH_BYTES)
        http_response_on_writable(work->req, on_writable, work);
    free(bytes);
}

static void work_do_anything(struct work *work)
{
    static const struct http_body_ops body_ops = {.data = on_data, .failed = on_failed};
    struct world *world = work->world;

    (void)arena_alloc(&work->req->arena, roll(world, 3000));
    switch (roll(world, 8)) {
    case 0:
    case 1:
    case 2:
        work_end(work);
        return;
    case 3:
    case 4:
        if (!work->reading && !work->failed) {
            work->reading = true;
            http_request_read(work->req, &body_ops, work);
        }
        break;
    case 5:
        work_write(work);
        break;
    case 6:
        if (!work->closed)
            http_request_on_closed(work->req, on_closed, work);
        break;
    default:
        if (roll(world, 200) == 0) {
            world->server = http_server_free(world->server);
            world->freed = true;
        }
        break;
    }
}

static void on_request(void *owner, struct http_request *req)
{
    struct world *world = owner;
    struct work *work = calloc(1, sizeof(*work));

    assert_non_null(work);
    assert_false(world->freed);
    work->world = world;
    work->req = req;
    list_push_back(&world->held, &work->link);
    world->requests++;
    work_do_anything(work);
}

/* ---- clients ---- */

static void client_open(struct world *world, int *client)
{
    struct sockaddr_in name = {.sin_family = AF_INET};

    name.sin_port = htons(http_server_port(world->server));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(*client >= 0);
    (void)connect(*client, (struct sockaddr *)&name, sizeof(name));
}

static void client_close(int *client)
{
    if (*client >= 0)
        (void)close(*client);
    *client = -1;
}

static void client_talk(struct world *world, int client)
{
    static const char *const scripts[] = {
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789",
        "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n",
        "POST /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        "HEAD /f HTTP/1.0\r\n\r\n",
        "GET /g HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "POST /h HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
        "\r\n",
    };
    static char filler[20000];
    const char *script = scripts[roll(world, sizeof(scripts) / sizeof(scripts[0]))];
    size_t len = strlen(script);

    memset(filler, 'f', sizeof(filler));
    if (roll(world, 12) == 0)
        len = roll(world, (unsigned)len + 1);
    (void)send(client, script, len, MSG_NOSIGNAL);
    if (roll(world, 20) == 0)
        (void)send(client, filler, roll(world, sizeof(filler)), MSG_NOSIGNAL);
}

static void client_do_anything(struct world *world)
{
    static char sink[300000];
    int *client = &world->clients[roll(world, CLIENTS)];

    if (*client < 0) {
        if (!world->freed)
            client_open(world, client);
        return;
    }
    switch (roll(world, 10)) {
    case 0:
        client_close(client);
        break;
    case 1:
        (void)shutdown(*client, SHUT_WR);
        break;
    case 2:
    case 3:
    case 4:
        (void)recv(*client, sink, sizeof(sink), MSG_DONTWAIT);
        break;
    default:
        client_talk(world, *client);
        break;
    }
}

static void held_do_anything(struct world *world)
{
    struct list *node = list_first(&world->held);

    if (!node)
        return;
    list_remove(node);
    list_push_back(&world->held, node);
    work_do_anything(container_of(node, struct work, link));
}

static void on_drained(void *owner)
{
    (void)owner;
}

static void run_round(struct world *world)
{
    static const struct http_server_ops ops = {.request = on_request};
    struct http_server_options options = {
        .loop = &world->loop,
        .connections_max = 2 + roll(world, CLIENTS),
        .header_bytes_max = 3000 + roll(world, 20000),
        .header_timeout_ms = roll(world, 3) ? 1000 : 1,
        .idle_timeout_ms = roll(world, 3) ? 0 : 1,
        .body_timeout_ms = roll(world, 3) ? 0 : 1,
        .ops = &ops,
        .owner = world,
    };

    world->freed = false;
    assert_int_equal(http_server_new(&world->server, &options), 0);
    assert_int_equal(http_server_listen(world->server, STR("127.0.0.1:0"), NULL), 0);
    for (int step = 0; step < STEPS; step++) {
        client_do_anything(world);
        if (roll(world, 2))
            uv_run(&world->loop, UV_RUN_NOWAIT);
        if (roll(world, 3) == 0)
            held_do_anything(world);
        if (!world->freed && roll(world, 500) == 0)
            http_server_drain(world->server, on_drained, world);
    }
    if (roll(world, 2))
        world->server = http_server_free(world->server);
    world->freed = !world->server;
    for (int i = 0; i < CLIENTS; i++)
        client_close(&world->clients[i]);
    while (!list_is_empty(&world->held)) {
        uv_run(&world->loop, UV_RUN_NOWAIT);
        if (!list_is_empty(&world->held))
            work_end(container_of(list_first(&world->held), struct work, link));
    }
    world->freed = true;
    world->server = http_server_free(world->server);
    uv_run(&world->loop, UV_RUN_DEFAULT);
}

static void survives_random_clients(void **state)
{
    const char *seed = getenv("HTTP_TEST_SEED");
    struct world world = {.random = 0};

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    list_init(&world.held);
    for (int i = 0; i < CLIENTS; i++)
        world.clients[i] = -1;
    world.random = seed ? strtoull(seed, NULL, 10) : 20251121;
    print_message("HTTP_TEST_SEED=%llu\n", (unsigned long long)world.random);
    assert_int_equal(uv_loop_init(&world.loop), 0);
    for (int round = 0; round < ROUNDS; round++)
        run_round(&world);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    assert_true(world.requests > 100);
    print_message("%u requests\n", world.requests);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_random_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
