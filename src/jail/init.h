/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The box's pid 1: the cloned child of the jail after birth.c has locked it in. It starts the
 * runtime and the extensions when told, reports their ends, and reaps everybody. It has no
 * capabilities and the box's own uid, is not dumpable (so nobody inside may look at its memory or
 * descriptors), and keeps one descriptor, the control socket; when that closes it ends, and the
 * kernel kills the box with it. It never allocates.
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
    INIT_START_EXTENSIONS,
    INIT_SOCKET,
    INIT_FREEZE, /* SIGSTOP to all others; only where no cgroup can freeze */
    INIT_THAW,
};

/* The two STARTs are followed by the arguments (extensions have none) and then the environment,
 * each entry ended by NUL. */
struct init_order {
    uint32_t type;
    uint32_t runtime;        /* enum jail_runtime */
    uint32_t signal;         /* enum jail_signal */
    uint32_t process;        /* of INIT_SIGNAL: enum jail_process */
    uint32_t argument_bytes; /* none: the first bootstrap that can be run */
    uint32_t environment_bytes;
    uint32_t processes_max; /* the two STARTs: of the box; never more than at an earlier START */
    uint32_t tmp_mb;        /* INIT_GO without a descriptor: of a tmpfs; with one, that is /tmp */
    uint32_t tmp_error;     /* INIT_GO: errno; there could be no /tmp */
};

/* Init → jail. The listener comes with INIT_READY, its log with INIT_EXTENSION, the socket with
 * INIT_SOCKET_MADE. */
enum init_report_type {
    INIT_READY,
    INIT_FAILED,
    INIT_STARTED,
    INIT_EXITED,
    INIT_EXTENSION,
    INIT_EXTENSIONS_STARTED,
    INIT_SOCKET_MADE,
    INIT_REPORT_TYPES
};

struct init_report {
    uint32_t type;
    uint32_t process; /* INIT_EXITED */
    int32_t wait_status;
    uint32_t launch; /* INIT_EXTENSIONS_STARTED: enum jail_launch */
    struct jail_failure failure;
    struct jail_extension extension; /* INIT_EXTENSION */
};

/* Report a failure and end; usable from the first instruction after clone. */
_Noreturn void init_fail(const struct jail_failure *failure);
_Noreturn void init_run(void);
