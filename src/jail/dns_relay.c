/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/dns_relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/endian.h"
#include "base/fd.h"
#include "base/limits.h"

enum {
    SERVERS_MAX = 3, /* as the C library reads them */
    DNS_PORT = 53,
    QUERY_BYTES_MAX = 1232,
    ANSWER_BYTES_MAX = 65535,
    STREAM_BYTES = 4096,
    EVENTS_PER_TURN = 64,
    QUERIES_PER_TURN = 64,
    TICK_MS = 250,
    KIND_SHIFT = 32,
};

#define QUERY_NS 2500000000ULL
#define STREAM_NS 20000000000ULL

enum source { SOURCE_UDP, SOURCE_TCP, SOURCE_QUERY, SOURCE_CLIENT, SOURCE_SERVER };

struct server {
    struct sockaddr_storage address;
    socklen_t len;
};

/* One query that waits for its answer. */
struct query {
    int fd; /* connected to the server; -1: free */
    struct sockaddr_in client;
    uint64_t deadline_ns;
    size_t server; /* which one was asked */
    size_t tries;
    size_t len;
    char bytes[QUERY_BYTES_MAX];
};

/* Bytes on their way in one direction. */
struct stream_half {
    char bytes[STREAM_BYTES];
    size_t start;
    size_t end;
    bool is_ended; /* nothing more comes in */
    bool is_passed_on;
};

/* One connection of a box, and ours to the server. */
struct stream {
    int fds[2]; /* client, server; -1: free */
    uint32_t client;
    uint64_t deadline_ns;
    struct stream_half halves[2]; /* from fds[i] to the other */
};

struct relay {
    int epoll_fd;
    int udp_fd;
    int tcp_fd;
    size_t active; /* queries and streams */
    struct server servers[SERVERS_MAX];
    size_t server_count;
    size_t server_first; /* the one that answers; the others are asked when it does not */
    struct timespec servers_time;
    struct query queries[LIMIT_DNS_QUERIES];
    struct stream streams[LIMIT_DNS_STREAMS];
};

/* Servers */

static bool parse_server(const char *text, struct server *ret_server)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    *ret_server = (struct server){0};
    be16_put(&v4.sin_port, DNS_PORT);
    be16_put(&v6.sin6_port, DNS_PORT);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&ret_server->address, &v4, sizeof(v4));
        ret_server->len = sizeof(v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&ret_server->address, &v6, sizeof(v6));
        ret_server->len = sizeof(v6);
        return true;
    }
    return false;
}

static void read_servers(struct relay *relay, FILE *f)
{
    char line[256];
    char name[64];

    relay->server_count = relay->server_first = 0;
    while (f && relay->server_count < SERVERS_MAX && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "nameserver %63s", name) == 1 &&
            parse_server(name, &relay->servers[relay->server_count]))
            relay->server_count++;
    }
    /* What the C library does, too. */
    if (relay->server_count == 0 && parse_server("127.0.0.1", &relay->servers[0]))
        relay->server_count = 1;
}

/* A laptop changes its network while functions run. */
static void follow_servers(struct relay *relay)
{
    static const char path[] = "/etc/resolv.conf";
    struct stat st = {0};
    FILE *f;

    if (stat(path, &st) == 0 && relay->server_count > 0 &&
        st.st_mtim.tv_sec == relay->servers_time.tv_sec &&
        st.st_mtim.tv_nsec == relay->servers_time.tv_nsec)
        return;
    f = fopen(path, "re");
    read_servers(relay, f);
    relay->servers_time = st.st_mtim;
    if (f)
        (void)fclose(f);
}

static int connect_to(const struct server *server, int type)
{
    CLEANUP(close_fdp)
    int fd = socket(server->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&server->address, server->len) < 0 &&
        errno != EINPROGRESS)
        return -errno;
    return steal_fd(&fd);
}

static int watch(const struct relay *relay, int op, int fd, uint32_t events, enum source source,
                 size_t index)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)source << KIND_SHIFT | index};

    return epoll_ctl(relay->epoll_fd, op, fd, &event);
}

/* Queries */

static void query_end(struct relay *relay, struct query *query)
{
    close_fdp(&query->fd);
    query->fd = -1;
    relay->active--;
}

/* Ask the servers in turn, from query->server on, until one can be asked. */
static void query_ask(struct relay *relay, struct query *query)
{
    for (; query->tries < relay->server_count; query->tries++, query->server++) {
        const struct server *server = &relay->servers[query->server % relay->server_count];

        close_fdp(&query->fd);
        query->fd = connect_to(server, SOCK_DGRAM);
        if (query->fd >= 0 && send(query->fd, query->bytes, query->len, 0) >= 0 &&
            watch(relay, EPOLL_CTL_ADD, query->fd, EPOLLIN, SOURCE_QUERY,
                  (size_t)(query - relay->queries)) == 0) {
            query->deadline_ns = clock_mono_ns() + QUERY_NS;
            return;
        }
    }
    query_end(relay, query);
}

