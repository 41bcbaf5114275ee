/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Passes the boxes' name queries on to the host's resolvers, as they are in /etc/resolv.conf at
 * that moment: those on the host's loopback, IPv6 ones and those that changed since the start work
 * like any other, and boxes need to know one address only.
 *
 * It copies bytes and looks into none of them; what ties an answer to its query is that each query
 * has a socket of its own, connected to the resolver, with a port that the kernel draws. Everything
 * has a limit (LIMIT_DNS_* of base/limits.h), in total and for each box; what goes beyond it is
 * dropped, which a resolver library repeats.
 *
 * Runs in a process of its own without rights. Linear in its limits, not in boxes.
 */

/* Non-blocking sockets of the boxes' side: one bound, one listening. */
_Noreturn void dns_relay_run(int udp_fd, int tcp_fd);
