/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Load generator: keeps N keep-alive connections busy with one request and prints one JSON object.
 * Closed loop: a connection sends its next request when it has the whole answer to the last. One
 * thread on epoll; its own work per request is a few microseconds, most of them system calls.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"
#include "base/str.h"
#include "histogram.h"
#include "http/chunked.h"

enum {
    EVENTS_MAX = 64,
    HEAD_BYTES_MAX = 16384,
    INPUT_BYTES = 65536,
    CONNECTIONS_MAX = 10000,
    FAILURES_IN_A_ROW_MAX = 100, /* then there is nobody to measure */
};

struct load_options {
    struct str url;
    const char *method;
    const char *body_file;
    struct str body;
    struct buf headers; /* lines with CRLF */
    uint64_t connections;
    uint64_t duration_ms;
    uint64_t warmup_ms;
    uint64_t requests; /* 0: until the time is over */
};

enum body_kind { BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE, BODY_ABSENT };

struct load_conn {
    int fd;
    size_t sent; /* bytes of the request */
    uint64_t started_ns;
    bool connecting;
    bool waits_for_writable;
    bool in_body;
    bool ok;
    enum body_kind body_kind;
    uint64_t body_left;
    struct http_chunked chunked;
    size_t head_len;
    char head[HEAD_BYTES_MAX];
};

struct load {
    const struct load_options *options;
    struct addrinfo *address;
    struct buf request;
    bool is_head;
    int epoll_fd;
    struct load_conn *conns;
    struct histogram histogram;
    bool measuring;
    bool stop;
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t started;
    uint64_t answered;
    uint64_t errors; /* no or a broken answer */
    uint64_t errors_in_a_row;
    uint64_t not_ok; /* an answer other than 2xx */
    uint64_t connects;
    uint64_t bytes_in;
    uint64_t bytes_out;
    char input[INPUT_BYTES];
};

_Noreturn static void die(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    exit(2);
}

/* ---- connections ---- */

static void watch(struct load *load, struct load_conn *conn, bool writable, int how)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? (unsigned)EPOLLOUT : 0u),
                                .data.ptr = conn};

    conn->waits_for_writable = writable;
    must(epoll_ctl(load->epoll_fd, how, conn->fd, &event) == 0);
}

static void conn_connect(struct load *load, struct load_conn *conn)
{
    const struct addrinfo *address = load->address;
    int one = 1;

    conn->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        die("cannot make a socket (too many connections?)");
    (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(conn->fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS) {
        (void)fprintf(stderr, "load: cannot connect: %s\n", strerror(errno));
        exit(1);
    }
    load->connects++;
    conn->connecting = true;
    watch(load, conn, true, EPOLL_CTL_ADD);
}

static void conn_reconnect(struct load *load, struct load_conn *conn)
{
    (void)close(conn->fd);
    conn->sent = 0;
    conn->head_len = 0;
    conn->in_body = false;
    if (!load->stop)
        conn_connect(load, conn);
}

static void conn_fail(struct load *load, struct load_conn *conn)
{
    if (load->measuring)
        load->errors++;
    if (++load->errors_in_a_row > FAILURES_IN_A_ROW_MAX) {
        (void)fprintf(stderr, "load: %d requests in a row had no answer\n", FAILURES_IN_A_ROW_MAX);
        exit(1);
    }
    conn_reconnect(load, conn);
}

static void conn_flush(struct load *load, struct load_conn *conn)
{
    ssize_t n = send(conn->fd, load->request.ptr + conn->sent, load->request.len - conn->sent,
                     MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN) {
        conn_fail(load, conn);
        return;
    }
    if (n > 0) {
        conn->sent += (size_t)n;
        load->bytes_out += (uint64_t)n;
    }
    if ((conn->sent < load->request.len) != conn->waits_for_writable)
        watch(load, conn, conn->sent < load->request.len, EPOLL_CTL_MOD);
}

static void conn_request(struct load *load, struct load_conn *conn)
{
    if (load->options->requests && load->started == load->options->requests)
        return;
    load->started += load->measuring;
    conn->started_ns = clock_mono_ns();
    conn->sent = 0;
    conn->head_len = 0;
    conn->in_body = false;
    conn_flush(load, conn);
}

static void conn_connected(struct load *load, struct load_conn *conn)
{
    socklen_t size = sizeof(int);
    int error = 0;

    (void)getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        (void)fprintf(stderr, "load: cannot connect: %s\n", strerror(error));
        exit(1);
    }
    conn->connecting = false;
    watch(load, conn, false, EPOLL_CTL_MOD);
    conn_request(load, conn);
}