/* No answer from this one: the next shall be asked, first of all by those who come now. */
static void query_ask_next(struct relay *relay, struct query *query)
{
    if (query->server % relay->server_count == relay->server_first)
        relay->server_first = (relay->server_first + 1) % relay->server_count;
    query->server++;
    query->tries++;
    query_ask(relay, query);
}

static struct query *query_new(struct relay *relay, const struct sockaddr_in *client)
{
    struct query *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < LIMIT_DNS_QUERIES; i++) {
        struct query *query = &relay->queries[i];

        if (query->fd < 0)
            found = query;
        else if (query->client.sin_addr.s_addr == client->sin_addr.s_addr)
            count++;
    }
    return count < LIMIT_DNS_QUERIES_PER_SANDBOX ? found : NULL;
}

static bool take_query(struct relay *relay)
{
    char bytes[QUERY_BYTES_MAX];
    struct sockaddr_in client = {0};
    socklen_t client_len = sizeof(client);
    struct query *query;
    ssize_t n = recvfrom(relay->udp_fd, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&client,
                         &client_len);

    if (n < 0)
        return false;
    query = n > QUERY_BYTES_MAX || n == 0 ? NULL : query_new(relay, &client);
    if (!query)
        return true;
    follow_servers(relay);
    query->client = client;
    query->server = relay->server_first;
    query->tries = 0;
    query->len = (size_t)n;
    memcpy(query->bytes, bytes, query->len);
    relay->active++;
    query_ask(relay, query);
    return true;
}

static void on_answer(struct relay *relay, size_t index)
{
    static char bytes[ANSWER_BYTES_MAX];
    struct query *query = &relay->queries[index];
    ssize_t n = query->fd < 0 ? 0 : recv(query->fd, bytes, sizeof(bytes), 0);

    if (query->fd < 0 || (n < 0 && errno == EAGAIN))
        return; /* of the one before in this place */
    if (n < 0) {
        query_ask_next(relay, query);
        return;
    }
    (void)sendto(relay->udp_fd, bytes, (size_t)n, 0, (const struct sockaddr *)&query->client,
                 sizeof(query->client));
    query_end(relay, query);
}

/* Connections */

static void stream_end(struct relay *relay, struct stream *stream)
{
    close_fdp(&stream->fds[0]);
    close_fdp(&stream->fds[1]);
    stream->fds[0] = stream->fds[1] = -1;
    relay->active--;
}

static bool is_blocked(void)
{
    return errno == EAGAIN || errno == EINTR || errno == EINPROGRESS || errno == ENOTCONN;
}

/* Read what there is room for, write what can be written. false: the connection is broken. */
static bool half_pump(struct stream_half *half, int from, int to)
{
    ssize_t n;

    if (half->start == half->end && !half->is_ended) {
        half->start = half->end = 0;
        n = recv(from, half->bytes, sizeof(half->bytes), 0);
        if (n < 0 && !is_blocked())
            return false;
        half->is_ended = n == 0;
        half->end = n > 0 ? (size_t)n : 0;
    }
    if (half->start < half->end) {
        n = send(to, half->bytes + half->start, half->end - half->start, MSG_NOSIGNAL);
        if (n < 0 && !is_blocked())
            return false;
        half->start += n > 0 ? (size_t)n : 0;
    }
    if (half->is_ended && half->start == half->end && !half->is_passed_on) {
        half->is_passed_on = true;
        (void)shutdown(to, SHUT_WR);
    }
    return true;
}

static uint32_t events_of(const struct stream_half *in, const struct stream_half *out)
{
    uint32_t events = 0;

    if (in->start == in->end && !in->is_ended)
        events |= EPOLLIN;
    if (out->start < out->end)
        events |= EPOLLOUT;
    return events;
}

/* hung_up: a bit for each of the two ends that neither sends nor takes any more. One of which
 * nothing is wanted would be reported for ever. */
static void stream_pump(struct relay *relay, size_t index, int op, unsigned hung_up)
{
    struct stream *stream = &relay->streams[index];
    struct stream_half *halves = stream->halves;
    uint32_t wanted[2];
    bool is_well;

    if (stream->fds[0] < 0)
        return;
    is_well = half_pump(&halves[0], stream->fds[0], stream->fds[1]) &&
              half_pump(&halves[1], stream->fds[1], stream->fds[0]) && !halves[1].is_passed_on;
    for (size_t i = 0; i < 2 && is_well; i++) {
        wanted[i] = events_of(&halves[i], &halves[1 - i]);
        is_well = (wanted[i] != 0 || !(hung_up & 1U << i)) &&
                  watch(relay, op, stream->fds[i], wanted[i],
                        i == 0 ? SOURCE_CLIENT : SOURCE_SERVER, index) == 0;
    }
    if (!is_well)
        stream_end(relay, stream);
}

