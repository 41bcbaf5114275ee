/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which address of the network range belongs to whom. Pure. Addresses are numbers in host byte
 * order.
 *
 *   lower half   boxes; the second address is their gateway and name server, the third a name for
 *                the host's end. Nothing outside of the jail's namespace ever sees these
 *   upper half   one address for the jail's namespace itself, as the host sees it
 *
 * A slot's address changes from box to box as often as the range allows, so that late answers to a
 * box that is gone do not reach its successor.
 */

#include <stdbool.h>
#include <stdint.h>

struct net_plan {
    uint32_t base;
    unsigned prefix; /* bits */
    uint32_t slots_max;
};

enum { NET_TEXT_BYTES = 20 };

/* "10.232.0.0/16" with enough addresses for slots_max boxes; false for anything else. */
bool net_plan_parse(struct net_plan *ret_plan, const char *range, uint32_t slots_max);

uint32_t net_plan_gateway(const struct net_plan *plan);
uint32_t net_plan_host(const struct net_plan *plan);
uint32_t net_plan_box(const struct net_plan *plan, uint32_t slot, uint32_t generation);
/* Candidates for the jail's own address; any number may be asked for. */
uint32_t net_plan_uplink(const struct net_plan *plan, uint32_t number);

/* Does the range share an address with base/prefix? */
bool net_plan_overlaps(const struct net_plan *plan, uint32_t base, unsigned prefix);

/* "10.232.0.1" */
const char *net_address_text(uint32_t address, char text[NET_TEXT_BYTES]);
