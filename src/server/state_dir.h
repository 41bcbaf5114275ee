/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The state directory: one daemon at a time, and the folders that the daemon's user needs.
 *
 *   lambd.db        functions and everything else that must survive
 *   packages/       code as it was uploaded, <sha256>.zip
 *   code/           the same unpacked, <sha256>/; written by the jail only
 *   spool/          uploads on their way; emptied at start
 *   logs/           what functions printed
 *   lock            held while a daemon runs
 */

#include <sys/types.h>

#include "base/error.h"

/*
 * Make and lock it, before any privilege is dropped. With uid not (uid_t)-1 the daemon's folders
 * are given to that user. Returns the lock's descriptor, to be kept open; a failure has the reason.
 */
int state_dir_open(const char *path, uid_t uid, int *ret_lock_fd, struct reason *why);

/* After privileges are dropped: can the present user work in it? */
int state_dir_check(const char *path, struct reason *why);