static struct stream *stream_new(struct relay *relay, uint32_t client)
{
    struct stream *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < LIMIT_DNS_STREAMS; i++) {
        struct stream *stream = &relay->streams[i];

        if (stream->fds[0] < 0)
            found = stream;
        else if (stream->client == client)
            count++;
    }
    return count < LIMIT_DNS_STREAMS_PER_SANDBOX ? found : NULL;
}

static bool take_stream(struct relay *relay)
{
    struct sockaddr_in client = {0};
    socklen_t client_len = sizeof(client);
    CLEANUP(close_fdp)
    int fd = accept4(relay->tcp_fd, (struct sockaddr *)&client, &client_len,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct stream *stream = fd < 0 ? NULL : stream_new(relay, client.sin_addr.s_addr);
    int server_fd;

    if (!stream)
        return fd >= 0;
    follow_servers(relay);
    server_fd = connect_to(&relay->servers[relay->server_first], SOCK_STREAM);
    if (server_fd < 0)
        return true;
    stream->fds[0] = steal_fd(&fd);
    stream->fds[1] = server_fd;
    stream->client = client.sin_addr.s_addr;
    stream->deadline_ns = clock_mono_ns() + STREAM_NS;
    for (size_t i = 0; i < 2; i++) {
        struct stream_half *half = &stream->halves[i];

        half->start = half->end = 0;
        half->is_ended = half->is_passed_on = false;
    }
    relay->active++;
    stream_pump(relay, (size_t)(stream - relay->streams), EPOLL_CTL_ADD, 0);
    return true;
}

/* The loop */

static void expire(struct relay *relay)
{
    uint64_t now_ns = clock_mono_ns();

    for (size_t i = 0; i < LIMIT_DNS_QUERIES; i++)
        if (relay->queries[i].fd >= 0 && relay->queries[i].deadline_ns <= now_ns)
            query_ask_next(relay, &relay->queries[i]);
    for (size_t i = 0; i < LIMIT_DNS_STREAMS; i++)
        if (relay->streams[i].fds[0] >= 0 && relay->streams[i].deadline_ns <= now_ns)
            stream_end(relay, &relay->streams[i]);
}

static void on_event(struct relay *relay, const struct epoll_event *event)
{
    size_t index = (uint32_t)event->data.u64;
    enum source source = (enum source)(event->data.u64 >> KIND_SHIFT);
    bool is_hung_up = event->events & (EPOLLHUP | EPOLLERR);
    int budget = QUERIES_PER_TURN;

    switch (source) {
    case SOURCE_UDP:
        while (budget-- > 0 && take_query(relay))
            ;
        break;
    case SOURCE_TCP:
        while (budget-- > 0 && take_stream(relay))
            ;
        break;
    case SOURCE_QUERY:
        on_answer(relay, index);
        break;
    case SOURCE_CLIENT:
    case SOURCE_SERVER:
        stream_pump(relay, index, EPOLL_CTL_MOD, is_hung_up ? 1U << (source == SOURCE_SERVER) : 0);
        break;
    }
}

_Noreturn void dns_relay_run(int udp_fd, int tcp_fd)
{
    static struct relay relay;
    struct epoll_event events[EVENTS_PER_TURN];

    relay.udp_fd = udp_fd;
    relay.tcp_fd = tcp_fd;
    relay.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < LIMIT_DNS_QUERIES; i++)
        relay.queries[i].fd = -1;
    for (size_t i = 0; i < LIMIT_DNS_STREAMS; i++)
        relay.streams[i].fds[0] = relay.streams[i].fds[1] = -1;
    if (relay.epoll_fd < 0 || watch(&relay, EPOLL_CTL_ADD, udp_fd, EPOLLIN, SOURCE_UDP, 0) < 0 ||
        watch(&relay, EPOLL_CTL_ADD, tcp_fd, EPOLLIN, SOURCE_TCP, 0) < 0)
        _exit(1);
    for (;;) {
        int count =
            epoll_wait(relay.epoll_fd, events, EVENTS_PER_TURN, relay.active ? TICK_MS : -1);

        for (int i = 0; i < count; i++)
            on_event(&relay, &events[i]);
        if (relay.active)
            expire(&relay);
    }
}
