/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The process that makes the /tmp of boxes. To attach a loop device and to mount each wait for
 * grace periods of the kernel, 3 to 50 ms in all, which the jail has not; and what it costs in
 * memory must not be charged to the box. So the jail asks the maker when it has a box in the
 * making, and the maker answers the box's init itself: its INIT_GO carries the mount. Several are
 * made at a time, each by a child of the maker.
 */

#include <stdint.h>

struct jail;

/*
 * Fork the maker, or another one when it was killed; needs the jail's root. The socket to ask with
 * is the jail's and watched: when it closes the maker has ended, and whoever waits for it waits in
 * vain. 0 or -errno, as where this host cannot make images: then /tmp is a tmpfs from the start.
 */
int tmp_maker_start(struct jail *jail);

/* The init behind control_fd is waiting. 0 or -errno: nobody will answer it. */
int tmp_maker_ask(int maker_sock, int control_fd, uint32_t tmp_mb);
