/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void passes_descriptors(void **state)
{
    int pair[2];
    int pipes[2];
    int fds[FD_PASS_MAX];
    char bytes[8];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(fd_send(pair[0], "hi", 2, pipes, 2), 0);
    assert_int_equal(fd_receive(pair[1], bytes, sizeof(bytes), fds), 2);
    assert_memory_equal(bytes, "hi", 2);
    assert_true(fds[0] >= 0);
    assert_int_equal(fds[2], -1);
    assert_int_equal(fd_write_full(fds[1], "abc", 3), 0);
    assert_int_equal(fd_read_full(pipes[0], bytes, 3), 0);
    assert_memory_equal(bytes, "abc", 3);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(fd_send(pair[0], "too long", 8, NULL, 0), 0);
    assert_int_equal(fd_receive(pair[1], bytes, 4, fds), -EMSGSIZE);
    fds_close(fds, FD_PASS_MAX);
    fds_close(pipes, 2);
    fds_close(pair, 2);
}

static void a_file_that_ends_early_is_a_failure(void **state)
{
    int pipes[2];
    char bytes[4];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(fd_write_full(pipes[1], "abc", 3), 0);
    fds_close(&pipes[1], 1);
    assert_int_equal(fd_read_full(pipes[0], bytes, 4), -ENODATA);
    fds_close(pipes, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_descriptors),
        cmocka_unit_test(a_file_that_ends_early_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
