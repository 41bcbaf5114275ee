/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Control groups of the boxes: version 2, or version 1 where the host still has its controllers
 * there, or both (limits by v1, freeze and kill by v2). Ours are folders lambd-<instance>/<slot>
 * below the group that the jail itself was started in; on a v2 host whose group may not have
 * children with controllers, and only as root, below the root of the hierarchy.
 *
 * A host that lets us make none is not an error: the features say what there is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CGROUP_TREES_MAX = 5,
    CGROUP_NAME_BYTES = 64,
};

enum cgroup_controller {
    CGROUP_MEMORY = 1 << 0,
    CGROUP_PIDS = 1 << 1,
    CGROUP_CPU = 1 << 2,
    CGROUP_FREEZE = 1 << 3,
};

/* One hierarchy that we use. */
struct cgroup_tree {
    int fd;        /* lambd-<instance>, a folder */
    int parent_fd; /* the folder it is in */
    bool is_v2;
    unsigned controllers; /* of enum cgroup_controller: what we use of it */
};

struct cgroups {
    char name[CGROUP_NAME_BYTES]; /* lambd-<instance> */
    struct cgroup_tree trees[CGROUP_TREES_MAX];
    size_t count;
    bool has_swap; /* memory and swap are limited together */
};

/*
 * Find the hierarchies, remove what an earlier jail of this instance left (its processes are
 * killed), make our folders. Called while the host's root is still ours; afterwards only
 * descriptors are used.
 */
int cgroups_init(struct cgroups *cgroups, const char *instance);
/* Remove our folders; every box must be gone. */
void cgroups_remove(struct cgroups *cgroups);

unsigned cgroups_controllers(const struct cgroups *cgroups);
/* The hierarchy with this controller, or NULL. */
const struct cgroup_tree *cgroups_find(const struct cgroups *cgroups,
                                       enum cgroup_controller controller);

/*
 * The folders of a box. box_new returns in ret_v2_fd the v2 one for CLONE_INTO_CGROUP (or -1), so
 * that only the v1 ones cost an attach (5 ms when nobody attached for a while: it waits for a grace
 * period; therefore empty boxes are attached beforehand).
 */
int cgroups_box_new(const struct cgroups *cgroups, uint32_t slot, int *ret_v2_fd);
int cgroups_box_attach(const struct cgroups *cgroups, uint32_t slot, pid_t pid, bool is_in_v2);
/* Best effort: -EBUSY when something is still in it. */
int cgroups_box_remove(const struct cgroups *cgroups, uint32_t slot);

struct cgroup_limits {
    uint32_t memory_mb;
    uint32_t processes_max;
};
int cgroups_box_limit(const struct cgroups *cgroups, uint32_t slot,
                      const struct cgroup_limits *limits);
/* CPU in proportion to the memory, of which 1769 MB are one processor: a weight, and when strict
 * AWS's quota too. Until then a box has the weight of such a processor. */
int cgroups_box_limit_cpu(const struct cgroups *cgroups, uint32_t slot, uint32_t memory_mb,
                          bool is_strict);

/* A descriptor that freezes and thaws when written; -1 where there is none. */
int cgroups_box_freezer(const struct cgroups *cgroups, uint32_t slot);
/* A v1 freezer holds even SIGKILL back, so it is opened before a kill; nothing to do elsewhere. */
int cgroups_box_thaw(const struct cgroups *cgroups, uint32_t slot);
/* Processes of this box that the kernel killed for its memory limit. */
uint64_t cgroups_box_oom_kills(const struct cgroups *cgroups, uint32_t slot);
