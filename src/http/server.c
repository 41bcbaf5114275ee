/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "http/server_internal.h"

/*
 * Listeners, the timer and the end of a server. Connections live in conn.c.
 *
 * Time-outs: each connection has one deadline; one timer per server fires at (or before) the
 * earliest of them and looks at all. A connection that moves its deadline further away costs
 * nothing, and a server whose connections wait without a limit (a runtime's long poll) has no timer
 * at all.
 *
 * End: http_server_free() closes every handle; the memory goes when the last handle has closed and
 * the last callee has answered. Until then connections may use the server.
 */

enum { LISTEN_BACKLOG = 1024 };

/* ---- ready connections ---- */

static void server_check_drained(struct http_server *server)
{
    void (*drained)(void *owner) = server->drained;

    if (!server->draining || !drained || server->conn_count > 0)
        return;
    server->drained = NULL;
    drained(server->drained_owner);
}

static void on_runner(uv_idle_t *runner)
{
    struct http_server *server = container_of(runner, struct http_server, runner);
    struct list batch;
    struct list *node;

    /* Only those that are ready now: what they make ready waits for the next turn. */
    list_init(&batch);
    while ((node = list_first(&server->ready))) {
        list_remove(node);
        list_push_back(&batch, node);
    }
    (void)uv_idle_stop(runner);
    while ((node = list_first(&batch))) {
        list_remove(node);
        http_conn_run(container_of(node, struct http_conn, ready_link));
    }
    server_check_drained(server);
}

static void run_soon(struct http_server *server)
{
    /* It fails only without a callback. */
    (void)uv_idle_start(&server->runner, on_runner);
}

void http_server_queue(struct http_server *server, struct http_conn *conn)
{
    if (!list_is_empty(&conn->ready_link))
        return;
    list_push_back(&server->ready, &conn->ready_link);
    run_soon(server);
}

/* ---- the end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;

    must(server->handle_count > 0);
    if (--server->handle_count == 0)
        free(server);
}

static void server_finish(struct http_server *server)
{
    if (!server->freed || server->conn_count > 0 || server->closing)
        return;
    server->closing = true;
    http_memory_drop(server);
    uv_close((uv_handle_t *)&server->timer, on_handle_closed);
    uv_close((uv_handle_t *)&server->runner, on_handle_closed);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_listener *listener = container_of((uv_tcp_t *)handle, struct http_listener, tcp);
    struct http_server *server = listener->server;

    free(listener);
    must(server->handle_count > 0);
    if (--server->handle_count == 0)
        free(server);
}

static void listener_close(struct http_listener *listener)
{
    list_remove(&listener->link);
    uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
}

static void listeners_close(struct http_server *server)
{
    list_for_each_safe (node, &server->listeners)
        listener_close(container_of(node, struct http_listener, link));
}

struct http_server *http_server_free(struct http_server *server)
{
    if (!server || server->freed)
        return NULL;
    server->freed = true;
    server->drained = NULL;
    listeners_close(server);
    list_for_each_safe (node, &server->conns)
        http_conn_close(container_of(node, struct http_conn, link));
    server_finish(server);
    return NULL;
}

/* ---- accepting ---- */

static bool has_room(struct http_server *server)
{
    struct list *oldest;

    if (server->conn_count < server->options.connections_max)
        return true;
    /* The longest idle connection makes room; its end wakes the listener. */
    oldest = list_first(&server->idle);
    if (oldest)
        http_conn_close(container_of(oldest, struct http_conn, idle_link));
    return false;
}

static void listener_accept(struct http_listener *listener)
{
    struct http_server *server = listener->server;

    /* Not accepted, the connection stays with libuv, which then stops listening: clients wait in
     * the backlog. */
    listener->paused = !has_room(server) || http_conn_accept(server, (uv_stream_t *)&listener->tcp);
    if (listener->paused)
        http_server_expect(server, uv_now(server->options.loop) + HTTP_POOL_IDLE_MS);
}

/* A failure (no descriptors, the client has left again) concerns that connection only: go on
 * listening. */
static void on_connection(uv_stream_t *stream, int status)
{
    if (status == 0)
        listener_accept(container_of((uv_tcp_t *)stream, struct http_listener, tcp));
}

