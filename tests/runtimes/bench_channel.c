/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast is a runtime client? Plays lambd's side of the channel without a sandbox:
 *
 *   cc -O2 -o bench_channel tests/runtimes/bench_channel.c
 *   ./bench_channel KEY=VALUE... -- /usr/bin/python3.11 -S -s /path/bootstrap.py
 *
 * prints the time from exec to the NEXT frame and to the end of the first invocation (20 starts),
 * and invocations per second of one client with one invocation at a time.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STARTS = 20, WARM_UP = 2000, INVOCATIONS = 50000, CHANNEL_FD = 3, NEXT = 0x81 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_exactly(int fd, uint8_t *to, size_t count)
{
    while (count > 0) {
        ssize_t n = read(fd, to, count);
        if (n <= 0)
            fail("the client closed the channel");
        to += n;
        count -= (size_t)n;
    }
}

static uint8_t input[1 << 20];
static size_t input_count;

/* Read frames until one of the given type has come. */
static void await_frame(int fd, uint8_t type)
{
    for (;;) {
        while (input_count < 12) {
            ssize_t n = read(fd, input + input_count, sizeof(input) - input_count);
            if (n <= 0)
                fail("the client closed the channel");
            input_count += (size_t)n;
        }
        uint32_t length;
        memcpy(&length, input, 4);
        size_t size = 12 + (size_t)ntohl(length);
        if (size > sizeof(input))
            fail("frame too large for this benchmark");
        if (size > input_count) {
            read_exactly(fd, input + input_count, size - input_count);
            input_count = size;
        }
        uint8_t got = input[4];
        input_count -= size;
        memmove(input, input + size, input_count);
        if (got == type)
            return;
        if (got == 0x83 || got == 0x84)
            fail("the client reported an error");
    }
}

static size_t make_frame(uint8_t *out, uint8_t type, uint32_t invocation, const void *body,
                         size_t body_bytes)
{
    uint32_t length = htonl((uint32_t)body_bytes);
    memset(out, 0, 12);
    memcpy(out, &length, 4);
    out[4] = type;
    invocation = htonl(invocation);
    memcpy(out + 8, &invocation, 4);
    memcpy(out + 12, body, body_bytes);
    return 12 + body_bytes;
}

static size_t add_metadata(uint8_t *out, const char *key, const char *value)
{
    size_t key_bytes = strlen(key);
    size_t value_bytes = strlen(value);
    out[0] = (uint8_t)(key_bytes >> 8);
    out[1] = (uint8_t)key_bytes;
    memcpy(out + 2, key, key_bytes);
    out += 2 + key_bytes;
    out[0] = (uint8_t)(value_bytes >> 8);
    out[1] = (uint8_t)value_bytes;
    memcpy(out + 2, value, value_bytes);
    return 4 + key_bytes + value_bytes;
}

static size_t make_invoke_body(uint8_t *out)
{
    size_t n = 2;
    n += add_metadata(out + n, "Lambda-Runtime-Aws-Request-Id",
                      "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    n += add_metadata(out + n, "Lambda-Runtime-Deadline-Ms", "1942409706888");
    n += add_metadata(out + n, "Lambda-Runtime-Invoked-Function-Arn",
                      "arn:aws:lambda:us-east-1:000000000000:function:bench");
    n += add_metadata(out + n, "Lambda-Runtime-Trace-Id",
                      "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0");
    out[0] = (uint8_t)((n - 2) >> 8);
    out[1] = (uint8_t)(n - 2);
    const char *event = "{\"key1\": \"value1\", \"key2\": \"value2\", \"key3\": \"value3\"}";
    memcpy(out + n, event, strlen(event));
    return n + strlen(event);
}

static pid_t start(char **command, int *ret_fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        fail("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        /* dup2 onto itself would keep close-on-exec. */
        int client = dup(pair[1]);
        if (client < 0 || dup2(client, CHANNEL_FD) < 0)
            fail("dup2");
        clearenv();
        execv(command[0], command);
        fail(command[0]);
    }
    close(pair[1]);
    *ret_fd = pair[0];
    input_count = 0;
    return pid;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static uint8_t frame[65536];
    static uint8_t body[65536];
    size_t block = 2;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        memcpy(body + block, argv[at], strlen(argv[at]) + 1);
        block += strlen(argv[at]) + 1;
    }
    if (at + 1 >= argc) {
        fprintf(stderr, "usage: %s KEY=VALUE... -- PROGRAM ARGUMENT...\n", argv[0]);
        return 2;
    }
    char **command = argv + at + 1;
    size_t init_bytes = make_frame(frame, 0x01, 0, body, block);

    static uint8_t invoke_body[4096];
    static uint8_t invoke[8192];
    size_t body_bytes = make_invoke_body(invoke_body);
    double starts[STARTS];
    double answers[STARTS];
    int fd = -1;
    for (int i = 0; i < STARTS; i++) {
        double begin = now_ms();
        pid_t pid = start(command, &fd);
        if (write(fd, frame, init_bytes) != (ssize_t)init_bytes)
            fail("write");
        await_frame(fd, NEXT);
        starts[i] = now_ms() - begin;
        size_t n = make_frame(invoke, 0x02, 1, invoke_body, body_bytes);
        if (write(fd, invoke, n) != (ssize_t)n)
            fail("write");
        await_frame(fd, NEXT);
        answers[i] = now_ms() - begin;
        if (i < STARTS - 1) {
            close(fd);
            waitpid(pid, NULL, 0);
        }
    }
    qsort(starts, STARTS, sizeof(starts[0]), compare);
    qsort(answers, STARTS, sizeof(answers[0]), compare);
    printf("start to NEXT: median %.2f ms, best %.2f ms\n", starts[STARTS / 2], starts[0]);
    printf("start to first answer: median %.2f ms, best %.2f ms\n", answers[STARTS / 2],
           answers[0]);

    double begin = 0;
    for (uint32_t i = 1; i <= WARM_UP + INVOCATIONS; i++) {
        if (i == WARM_UP + 1)
            begin = now_ms();
        size_t n = make_frame(invoke, 0x02, i, invoke_body, body_bytes);
        if (write(fd, invoke, n) != (ssize_t)n)
            fail("write");
        await_frame(fd, NEXT);
    }
    double seconds = (now_ms() - begin) / 1e3;
    printf("invocations: %.0f/s (%.1f us each)\n", INVOCATIONS / seconds,
           seconds * 1e6 / INVOCATIONS);
    return 0;
}
