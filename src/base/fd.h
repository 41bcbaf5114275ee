/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* File descriptors: release, hand-over, whole reads and writes, and passing over AF_UNIX sockets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

enum { FD_PASS_MAX = 8 };

/* CLEANUP(close_fdp) int fd = -1; keeps errno */
void close_fdp(int *fd);

/* Take the number out of *fd, which becomes -1. */
static inline int steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

int fd_set_nonblocking(int fd, bool on);

/* All len bytes or a failure; -ENODATA when the file ends before. Blocking descriptors only; EINTR
 * is retried. */
int fd_read_full(int fd, void *bytes, size_t len);
int fd_write_full(int fd, const void *bytes, size_t len);

/*
 * One message with up to FD_PASS_MAX descriptors over a SOCK_SEQPACKET (or DGRAM) socket. fd_send
 * does not raise SIGPIPE. fd_receive returns the message's length (0: the peer closed), sets
 * close-on-exec on what it receives and writes -1 to the unused places of fds[FD_PASS_MAX].
 * -EMSGSIZE when message or descriptors were cut off (the received ones are closed). Both may
 * return -EAGAIN on non-blocking sockets.
 */
int fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t fd_count);
ssize_t fd_receive(int sock, void *bytes, size_t size, int fds[FD_PASS_MAX]);
void fds_close(int *fds, size_t count); /* each that is not -1; sets them to -1 */

/* Close every descriptor above 2 but these, which are sorted by it; -1 is passed over. For a child
 * after fork. */
void fds_keep(int *fds, size_t count);