/* ---- answers ---- */

static void conn_answered(struct load *load, struct load_conn *conn, bool closing)
{
    uint64_t now = clock_mono_ns();

    load->errors_in_a_row = 0;
    if (load->measuring) {
        histogram_add(&load->histogram, now - conn->started_ns);
        load->answered++;
        load->not_ok += !conn->ok;
        if (load->answered == load->options->requests)
            load->stop = true;
    }
    if (now >= load->end_ns)
        load->stop = true;
    if (closing)
        conn_reconnect(load, conn);
    else if (!load->stop)
        conn_request(load, conn);
}

/* The value of a field of the answer's head; absent without it. */
static struct str head_field(struct str head, struct str name)
{
    struct str line;

    while (str_next(&head, '\n', &line)) {
        size_t colon = str_find(line, ':');

        if (str_eq_nocase(str_sub(line, 0, colon), name)) {
            line = str_sub(line, colon + 1, line.len);
            line.len -= line.len > 0 && line.ptr[line.len - 1] == '\r';
            return str_trim(line);
        }
    }
    return STR_NONE;
}

static bool head_read(const struct load *load, struct load_conn *conn, struct str head)
{
    struct str length = head_field(head, STR("Content-Length"));
    char status = head.len > 12 ? head.ptr[9] : '0';

    conn->ok = status == '2';
    conn->chunked = (struct http_chunked){0};
    conn->body_left = 0;
    if (load->is_head || str_starts_with(str_sub(head, 9, head.len), STR("204")))
        conn->body_kind = BODY_ABSENT;
    else if (str_eq_nocase(head_field(head, STR("Transfer-Encoding")), STR("chunked")))
        conn->body_kind = BODY_CHUNKED;
    else
        conn->body_kind = str_is_set(length) ? BODY_LENGTH : BODY_UNTIL_CLOSE;
    if (conn->body_kind == BODY_LENGTH)
        return str_to_u64(length, &conn->body_left);
    return true;
}

enum { MORE, WHOLE, BROKEN };

static int take_body(struct load_conn *conn, char *bytes, size_t len)
{
    size_t consumed;
    size_t produced;
    int r;

    switch (conn->body_kind) {
    case BODY_CHUNKED:
        r = http_chunked_decode(&conn->chunked, bytes, len, bytes, &consumed, &produced);
        if (r == HTTP_CHUNKED_MORE)
            return MORE;
        return r == HTTP_CHUNKED_END && consumed == len ? WHOLE : BROKEN;
    case BODY_UNTIL_CLOSE:
        return MORE;
    case BODY_ABSENT:
    case BODY_LENGTH:
        break;
    }
    if (len > conn->body_left)
        return BROKEN;
    conn->body_left -= len;
    return conn->body_left == 0 ? WHOLE : MORE;
}

static int take_head(const struct load *load, struct load_conn *conn, char *bytes, size_t len)
{
    const char *end;
    size_t head_bytes;
    size_t before = conn->head_len;
    size_t taken = len < sizeof(conn->head) - before ? len : sizeof(conn->head) - before;

    memcpy(conn->head + before, bytes, taken);
    conn->head_len += taken;
    end = memmem(conn->head, conn->head_len, "\r\n\r\n", 4);
    if (!end)
        return conn->head_len == sizeof(conn->head) ? BROKEN : MORE;
    head_bytes = (size_t)(end - conn->head) + 4;
    if (!head_read(load, conn, str_make(conn->head, head_bytes)))
        return BROKEN;
    conn->in_body = true;
    return take_body(conn, bytes + (head_bytes - before), len - (head_bytes - before));
}

static void conn_read(struct load *load, struct load_conn *conn)
{
    ssize_t n = recv(conn->fd, load->input, sizeof(load->input), 0);
    int r;

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        if (n == 0 && conn->in_body && conn->body_kind == BODY_UNTIL_CLOSE)
            conn_answered(load, conn, true);
        else
            conn_fail(load, conn);
        return;
    }
    load->bytes_in += (uint64_t)n;
    r = conn->in_body ? take_body(conn, load->input, (size_t)n)
                      : take_head(load, conn, load->input, (size_t)n);
    if (r == WHOLE)
        conn_answered(
            load, conn,
            str_eq_nocase(head_field(str_make(conn->head, conn->head_len), STR("Connection")),
                          STR("close")));
    else if (r == BROKEN)
        conn_fail(load, conn);
}

