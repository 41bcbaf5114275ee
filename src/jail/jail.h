/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The jail's own state, shared by its files; nothing outside src/jail includes this.
 *
 * The jail is one thread around one epoll. It grows with: boxes (one struct box in a table by slot,
 * two descriptors each) and nothing else; every event is found by its slot, no list is searched.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "jail/cgroup.h"
#include "jail/network.h"
#include "jail/protocol.h"
#include "jail/user.h"

enum network_asked { NETWORK_ASKED_NONE, NETWORK_ASKED_AUTO, NETWORK_ASKED_NAT };

struct jail_config {
    const char *state_dir;
    const char *runtimes_dir;
    const char *unpacker;
    const char *instance; /* [a-z0-9-], names our cgroups */
    uint32_t uid_base;
    uint32_t slots_max;
    bool is_cpu_strict;
    enum network_asked network;
    const char *network_range; /* NULL: the first that is free */
};

enum box_state {
    BOX_FREE,
    BOX_CREATING, /* its init has not reported yet */
    BOX_EMPTY,    /* ready, knows no function */
    BOX_STEM,     /* has a runtime's client and a memory limit, knows no function */
    BOX_ASSIGNED,
    BOX_FAILED,   /* BOX_FAILED was sent; waits for BOX_STOP */
    BOX_STOPPING, /* killed; its init has not been reaped yet */
};

struct box {
    uint8_t state; /* enum box_state */
    uint8_t runtime;
    uint16_t processes_up; /* a bit for each enum jail_process that was started and has not ended */
    bool is_launching;     /* between EXTENSIONS_START and EXTENSIONS_STARTED */
    uint32_t generation;
    uint32_t version_major;
    uint32_t version_minor;
    uint32_t memory_mb;
    uint32_t tmp_mb;
    uint64_t oom_kills; /* the cgroup's counter when the last runtime ended */
    pid_t pid;          /* of the init; only to be told, pid_fd is what we use */
    int pid_fd;
    int control_fd; /* to the init */
    int log_fd;     /* for the daemon, until the init has started the runtime */
    int channel_fd; /* likewise; of a PROVIDED runtime, which has none, the pipe of its log records
                     */
};

struct errand {
    bool is_busy;
    bool has_result;
    uint32_t generation;
    int pid_fd;
    int result_fd;
    struct jail_errand_result result;
};

/* The jail's own root after jail_root_enter(): only what it needs of the host is in it. */
struct jail_root {
    int box_fd;                          /* the root that all boxes share, read-only */
    int code_fd;                         /* unpacked packages, writable */
    int code_ro_fd;                      /* the same as boxes get it */
    int runtime_fds[JAIL_RUNTIME_COUNT]; /* our clients; -1 where there is none */
    int users_fd;                        /* a passwd and a group file per slot */
    int mount_ns_fd;                     /* ours, to come back from a box's */
    int unpacker_fd;
    int null_fd;
};

struct jail {
    const struct jail_config *config;
    struct jail_root root;
    struct jail_ids ids;
    struct cgroups cgroups;
    struct network network;
    struct jail_failure
        network_failure; /* why there is none although one would have been welcome */
    uint32_t features;
    uint32_t nonce; /* tells our temporary folders from an earlier jail's */
    int sock;       /* the daemon */
    int epoll_fd;
    int tmp_maker_sock;  /* -1: /tmp is a tmpfs */
    pid_t tmp_maker_pid; /* 0: none was started */
    struct box *boxes;   /* [slots_max] */
    uint32_t boxes_alive;
    struct errand errands[JAIL_ERRANDS_MAX];
    bool is_ending;
};

/* What an epoll event belongs to: the kind above, the slot below. */
enum jail_source {
    JAIL_SOURCE_DAEMON,
    JAIL_SOURCE_CONTROL,
    JAIL_SOURCE_PID,
    JAIL_SOURCE_ERRAND,
    JAIL_SOURCE_KEEPER,
    JAIL_SOURCE_TMP_MAKER,
};

/* events.c: what goes to the daemon. A daemon that does not read is gone for us: the jail then
 * ends. */
int jail_send(struct jail *jail, const struct jail_event *event, const int *fds, size_t fd_count);
int jail_watch(struct jail *jail, int fd, enum jail_source source, uint32_t slot);

/* serve.c: until the daemon closes its end; then every box is gone. */
int jail_serve(struct jail *jail);
