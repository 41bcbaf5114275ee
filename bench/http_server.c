/* SPDX-License-Identifier: Apache-2.0 */

/* src/http with the least of callees: it answers every request with its own body. Compare with
 * echo_server. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/limits.h"
#include "base/must.h"
#include "http/server.h"

static void on_data(void *owner, const char *bytes, size_t len)
{
    const struct http_header headers[] = {{STR("Content-Type"), STR("application/json")}};

    /* One piece is enough to measure small bodies. */
    http_respond(owner, 200, headers, 1, str_make(bytes, len));
}

static void on_failed(void *owner)
{
    http_respond(owner, 500, NULL, 0, STR(""));
}

static void on_request(void *owner, struct http_request *req)
{
    static const struct http_body_ops ops = {.data = on_data, .failed = on_failed};

    (void)owner;
    http_request_read(req, &ops, req);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_close((uv_handle_t *)handle, NULL);
    (void)http_server_free(handle->data);
}

int main(int argc, char **argv)
{
    static const struct http_server_ops ops = {.request = on_request};
    struct http_server_options options = {
        .connections_max = LIMIT_HTTP_CONNECTIONS,
        .header_bytes_max = LIMIT_HTTP_HEADER_BYTES,
        .header_timeout_ms = LIMIT_HTTP_HEADER_MS,
        .idle_timeout_ms = LIMIT_HTTP_KEEPALIVE_MS,
        .body_timeout_ms = LIMIT_HTTP_BODY_IDLE_MS,
        .ops = &ops,
    };
    struct http_server *server;
    struct reason why = {0};
    uv_signal_t terminate;
    char address[40];
    uv_loop_t loop;

    if (argc != 2) {
        (void)fprintf(stderr, "Usage: http_server PORT\nEchoes HTTP bodies on 127.0.0.1.\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    must(uv_loop_init(&loop) == 0);
    options.loop = &loop;
    must(http_server_new(&server, &options) == 0);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%s", argv[1]);
    if (http_server_listen(server, str_of(address), &why)) {
        (void)fprintf(stderr, "http_server: %s\n", why.text);
        return 1;
    }
    must(uv_signal_init(&loop, &terminate) == 0);
    must(uv_signal_start(&terminate, on_signal, SIGTERM) == 0);
    terminate.data = server;
    (void)puts("Ready.");
    (void)fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop) == 0);
    return 0;
}
