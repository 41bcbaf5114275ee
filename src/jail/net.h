/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The network of a box, as it is made from inside of its own network namespace (birth.c) while it
 * still has the right to. network.h has the other end of it.
 */

#include <stdint.h>

enum {
    NET_LISTENER_PORT = 9001,
    NET_BOX_INDEX = 100, /* of eth0 in a box: higher than what the kernel makes by itself */
    NET_MAC_BYTES = 6,
};

/* Addresses of the second layer are fixed, so that nobody has to ask for one. */
enum net_mac { NET_MAC_GATEWAY = 1, NET_MAC_UPLINK = 2, NET_MAC_HOST = 3 };
void net_mac_of_role(uint8_t mac[NET_MAC_BYTES], enum net_mac role);
void net_mac_of_address(uint8_t mac[NET_MAC_BYTES], uint32_t address);

/* Bring the loopback of this network namespace up. 0 or -errno. */
int net_loopback_up(void);

/*
 * Give the link that network_box_attach() has put here its address, and send everything to the
 * gateway. No IPv6: there is none outside of the box either. 0 or -errno.
 */
int net_outbound_up(uint32_t address, uint32_t gateway);

/* A TCP socket that listens on 127.0.0.1:9001 here; non-blocking, close-on-exec. fd or -errno. */
int net_listener_new(void);