static void listeners_resume(struct http_server *server)
{
    list_for_each_safe (node, &server->listeners) {
        struct http_listener *listener = container_of(node, struct http_listener, link);

        if (listener->paused)
            listener_accept(listener);
    }
}

void http_server_forget(struct http_server *server, struct http_conn *conn)
{
    list_remove(&conn->link);
    must(server->conn_count > 0);
    server->conn_count--;
    if (server->freed) {
        server_finish(server);
        return;
    }
    listeners_resume(server);
    if (server->draining && server->conn_count == 0)
        run_soon(server);
}

/* ---- the timer ---- */

static uint64_t conns_check(struct http_server *server, uint64_t now)
{
    uint64_t earliest = UINT64_MAX;

    list_for_each_safe (node, &server->conns) {
        struct http_conn *conn = container_of(node, struct http_conn, link);

        if (conn->deadline_ms && conn->deadline_ms <= now)
            http_conn_timeout(conn);
        if (conn->deadline_ms && conn->deadline_ms < earliest)
            earliest = conn->deadline_ms;
    }
    return earliest;
}

static void on_timer(uv_timer_t *timer)
{
    struct http_server *server = container_of(timer, struct http_server, timer);
    uint64_t now = uv_now(server->options.loop);
    uint64_t next;

    server->timer_due_ms = 0;
    next = conns_check(server, now);
    if (next != UINT64_MAX)
        http_server_expect(server, next);
    if (http_memory_age(server))
        http_server_expect(server, now + HTTP_POOL_IDLE_MS);
    listeners_resume(server);
}

static void timer_set(struct http_server *server, uint64_t due_ms)
{
    uint64_t now = uv_now(server->options.loop);

    server->timer_due_ms = due_ms;
    /* It fails only when closing, and then nothing is expected any more. */
    (void)uv_timer_start(&server->timer, on_timer, due_ms > now ? due_ms - now : 0, 0);
}

void http_server_expect(struct http_server *server, uint64_t deadline_ms)
{
    if (server->timer_due_ms == 0 || server->timer_due_ms > deadline_ms)
        timer_set(server, deadline_ms);
}

/* ---- public ---- */

int http_server_new(struct http_server **ret_server, const struct http_server_options *options)
{
    struct http_server *server;

    must(options->loop != NULL);
    must(options->ops != NULL);
    must(options->connections_max > 0);
    must(options->header_bytes_max > 0);
    server = calloc(1, sizeof(*server));
    if (!server)
        return err_new(-ENOMEM);
    server->options = *options;
    list_init(&server->listeners);
    list_init(&server->conns);
    list_init(&server->idle);
    list_init(&server->ready);
    must(uv_timer_init(options->loop, &server->timer) == 0);
    must(uv_idle_init(options->loop, &server->runner) == 0);
    server->timer.data = server;
    server->runner.data = server;
    uv_unref((uv_handle_t *)&server->timer);
    server->handle_count = 2;
    *ret_server = server;
    return 0;
}

/* NULL: out of memory. */
static struct http_listener *listener_new(struct http_server *server)
{
    struct http_listener *listener = calloc(1, sizeof(*listener));

    if (!listener)
        return NULL;
    must(uv_tcp_init(server->options.loop, &listener->tcp) == 0);
    listener->server = server;
    list_push_back(&server->listeners, &listener->link);
    server->handle_count++;
    return listener;
}

static void remember_port(struct http_server *server, const struct http_listener *listener)
{
    struct sockaddr_storage name;
    int size = sizeof(name);

    if (server->port || uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&name, &size))
        return;
    if (name.ss_family == AF_INET)
        server->port = ntohs(((const struct sockaddr_in *)(const void *)&name)->sin_port);
    else if (name.ss_family == AF_INET6)
        server->port = ntohs(((const struct sockaddr_in6 *)(const void *)&name)->sin6_port);
}

static int listener_start(struct http_listener *listener)
{
    int r = uv_listen((uv_stream_t *)&listener->tcp, LISTEN_BACKLOG, on_connection);

    if (r)
        return err_new(r);
    remember_port(listener->server, listener);
    return 0;
}

