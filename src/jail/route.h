/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Links, addresses and routes as netlink messages: what boxes, the jail's namespace and the host
 * get. The route_put_* add one acknowledged message to a batch. Addresses are in host byte order
 * and always single ones (/32): nothing here is a subnet that somebody else could be in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jail/net.h"
#include "jail/net_plan.h"

struct netlink_batch;

/* One end of a pair of links. Index 0: the kernel chooses; namespace fd or pid: the other is -1 and
 * 0, or both are for "where the socket is". */
struct route_end {
    const char *name;
    uint32_t index;
    bool is_up;
    uint8_t mac[NET_MAC_BYTES];
    int ns_fd;
    int ns_pid;
};

void route_put_pair(struct netlink_batch *batch, const struct route_end *ours,
                    const struct route_end *theirs);
void route_put_up(struct netlink_batch *batch, uint32_t index);
/* Up, forwarding, and without an IPv6 address of its own. */
void route_put_router(struct netlink_batch *batch, uint32_t index);
void route_put_address(struct netlink_batch *batch, uint32_t index, uint32_t address);
void route_put_neighbour(struct netlink_batch *batch, uint32_t index, uint32_t address,
                         const uint8_t mac[NET_MAC_BYTES]);
/* EEXIST when there is a route to this address already; with_replace: then it is changed. */
void route_put_host(struct netlink_batch *batch, uint32_t index, uint32_t address,
                    bool with_replace);
void route_put_default(struct netlink_batch *batch, uint32_t index, uint32_t gateway);

/* 0 or -errno. fd: netlink of the namespace that the link is in. */
int route_find_link(int fd, const char *name, uint32_t *ret_index);

/* The end of a link, and of its pair. 0, also when there is none of that name; else -errno. */
int route_remove_link(int fd, const char *name);

/* Does a route of this namespace, the default and those of other lambds (links "lambd-…") aside,
 * lead into the range? 1, 0 or -errno. */
int route_overlaps(int fd, const struct net_plan *plan);

/* The addresses of this namespace, those of the loopback aside, as nft writes a list: "a, b"; cut
 * off where they do not fit, which is -E2BIG. 0 or -errno. */
int route_list_addresses(int fd, char *text, size_t size);
