/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The packet filter of a jail's network, as text for nft, which is run once for each namespace at
 * the start: the rules can be read here and with "nft list ruleset", and no set of netlink
 * expressions of ours has to be right. Only the host's table is removed by our own netlink, because
 * by then there is no path to nft any more; the others go with their namespace.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct network;

enum { RULESET_BYTES = 4096, RULESET_NAME_BYTES = 16 };

/* In the jail's own namespace: what boxes may reach. */
void ruleset_for_boxes(const struct network *network, char text[RULESET_BYTES]);
/* On the host. with_guard: forwarding has been off until now, so nothing else is forwarded. */
void ruleset_for_host(const struct network *network, bool with_guard, char text[RULESET_BYTES]);

/* Start nft in a network namespace (-1: where we are); the pid of the child or -errno. */
pid_t ruleset_load(const char *text, int ns_fd);
/* 0, or -EINVAL when nft has refused the text. */
int ruleset_wait(pid_t pid);

/*
 * Remove the host's table of this name, those of other lambds that have no link any more, and with
 * the last of all the guard. fd, route_fd: NETLINK_NETFILTER and NETLINK_ROUTE on the host. 0, also
 * when there is no such table; else -errno.
 */
int ruleset_remove(int fd, int route_fd, const char *name, bool *ret_was_guarded);
