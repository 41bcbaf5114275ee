/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/must.h"

void close_fdp(int *fd)
{
    int saved = errno;

    /* Not repeated after EINTR: the number is free already and may be somebody else's. */
    if (*fd >= 0)
        (void)close(*fd);
    errno = saved;
}

int fd_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return err_new(-errno);
    flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (fcntl(fd, F_SETFL, flags) < 0)
        return err_new(-errno);
    return 0;
}

int fd_read_full(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    ssize_t n;

    while (len) {
        n = read(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_new(-errno);
        if (n == 0)
            return err_new(-ENODATA);
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int fd_write_full(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    ssize_t n;

    while (len) {
        n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_new(-errno);
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

union fd_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
};

int fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t fd_count)
{
    union fd_control control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *cmsg;
    ssize_t n;

    must(fd_count <= FD_PASS_MAX);
    if (fd_count) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * fd_count);
    }
    do {
        n = sendmsg(sock, &msg, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_new(-errno);
    must((size_t)n == len);
    return 0;
}

static void take_fds(struct msghdr *msg, int fds[FD_PASS_MAX])
{
    size_t count;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        must(count <= FD_PASS_MAX);
        memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    }
}

ssize_t fd_receive(int sock, void *bytes, size_t size, int fds[FD_PASS_MAX])
{
    union fd_control control;
    struct iovec iov = {.iov_base = bytes, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n;

    for (size_t i = 0; i < FD_PASS_MAX; i++)
        fds[i] = -1;
    do {
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_new(-errno);
    take_fds(&msg, fds);
    if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        fds_close(fds, FD_PASS_MAX);
        return err_new(-EMSGSIZE);
    }
    return n;
}

void fds_close(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        close_fdp(&fds[i]);
        fds[i] = -1;
    }
}

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void fds_keep(int *fds, size_t count)
{
    unsigned from = 3;

    qsort(fds, count, sizeof(fds[0]), compare_fds);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] < (int)from)
            continue;
        if ((unsigned)fds[i] > from)
            (void)close_range(from, (unsigned)fds[i] - 1, 0);
        from = (unsigned)fds[i] + 1;
    }
    (void)close_range(from, ~0U, 0);
}
