/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/route.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/endian.h"
#include "jail/netlink.h"

enum { BITS = 32, ADDR_GEN_NONE = 1, MADE = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL };

/* Messages */

/* A box has one processor's worth of packets: one queue is enough, and the default is one for each
 * processor of the host. */
static void put_end(struct netlink_batch *batch, const struct route_end *end)
{
    netlink_attr_text(batch, IFLA_IFNAME, end->name);
    netlink_attr(batch, IFLA_ADDRESS, end->mac, NET_MAC_BYTES);
    netlink_attr_u32(batch, IFLA_NUM_TX_QUEUES, 1);
    netlink_attr_u32(batch, IFLA_NUM_RX_QUEUES, 1);
    if (end->ns_fd >= 0)
        netlink_attr_u32(batch, IFLA_NET_NS_FD, (uint32_t)end->ns_fd);
    if (end->ns_pid > 0)
        netlink_attr_u32(batch, IFLA_NET_NS_PID, (uint32_t)end->ns_pid);
}

static struct ifinfomsg head_of(const struct route_end *end)
{
    struct ifinfomsg head = {.ifi_index = (int)end->index};

    if (end->is_up)
        head.ifi_flags = head.ifi_change = IFF_UP;
    return head;
}

void route_put_pair(struct netlink_batch *batch, const struct route_end *ours,
                    const struct route_end *theirs)
{
    const struct ifinfomsg our_head = head_of(ours);
    const struct ifinfomsg their_head = head_of(theirs);
    size_t info, data, peer;

    netlink_put(batch, RTM_NEWLINK, MADE, &our_head, sizeof(our_head));
    put_end(batch, ours);
    info = netlink_nest(batch, IFLA_LINKINFO);
    netlink_attr_text(batch, IFLA_INFO_KIND, "veth");
    data = netlink_nest(batch, IFLA_INFO_DATA);
    peer = netlink_nest(batch, VETH_INFO_PEER);
    netlink_raw(batch, &their_head, sizeof(their_head));
    put_end(batch, theirs);
    netlink_nest_end(batch, peer);
    netlink_nest_end(batch, data);
    netlink_nest_end(batch, info);
}