/* ---- the run ---- */

static void run_until(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    int count;

    while (!load->stop) {
        count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, 100);
        for (int i = 0; i < count; i++) {
            struct load_conn *conn = events[i].data.ptr;

            if (conn->connecting)
                conn_connected(load, conn);
            else if (events[i].events & EPOLLOUT)
                conn_flush(load, conn);
            else
                conn_read(load, conn);
        }
        if (!load->measuring && clock_mono_ns() >= load->begin_ns) {
            load->measuring = true;
            load->bytes_in = 0;
            load->bytes_out = 0;
            load->begin_ns = clock_mono_ns();
        }
        if (clock_mono_ns() >= load->end_ns)
            load->stop = true;
    }
}

static double us(uint64_t ns)
{
    return (double)ns / 1000.0;
}

static void print_result(const struct load *load, uint64_t took_ns)
{
    const struct histogram *histogram = &load->histogram;

    (void)printf("{\"connections\": %lu, \"seconds\": %.3f, \"requests\": %lu, \"errors\": %lu, "
                 "\"not_2xx\": %lu, \"connects\": %lu, \"requests_per_s\": %.1f, "
                 "\"latency_us\": {\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p999\": %.1f, "
                 "\"max\": %.1f}, \"bytes_in\": %lu, \"bytes_out\": %lu}\n",
                 load->options->connections, (double)took_ns / 1e9, load->answered, load->errors,
                 load->not_ok, load->connects,
                 took_ns ? (double)load->answered * 1e9 / (double)took_ns : 0.0,
                 us(histogram_quantile(histogram, 500)), us(histogram_quantile(histogram, 900)),
                 us(histogram_quantile(histogram, 990)), us(histogram_quantile(histogram, 999)),
                 us(histogram->max), load->bytes_in, load->bytes_out);
}

/* ---- options ---- */

static const char help[] =
    "Usage: load [options] http://HOST:PORT/PATH\n"
    "Keeps connections busy with one request and prints what it measured as JSON.\n"
    "\n"
    "  -c, --connections N   keep-alive connections (default 16)\n"
    "  -d, --duration S      seconds to measure, fractions allowed (default 5)\n"
    "  -n, --requests N      stop after N answers (default: only after the duration)\n"
    "  -w, --warmup S        seconds before the measurement begins (default 0)\n"
    "  -m, --method METHOD   default GET, or POST with a body\n"
    "  -H, --header LINE     \"Name: value\", may be repeated\n"
    "  -b, --body TEXT       body of the request\n"
    "  -f, --body-file FILE  body from a file\n"
    "  -h, --help            this text\n"
    "\n"
    "Exit status: 0 when every answer was 2xx, 1 otherwise, 2 for a wrong call.\n";

static uint64_t parse_count(const char *text, uint64_t max)
{
    uint64_t value;

    if (!str_to_u64(str_of(text), &value) || value == 0 || value > max)
        die("a number is expected (see --help)");
    return value;
}

static uint64_t parse_seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (*end || end == text || !(value >= 0) || value > 86400)
        die("a number of seconds is expected (see --help)");
    return (uint64_t)(value * 1000);
}

static void read_body(struct buf *body, const char *path)
{
    FILE *file = fopen(path, "re");
    char bytes[65536];
    size_t n;

    if (!file)
        die("cannot open the body file");
    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
        must(buf_append(body, bytes, n) == 0);
    if (ferror(file))
        die("cannot read the body file");
    (void)fclose(file);
}

