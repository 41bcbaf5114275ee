/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A small process beside the jail that stays in the host's network and file system, as pid 1 of a
 * pid namespace of its own: when it ends, so does all it has started. It ends when the jail does.
 *
 *   relay  forwards the boxes' name queries (dns_relay.h)
 *   pasta  the uplink, without root: one process for all boxes
 *
 * Whichever of them ends is said on standard error and started again, later each time. Without root
 * it also keeps the set of the host's addresses up to date, which boxes may not reach through
 * pasta. As root it gives up everything at once.
 */

struct jail_ids;
struct network;

enum keeper_fd { KEEPER_NAMESPACE, KEEPER_UDP, KEEPER_TCP, KEEPER_FDS };

/* Start it: in the host's network, so before the jail leaves that. Sets network->keeper_*. 0 or
 * -errno. */
int keeper_start(struct network *network, const struct jail_ids *ids);
/* The jail's network namespace is complete: the namespace, and the two sockets on which its name
 * service is asked. 0 or -errno. */
int keeper_go(int keeper_fd, const int fds[KEEPER_FDS]);