void route_put_up(struct netlink_batch *batch, uint32_t index)
{
    const struct ifinfomsg head = {
        .ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    netlink_put(batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
}

void route_put_router(struct netlink_batch *batch, uint32_t index)
{
    const struct ifinfomsg head = {.ifi_index = (int)index};
    size_t spec, family, values;

    netlink_put(batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
    spec = netlink_nest(batch, IFLA_AF_SPEC);
    family = netlink_nest(batch, AF_INET);
    values = netlink_nest(batch, IFLA_INET_CONF);
    netlink_attr_u32(batch, IPV4_DEVCONF_FORWARDING, 1);
    netlink_nest_end(batch, values);
    netlink_nest_end(batch, family);
    netlink_nest_end(batch, spec);
    /* Not acknowledged, because it fails where there is no IPv6 at all. */
    netlink_put(batch, RTM_NEWLINK, 0, &head, sizeof(head));
    spec = netlink_nest(batch, IFLA_AF_SPEC);
    family = netlink_nest(batch, AF_INET6);
    netlink_attr(batch, IFLA_INET6_ADDR_GEN_MODE, &(uint8_t){ADDR_GEN_NONE}, 1);
    netlink_nest_end(batch, family);
    netlink_nest_end(batch, spec);
    route_put_up(batch, index);
}

void route_put_address(struct netlink_batch *batch, uint32_t index, uint32_t address)
{
    const struct ifaddrmsg head = {
        .ifa_family = AF_INET, .ifa_prefixlen = BITS, .ifa_index = index};

    netlink_put(batch, RTM_NEWADDR, MADE, &head, sizeof(head));
    netlink_attr_address(batch, IFA_LOCAL, address);
    netlink_attr_address(batch, IFA_ADDRESS, address);
}

void route_put_neighbour(struct netlink_batch *batch, uint32_t index, uint32_t address,
                         const uint8_t mac[NET_MAC_BYTES])
{
    const struct ndmsg head = {
        .ndm_family = AF_INET, .ndm_ifindex = (int)index, .ndm_state = NUD_PERMANENT};

    netlink_put(batch, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    netlink_attr_address(batch, NDA_DST, address);
    netlink_attr(batch, NDA_LLADDR, mac, NET_MAC_BYTES);
}

static struct rtmsg route_head(unsigned char scope, unsigned char bits)
{
    return (struct rtmsg){.rtm_family = AF_INET,
                          .rtm_dst_len = bits,
                          .rtm_table = RT_TABLE_MAIN,
                          .rtm_protocol = RTPROT_STATIC,
                          .rtm_scope = scope,
                          .rtm_type = RTN_UNICAST};
}

void route_put_host(struct netlink_batch *batch, uint32_t index, uint32_t address,
                    bool with_replace)
{
    const struct rtmsg head = route_head(RT_SCOPE_LINK, BITS);

    netlink_put(batch, RTM_NEWROUTE, with_replace ? NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE : MADE,
                &head, sizeof(head));
    netlink_attr_address(batch, RTA_DST, address);
    netlink_attr_u32(batch, RTA_OIF, index);
}

/* "On link": the gateway is in no subnet of ours. */
void route_put_default(struct netlink_batch *batch, uint32_t index, uint32_t gateway)
{
    struct rtmsg head = route_head(RT_SCOPE_UNIVERSE, 0);

    head.rtm_flags = RTNH_F_ONLINK;
    netlink_put(batch, RTM_NEWROUTE, MADE, &head, sizeof(head));
    netlink_attr_address(batch, RTA_GATEWAY, gateway);
    netlink_attr_u32(batch, RTA_OIF, index);
}

int route_find_link(int fd, const char *name, uint32_t *ret_index)
{
    struct ifreq request = {0};

    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
        return -errno;
    *ret_index = (uint32_t)request.ifr_ifindex;
    return 0;
}

int route_remove_link(int fd, const char *name)
{
    const struct ifinfomsg head = {0};
    struct netlink_batch batch;
    int r;

    netlink_batch_init(&batch);
    netlink_put(&batch, RTM_DELLINK, NLM_F_ACK, &head, sizeof(head));
    netlink_attr_text(&batch, IFLA_IFNAME, name);
    r = netlink_send(fd, &batch);
    return r == -ENODEV ? 0 : r;
}

/* Lists */

static bool is_ours(uint32_t index)
{
    char name[IF_NAMESIZE];

    return if_indextoname(index, name) && strncmp(name, "lambd-", 6) == 0;
}

struct overlap {
    const struct net_plan *plan;
    bool is_found;
};

static int look_at_route(void *context, unsigned type, const void *body, size_t len)
{
    struct overlap *overlap = context;
    const struct rtmsg *head = body;
    const void *to = netlink_find(body, len, sizeof(*head), RTA_DST, 4);
    const uint32_t *out = netlink_find(body, len, sizeof(*head), RTA_OIF, 4);

    if (type != RTM_NEWROUTE || head->rtm_family != AF_INET || head->rtm_dst_len == 0 ||
        head->rtm_dst_len > BITS || !to)
        return 0;
    if (!net_plan_overlaps(overlap->plan, be32_get(to), head->rtm_dst_len))
        return 0;
    if (!out || !is_ours(*out))
        overlap->is_found = true;
    return 0;
}

int route_overlaps(int fd, const struct net_plan *plan)
{
    const struct rtmsg head = {.rtm_family = AF_INET};
    struct overlap overlap = {.plan = plan};
    int r = netlink_list(fd, RTM_GETROUTE, &head, sizeof(head), look_at_route, &overlap);

    return r < 0 ? r : overlap.is_found;
}

struct address_text {
    char *text;
    size_t size;
    size_t len;
    bool is_cut;
};

static int add_address(void *context, unsigned type, const void *body, size_t len)
{
    struct address_text *list = context;
    const struct ifaddrmsg *head = body;
    const void *local = netlink_find(body, len, sizeof(*head), IFA_LOCAL, 4);
    char text[NET_TEXT_BYTES];
    int n;

    if (type != RTM_NEWADDR || head->ifa_family != AF_INET || !local ||
        be32_get(local) >> 24 == 127)
        return 0;
    n = snprintf(list->text + list->len, list->size - list->len, "%s%s", list->len ? ", " : "",
                 net_address_text(be32_get(local), text));
    if (n < 0 || (size_t)n >= list->size - list->len) {
        list->is_cut = true;
        list->text[list->len] = '\0';
    } else {
        list->len += (size_t)n;
    }
    return 0;
}

int route_list_addresses(int fd, char *text, size_t size)
{
    const struct ifaddrmsg head = {.ifa_family = AF_INET};
    struct address_text list = {.text = text, .size = size};
    int r;

    text[0] = '\0';
    r = netlink_list(fd, RTM_GETADDR, &head, sizeof(head), add_address, &list);
    return r < 0 ? r : list.is_cut ? -E2BIG : 0;
}
