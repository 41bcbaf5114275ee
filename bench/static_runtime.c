/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The smallest custom runtime: a static program that speaks the Runtime API over one keep-alive
 * connection and answers every event with itself. It shows what a cold start costs when the
 * function's own start costs nothing. With an argument it writes one byte to standard output and
 * leaves: the program that bare_sandbox.c starts.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES_MAX = 65536 };

static int dial(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9001), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        _exit(1);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t len)
{
    ssize_t n;

    while (len) {
        n = write(fd, bytes, len);
        if (n <= 0)
            _exit(1);
        bytes += n;
        len -= (size_t)n;
    }
}

/* Read one answer; returns its body within bytes, and NUL-ends the head. */
static char *read_answer(int fd, char *bytes, size_t *ret_len)
{
    size_t len = 0;
    char *body = NULL;
    size_t need = 0;
    char *at;
    ssize_t n;

    while (!body || len < (size_t)(body - bytes) + need) {
        n = read(fd, bytes + len, BYTES_MAX - len - 1);
        if (n <= 0)
            _exit(1);
        len += (size_t)n;
        bytes[len] = '\0';
        if (body)
            continue;
        body = strstr(bytes, "\r\n\r\n");
        if (!body)
            continue;
        body[2] = '\0';
        body += 4;
        at = strcasestr(bytes, "\r\nContent-Length:");
        need = at ? strtoul(at + 17, NULL, 10) : 0;
    }
    *ret_len = need;
    return body;
}

static void answer(int fd, const char *head, const char *body, size_t len)
{
    static char request[BYTES_MAX + 512];
    const char *id = strcasestr(head, "Lambda-Runtime-Aws-Request-Id:");
    int head_len;

    if (!id)
        _exit(1);
    id += strlen("Lambda-Runtime-Aws-Request-Id:");
    while (*id == ' ')
        id++;
    head_len = snprintf(request, 512,
                        "POST /2018-06-01/runtime/invocation/%.36s/response HTTP/1.1\r\n"
                        "Host: r\r\nContent-Length: %zu\r\n\r\n",
                        id, len);
    memcpy(request + head_len, body, len);
    send_all(fd, request, (size_t)head_len + len);
}

int main(int argc, char **argv)
{
    static const char next[] =
        "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: r\r\n\r\n";
    static char bytes[BYTES_MAX];
    size_t len;
    char *body;
    int fd;

    (void)argv;
    if (argc > 1)
        return write(1, "x", 1) == 1 ? 0 : 1;
    fd = dial();
    for (;;) {
        send_all(fd, next, sizeof(next) - 1);
        body = read_answer(fd, bytes, &len);
        answer(fd, bytes, body, len);
        (void)read_answer(fd, bytes, &len);
    }
}
