/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/net_plan.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/str.h"

/* Network address, gateway and host of the boxes' half; the network address of the other one. */
enum { PREFIX_MIN = 8, PREFIX_MAX = 28, FIRST_BOX = 3, FIRST_UPLINK = 1 };

static uint32_t half_of(const struct net_plan *plan)
{
    return 1U << (31 - plan->prefix);
}

bool net_plan_parse(struct net_plan *ret_plan, const char *range, uint32_t slots_max)
{
    struct net_plan plan = {.slots_max = slots_max};
    struct in_addr address;
    char text[NET_TEXT_BYTES];
    const char *slash = strchr(range, '/');
    uint64_t prefix;

    if (!slash || (size_t)(slash - range) >= sizeof(text))
        return false;
    memcpy(text, range, (size_t)(slash - range));
    text[slash - range] = '\0';
    if (inet_pton(AF_INET, text, &address) != 1 || !str_to_u64(str_of(slash + 1), &prefix) ||
        prefix < PREFIX_MIN || prefix > PREFIX_MAX)
        return false;
    plan.prefix = (unsigned)prefix;
    plan.base = be32_get(&address.s_addr);
    if (plan.base << prefix != 0 || half_of(&plan) < FIRST_BOX + slots_max)
        return false;
    *ret_plan = plan;
    return true;
}

uint32_t net_plan_gateway(const struct net_plan *plan)
{
    return plan->base + 1;
}

uint32_t net_plan_host(const struct net_plan *plan)
{
    return plan->base + 2;
}

uint32_t net_plan_box(const struct net_plan *plan, uint32_t slot, uint32_t generation)
{
    uint32_t turns = (half_of(plan) - FIRST_BOX) / plan->slots_max;

    return plan->base + FIRST_BOX + slot + plan->slots_max * (generation % turns);
}

uint32_t net_plan_uplink(const struct net_plan *plan, uint32_t number)
{
    /* Neither the first of the half nor the range's last, which look like names of networks. */
    return plan->base + half_of(plan) + FIRST_UPLINK + number % (half_of(plan) - 2);
}

bool net_plan_overlaps(const struct net_plan *plan, uint32_t base, unsigned prefix)
{
    unsigned shorter = prefix < plan->prefix ? prefix : plan->prefix;

    return shorter == 0 || (base ^ plan->base) >> (32 - shorter) == 0;
}

const char *net_address_text(uint32_t address, char text[NET_TEXT_BYTES])
{
    (void)snprintf(text, NET_TEXT_BYTES, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
                   address >> 8 & 255, address & 255);
    return text;
}
