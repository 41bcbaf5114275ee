/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which interpreter of the host runs a managed runtime: the very version when it is installed, else
 * the newest one. Only from /usr/bin and /usr/local/bin, and for Java from the folders of
 * /usr/lib/jvm; one that a link leads out of /usr is none, because boxes see only that. Shared by
 * the jail (which looks in the boxes' root) and the doctor (which looks in the host's).
 */

#include <stdbool.h>
#include <stdint.h>

#include "jail/protocol.h"

enum { INTERPRETER_PATH_BYTES = 64 };

struct interpreter {
    char path[INTERPRETER_PATH_BYTES]; /* as the box sees it */
    uint32_t major;                    /* as far as the name tells; 0: it does not */
    uint32_t minor;
};

/* root_fd: a folder with usr in it. 0 or -ENOENT. A few system calls. */
int interpreter_find(struct interpreter *ret_interpreter, int root_fd, enum jail_runtime runtime,
                     uint32_t major, uint32_t minor);
