/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The box's pid 1: the cloned child of the jail after birth.c has locked it in. It starts the
 * runtime when told, reports its end, and reaps everybody. It has no capabilities and the box's own
 * uid, is not dumpable (so nobody inside may look at its memory or descriptors), and holds one
 * descriptor, the control socket; when that closes it ends, and the kernel kills the box with it.
 * It never allocates.
 */

#include <stdint.h>
#include <sys/types.h>

#include "jail/protocol.h"

enum {
    INIT_CONTROL_FD = 3,
    INIT_ARGUMENTS_MAX = 15,
    INIT_ARGUMENT_BYTES_MAX = 2048,
};

/* Jail → init. */
enum init_order_type {
    INIT_GO, /* cgroups and id maps are in place: go on with the birth */
    INIT_START,
    INIT_SIGNAL,
    INIT_FREEZE, /* SIGSTOP to all others; only where no cgroup can freeze */
    INIT_THAW,
};

/* INIT_START is followed by the arguments and then the environment, each entry ended by NUL. */
struct init_order {
    uint32_t type;
    uint32_t runtime;        /* enum jail_runtime */
    uint32_t signal;         /* enum jail_signal */
    uint32_t argument_bytes; /* none: the first bootstrap that can be run */
    uint32_t environment_bytes;
};

/* Init → jail. The listener comes with INIT_READY. */
enum init_report_type { INIT_READY, INIT_FAILED, INIT_STARTED, INIT_EXITED, INIT_REPORT_TYPES };

struct init_report {
    uint32_t type;
    int32_t wait_status;
    struct jail_failure failure;
};

/* Report a failure and end; usable from the first instruction after clone. */
_Noreturn void init_fail(const struct jail_failure *failure);
_Noreturn void init_run(void);
