/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bound to compare an HTTP server with: one thread, bare epoll, no parsing beyond the search
 * for the end of the head, no limits, no time-outs. It reads a Content-Length in one fixed spelling
 * and answers 200 with the body. Not for use.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"

enum { EVENTS_MAX = 64, INPUT_BYTES = 65536, BACKLOG = 1024 };

struct echo_conn {
    int fd;
    size_t len;
    char bytes[INPUT_BYTES];
};

static size_t body_length(const char *head, size_t len)
{
    const char *at = memmem(head, len, "Content-Length: ", 16);

    return at ? strtoul(at + 16, NULL, 10) : 0;
}

static void echo(struct echo_conn *conn, const char *body, size_t len)
{
    char head[128];
    int head_len =
        snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    struct iovec parts[] = {
        {head, (size_t)head_len},
        {(char *)(uintptr_t)body, len},
    };

    (void)writev(conn->fd, parts, 2); /* small answers fit; this is no server */
}

/* Answers what is complete; false when the client has gone. */
static int serve(struct echo_conn *conn)
{
    ssize_t n = recv(conn->fd, conn->bytes + conn->len, sizeof(conn->bytes) - conn->len - 1, 0);
    const char *end;
    size_t whole;

    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    conn->len += (size_t)n;
    conn->bytes[conn->len] = '\0';
    while ((end = memmem(conn->bytes, conn->len, "\r\n\r\n", 4))) {
        size_t body = body_length(conn->bytes, (size_t)(end - conn->bytes));

        whole = (size_t)(end - conn->bytes) + 4 + body;
        if (whole > conn->len)
            break;
        echo(conn, end + 4, body);
        memmove(conn->bytes, conn->bytes + whole, conn->len - whole);
        conn->len -= whole;
    }
    return conn->len < sizeof(conn->bytes) - 1;
}

static void accept_all(int epoll_fd, int listener)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct echo_conn *conn;
    int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        conn = calloc(1, sizeof(*conn));
        must(conn != NULL);
        conn->fd = fd;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        event.data.ptr = conn;
        must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;

    must(fd >= 0);
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) || listen(fd, BACKLOG)) {
        (void)fprintf(stderr, "echo_server: cannot listen on 127.0.0.1:%u: %s\n", port,
                      strerror(errno));
        exit(1);
    }
    return fd;
}

static void run(int epoll_fd, int listener)
{
    struct epoll_event events[EVENTS_MAX];
    int count;

    for (;;) {
        count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct echo_conn *conn = events[i].data.ptr;

            if (!conn) {
                accept_all(epoll_fd, listener);
            } else if (!serve(conn)) {
                (void)close(conn->fd);
                free(conn);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    uint64_t port;
    int epoll_fd;
    int listener;

    if (argc != 2 || !str_to_u64(str_of(argv[1]), &port) || port > UINT16_MAX) {
        (void)fprintf(stderr, "Usage: echo_server PORT\nEchoes HTTP bodies on 127.0.0.1.\n");
        return 2;
    }
    listener = listen_on((uint16_t)port);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    must(epoll_fd >= 0);
    must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) == 0);
    (void)puts("Ready.");
    (void)fflush(stdout);
    run(epoll_fd, listener);
}