static void parse_options(struct load_options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        {"connections", required_argument, NULL, 'c'},
        {"duration", required_argument, NULL, 'd'},
        {"requests", required_argument, NULL, 'n'},
        {"warmup", required_argument, NULL, 'w'},
        {"method", required_argument, NULL, 'm'},
        {"header", required_argument, NULL, 'H'},
        {"body", required_argument, NULL, 'b'},
        {"body-file", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:d:n:w:m:H:b:f:h", longs, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->connections = parse_count(optarg, CONNECTIONS_MAX);
            break;
        case 'd':
            options->duration_ms = parse_seconds(optarg);
            break;
        case 'n':
            options->requests = parse_count(optarg, UINT64_MAX);
            break;
        case 'w':
            options->warmup_ms = parse_seconds(optarg);
            break;
        case 'm':
            options->method = optarg;
            break;
        case 'H':
            must(buf_printf(&options->headers, "%s\r\n", optarg) == 0);
            break;
        case 'b':
            options->body = str_of(optarg);
            break;
        case 'f':
            options->body_file = optarg;
            break;
        case 'h':
            (void)fputs(help, stdout);
            exit(0);
        default:
            exit(2);
        }
    }
    if (optind != argc - 1)
        die("one URL is expected (see --help)");
    options->url = str_of(argv[optind]);
}

/* "http://host:port/path" to its parts; the path may be missing. */
static void parse_url(struct str url, struct str *ret_authority, struct str *ret_path)
{
    struct str scheme = STR("http://");
    size_t slash;

    if (!str_starts_with(url, scheme))
        die("the URL must begin with http://");
    url = str_sub(url, scheme.len, url.len);
    slash = str_find(url, '/');
    *ret_authority = str_sub(url, 0, slash);
    *ret_path = slash < url.len ? str_sub(url, slash, url.len) : STR("/");
}

static struct addrinfo *look_up(struct str authority)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    char host[256];
    char port[16] = "80";
    size_t colon = authority.len;

    while (colon > 0 && authority.ptr[colon - 1] != ':' && authority.ptr[colon - 1] != ']')
        colon--;
    if (colon > 0 && authority.ptr[colon - 1] == ':') {
        if (!str_to_cstr(str_sub(authority, colon, authority.len), port, sizeof(port)))
            die("bad port");
        authority.len = colon - 1;
    }
    if (str_starts_with(authority, STR("[")) && str_ends_with(authority, STR("]")))
        authority = str_sub(authority, 1, authority.len - 1);
    if (!str_to_cstr(authority, host, sizeof(host)) || getaddrinfo(host, port, &hints, &address))
        die("cannot look up the host");
    return address;
}

static void make_request(struct load *load, struct load_options *options, struct str authority,
                         struct str path)
{
    CLEANUP(buf_deinit) struct buf body = {0};
    const char *method = options->method;

    if (options->body_file)
        read_body(&body, options->body_file);
    else if (str_is_set(options->body))
        must(buf_append_str(&body, options->body) == 0);
    if (!method)
        method = body.len > 0 ? "POST" : "GET";
    load->is_head = strcmp(method, "HEAD") == 0;
    (void)buf_printf(&load->request, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\n", method, STR_FMT(path),
                     STR_FMT(authority));
    (void)buf_append_str(&load->request, buf_str(&options->headers));
    if (body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
        (void)buf_printf(&load->request, "Content-Length: %zu\r\n", body.len);
    (void)buf_append_str(&load->request, STR("\r\n"));
    (void)buf_append_str(&load->request, buf_str(&body));
    must(!buf_failed(&load->request));
}

int main(int argc, char **argv)
{
    static struct load load;
    struct load_options options = {.connections = 16, .duration_ms = 5000};
    struct str authority;
    struct str path;
    uint64_t end_ns;

    parse_options(&options, argc, argv);
    parse_url(options.url, &authority, &path);
    load.options = &options;
    load.address = look_up(authority);
    make_request(&load, &options, authority, path);
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load.conns = calloc(options.connections, sizeof(*load.conns));
    must(load.epoll_fd >= 0);
    must(load.conns != NULL);

    load.begin_ns = clock_mono_ns() + options.warmup_ms * NS_PER_MS;
    load.end_ns = load.begin_ns + options.duration_ms * NS_PER_MS;
    load.measuring = options.warmup_ms == 0;
    for (uint64_t i = 0; i < options.connections; i++)
        conn_connect(&load, &load.conns[i]);
    run_until(&load);
    end_ns = clock_mono_ns();
    print_result(&load, end_ns > load.begin_ns ? end_ns - load.begin_ns : 0);

    for (uint64_t i = 0; i < options.connections; i++)
        (void)close(load.conns[i].fd);
    free(load.conns);
    buf_deinit(&load.request);
    buf_deinit(&options.headers);
    freeaddrinfo(load.address);
    return load.errors || load.not_ok ? 1 : 0;
}
