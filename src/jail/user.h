/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who the boxes are. As root every box has its own host uid and gid, uid_base + slot. An ordinary
 * user's jail is root of a user namespace of its own; with a range in /etc/subuid boxes get uids
 * out of that, without one they all share the one id there is and each lives in a child user
 * namespace, where it is SHARED_ID.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct jail_ids {
    bool is_rootless; /* not root of the host */
    bool has_own;     /* a uid per box: base + slot */
    uint32_t base;
    uint32_t unpacker; /* the uid that unpacks; never a box's */
};

enum {
    JAIL_SHARED_UID = 993, /* as on AWS */
    JAIL_SHARED_GID = 990,
};

/*
 * Become root of a new user namespace, with the range of /etc/subuid in it where newuidmap is
 * installed, else with one id. Single-threaded; the caller execs afterwards. 0 or -errno.
 */
int ids_enter_namespace(void);

/* Find out which ids boxes can have, as root of the host or of a user namespace. */
void ids_choose(struct jail_ids *ids, uint32_t uid_base, uint32_t slots_max);

/* The user of a box as it sees itself. */
static inline uid_t ids_uid(const struct jail_ids *ids, uint32_t slot)
{
    return ids->has_own ? ids->base + slot : JAIL_SHARED_UID;
}
static inline gid_t ids_gid(const struct jail_ids *ids, uint32_t slot)
{
    return ids->has_own ? ids->base + slot : JAIL_SHARED_GID;
}

/* Write the maps of the new user namespace of pid (without own ids only). */
int ids_map_box(pid_t pid);

/*
 * Become that user, for good: no supplementary groups, all three ids. Called in the cloned child,
 * which has every capability in its user namespace until caps_drop().
 */
int ids_become(const struct jail_ids *ids, uint32_t slot);
/* The same for the unpacker. */
int ids_become_unpacker(const struct jail_ids *ids);
