/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Outbound network of the boxes ("nat"); docs/decisions/0006-network.md has the reasons.
 *
 *   box                  jail's own network namespace                     host
 *   eth0 ──────── b2a    routes, one per box; filter; NAT    uplink ──────── lambd-1f2e3d4c
 *   10.232.0.9/32        10.232.0.1 is gateway and resolver  10.232.140.7    no address; NAT;
 * filter
 *
 * As an ordinary user the uplink is the tap of one pasta process, and the right column is missing.
 * Everything that is not on the host goes with the jail, however it ends. What is on the host
 * carries the instance's name; network_start() removes what an earlier jail of that name has left.
 *
 * Grows with boxes: one pair of links each, which go with the box's namespace.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "jail/net_plan.h"
#include "jail/protocol.h"

struct jail;
struct jail_config;
struct jail_ids;

enum { NETWORK_NAME_BYTES = 16 };

enum network_kind { NETWORK_NONE, NETWORK_NAT };

struct network {
    enum network_kind kind; /* what boxes get */
    struct net_plan plan;
    char name[NETWORK_NAME_BYTES]; /* "lambd-" and eight digits: link and table on the host */
    uint32_t uplink;               /* the namespace's address as the host sees it; as root only */
    uint32_t last_index;           /* of the boxes' links: never used twice */
    bool is_on_host;               /* something is there to be removed */
    int route_fd;                  /* netlink of our own namespace */
    int host_ns_fd;                /* as root; these are -1 otherwise */
    int host_route_fd;
    int host_filter_fd;
    int host_forward_fd; /* its ip_forward */
    int keeper_fd;       /* keeper.h; it ends when this is closed */
    int keeper_pid_fd;
};

/*
 * Build what config->network asks for; while the host's root and network are still ours. With
 * "auto" a network that cannot be had is no failure: kind is NONE then, and failure has the reason.
 * 0 or a failure.
 */
int network_start(struct network *network, const struct jail_config *config,
                  const struct jail_ids *ids, struct jail_failure *failure);
/* The keeper has ended by itself, which it never should: boxes stay, without name service. */
void network_on_keeper_gone(struct jail *jail);
/* Leave nothing on the host. */
void network_stop(struct network *network);

/* Put eth0 into the network namespace of pid, the init of a box, and expect the box's address at
 * the other end; the box itself goes on with net_outbound_up(). 0 or -errno. */
int network_box_attach(struct network *network, pid_t pid, uint32_t slot, uint32_t generation);
