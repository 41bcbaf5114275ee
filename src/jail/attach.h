/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Giving an empty box its function: code at /var/task, layers at /opt, the runtime's client at
 * /var/runtime. The trees are cloned in the jail's mount namespace (a detached
 * tree cannot be cloned again from another one), then put in place from within the box's: 50 µs.
 */

#include "jail/jail.h"

/* What of an assignment is put in place. */
enum attach_parts { ATTACH_RUNTIME = 1, ATTACH_FUNCTION = 2, ATTACH_ALL = 3 };

/* init_pid_fd names the namespace. 0 or a failed step. */
int attach(const struct jail *jail, int init_pid_fd, const struct jail_assign *assign,
           enum attach_parts parts, struct jail_failure *failure);