/* "127.0.0.1:80" or "[::1]:80": numbers only, names are not looked up. */
static int parse_address(struct str address, struct sockaddr_storage *ret_name)
{
    char host[INET6_ADDRSTRLEN];
    struct str host_part;
    uint64_t port;
    size_t colon = address.len;
    bool v6;

    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0 || !str_to_u64(str_sub(address, colon, address.len), &port) || port > UINT16_MAX)
        return err_new(-EINVAL);
    host_part = str_sub(address, 0, colon - 1);
    v6 = str_starts_with(host_part, STR("[")) && str_ends_with(host_part, STR("]"));
    if (v6)
        host_part = str_sub(host_part, 1, host_part.len - 1);
    if (!str_to_cstr(host_part, host, sizeof(host)))
        return err_new(-EINVAL);
    memset(ret_name, 0, sizeof(*ret_name));
    if (v6)
        return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)(void *)ret_name);
    return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)(void *)ret_name);
}

int http_server_listen(struct http_server *server, struct str address, struct reason *why)
{
    struct http_listener *listener;
    struct sockaddr_storage name;
    int r;

    if (parse_address(address, &name)) {
        reason_set(why, "'%.*s' is not an address to listen on, like 127.0.0.1:4566 or [::1]:4566",
                   STR_FMT(address));
        return err_new(-EINVAL);
    }
    listener = listener_new(server);
    if (!listener)
        return err_new(-ENOMEM);
    r = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&name, 0);
    if (!r)
        r = listener_start(listener);
    if (r) {
        listener_close(listener);
        reason_set_errno(why, r, "cannot listen on %.*s", STR_FMT(address));
        return err_new(r);
    }
    return 0;
}

int http_server_adopt(struct http_server *server, int listener_fd)
{
    struct http_listener *listener = listener_new(server);
    int r = listener ? uv_tcp_open(&listener->tcp, listener_fd) : -ENOMEM;

    if (r)
        (void)close(listener_fd); /* libuv owns it only after a success */
    else
        r = listener_start(listener);
    if (r && listener)
        listener_close(listener);
    return r ? err_new(r) : 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_drain(struct http_server *server, void (*drained)(void *owner), void *owner)
{
    server->draining = true;
    server->drained = drained;
    server->drained_owner = owner;
    listeners_close(server);
    list_for_each_safe (node, &server->idle)
        http_conn_close(container_of(node, struct http_conn, idle_link));
    if (server->conn_count == 0)
        run_soon(server);
}

static void listener_hang_up(struct http_listener *listener)
{
    uv_os_fd_t fd;
    int waiting_fd;

    if (listener->paused) /* one waits with libuv */
        listener->paused = http_conn_accept(listener->server, (uv_stream_t *)&listener->tcp);
    if (uv_fileno((uv_handle_t *)&listener->tcp, &fd))
        return;
    while ((waiting_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        (void)close(waiting_fd);
}

void http_server_hang_up(struct http_server *server)
{
    list_for_each_safe (node, &server->listeners)
        listener_hang_up(container_of(node, struct http_listener, link));
    list_for_each_safe (node, &server->conns)
        http_conn_close(container_of(node, struct http_conn, link));
}

size_t http_server_connections(const struct http_server *server)
{
    return server->open_count;
}

const char *http_server_date(struct http_server *server)
{
    struct timespec now;

    must(clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0);
    if (now.tv_sec != server->date_s) {
        server->date_s = now.tv_sec;
        http_date_format(server->date, now.tv_sec);
    }
    return server->date;
}

struct str http_request_trailer(const struct http_request *req, struct str name)
{
    struct str rest = buf_str(&http_exchange_of(req)->trailers);
    struct str line;

    while (str_next(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':');

        /* The decoder has checked the lines: each ends in CR and has a colon, but for the last,
         * empty one. */
        if (colon < line.len && str_eq_nocase(str_sub(line, 0, colon), name))
            return str_trim(str_sub(line, colon + 1, line.len - 1));
    }
    return STR_NONE;
}

struct str http_request_header(const struct http_request *req, struct str name)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (str_eq_nocase(req->headers[i].name, name))
            return req->headers[i].value;
    return STR_NONE;
}
