/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bound for warm invocations: as many hops as an Invoke takes, and nothing else. One thread
 * with a bare epoll accepts HTTP as carelessly as echo_server.c, hands each request over a socket
 * pair to a process of its own for that connection, which echoes it, and passes the echo back. Not
 * for use.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"

enum { EVENTS_MAX = 64, BYTES_MAX = 65536, BACKLOG = 1024 };

/* One client connection and the process behind it; both descriptors point here in the epoll set. */
struct hop {
    int client_fd;
    int worker_fd;
    size_t len;
    char bytes[BYTES_MAX];
};

struct hop_end {
    struct hop *hop; /* NULL: the listener */
    int fd;
};

static _Noreturn void work(int fd)
{
    static char bytes[BYTES_MAX];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        if (send(fd, bytes, (size_t)n, MSG_NOSIGNAL) != n)
            break;
    _exit(0);
}

static void watch(int epoll, struct hop *hop, int fd)
{
    struct hop_end *end = calloc(1, sizeof(*end));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};

    must(end);
    *end = (struct hop_end){hop, fd};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void open_hop(int epoll, int listener)
{
    struct hop *hop = calloc(1, sizeof(*hop));
    int pair[2];
    int on = 1;
    pid_t pid;

    must(hop);
    hop->client_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(hop->client_fd >= 0);
    (void)setsockopt(hop->client_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(pair[0]);
        work(pair[1]);
    }
    (void)close(pair[1]);
    hop->worker_fd = pair[0];
    watch(epoll, hop, hop->client_fd);
    watch(epoll, hop, hop->worker_fd);
}

/* A complete request's body goes to the worker. */
static void from_client(struct hop *hop)
{
    ssize_t n = recv(hop->client_fd, hop->bytes + hop->len, sizeof(hop->bytes) - hop->len - 1, 0);
    const char *end;
    const char *at;
    size_t need;

    if (n <= 0) {
        (void)shutdown(hop->worker_fd, SHUT_RDWR);
        (void)close(hop->client_fd);
        return;
    }
    hop->len += (size_t)n;
    hop->bytes[hop->len] = '\0';
    end = strstr(hop->bytes, "\r\n\r\n");
    if (!end)
        return;
    at = strstr(hop->bytes, "Content-Length: ");
    need = at ? strtoul(at + 16, NULL, 10) : 0;
    if (hop->len < (size_t)(end + 4 - hop->bytes) + need)
        return;
    hop->len = 0;
    must(send(hop->worker_fd, end + 4, need, MSG_NOSIGNAL) == (ssize_t)need);
}

static void from_worker(struct hop *hop)
{
    char body[BYTES_MAX];
    char head[128];
    ssize_t n = recv(hop->worker_fd, body, sizeof(body), 0);
    struct iovec parts[2];
    int len;

    if (n <= 0) {
        (void)close(hop->worker_fd);
        return;
    }
    len = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zd\r\n\r\n", n);
    parts[0] = (struct iovec){head, (size_t)len};
    parts[1] = (struct iovec){body, (size_t)n};
    (void)writev(hop->client_fd, parts, 2);
}

static int listen_on(unsigned short port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    must(fd >= 0);
    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
    must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    must(listen(fd, BACKLOG) == 0);
    return fd;
}

static void print_port(int listener)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    must(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    (void)printf("%u\n", ntohs(address.sin_port));
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS_MAX];
    int listener = listen_on(argc > 1 ? (unsigned short)strtoul(argv[1], NULL, 10) : 0);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int count;

    (void)signal(SIGCHLD, SIG_IGN);
    must(epoll >= 0);
    watch(epoll, NULL, listener);
    print_port(listener);
    for (;;) {
        count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct hop_end *end = events[i].data.ptr;

            if (!end->hop)
                open_hop(epoll, listener);
            else if (end->fd == end->hop->client_fd)
                from_client(end->hop);
            else
                from_worker(end->hop);
        }
    }
}
