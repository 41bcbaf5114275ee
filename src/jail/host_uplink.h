/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The host's part of the network, as root: one link without an address, one route to it, one table,
 * and forwarding. All of it is made through descriptors that were opened on the host and reach it
 * also when the jail lives elsewhere.
 *
 * Forwarding. Answers come back over whatever link the host's routes use, so the kernel's switch
 * for all of them is what counts. Where it is off it is switched on, together with a table
 * (lambd-forwarding) that lets nothing but lambd's packets through: the host does not become a
 * router for anybody else. The last lambd that ends switches it off again; that the table is there
 * tells that it was ours. After a kill -9 the table stays in place until another lambd starts or
 * ends.
 */

struct network;

/* Open the descriptors and remove leftovers of this name. 0 or -errno. */
int host_uplink_open(struct network *network);
/* From within the jail's namespace: the pair of links, and an address that no route of the host
 * leads to. Nothing comes through yet. */
int host_uplink_connect(struct network *network);
/* The filter, and forwarding. */
int host_uplink_filter(struct network *network);
int host_uplink_up(struct network *network);

/* Everything goes. A host that refuses gets no answer to whom to complain: there is nobody. */
void host_uplink_remove(struct network *network);
