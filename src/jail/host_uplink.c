/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/host_uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/must.h"
#include "base/rand.h"
#include "jail/net.h"
#include "jail/netlink.h"
#include "jail/network.h"
#include "jail/route.h"
#include "jail/ruleset.h"

enum {
    UPLINK_INDEX = 2,
    ADDRESS_TRIES = 256,
    LOCK_TRIES = 200,
    LOCK_WAIT_MS = 25,
};

/*
 * One lambd at a time changes the host: whether another is there, and whether forwarding is on, is
 * asked and acted upon in one piece. A name in the abstract name space belongs to the network
 * namespace, as what it protects does. Whoever keeps it from us for five seconds is no lambd.
 */
static int lock_host(void)
{
    static const char name[] = "\0lambd-network";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, sizeof(name));
    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (bind(fd, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name))) == 0 ||
            errno != EADDRINUSE)
            break;
        (void)poll(NULL, 0, LOCK_WAIT_MS);
    }
    return fd;
}

static void set_forwarding(const struct network *network, const char *value)
{
    (void)!pwrite(network->host_forward_fd, value, 1, 0);
}

static bool is_forwarding(const struct network *network)
{
    char value = '0';

    return pread(network->host_forward_fd, &value, 1, 0) == 1 && value != '0';
}

/* With the lock, and on the host. */
static void remove_all(struct network *network)
{
    bool was_guarded = false;

    (void)route_remove_link(network->host_route_fd, network->name);
    if (ruleset_remove(network->host_filter_fd, network->host_route_fd, network->name,
                       &was_guarded) == 0 &&
        was_guarded)
        set_forwarding(network, "0");
}

int host_uplink_open(struct network *network)
{
    CLEANUP(close_fdp) int lock_fd = lock_host();
    (void)lock_fd;

    network->host_route_fd = netlink_open(NETLINK_ROUTE);
    network->host_filter_fd = netlink_open(NETLINK_NETFILTER);
    network->host_forward_fd = open("/proc/sys/net/ipv4/ip_forward", O_RDWR | O_CLOEXEC);
    network->host_ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (network->host_route_fd < 0)
        return network->host_route_fd;
    if (network->host_filter_fd < 0)
        return network->host_filter_fd;
    if (network->host_forward_fd < 0 || network->host_ns_fd < 0)
        return -errno;
    remove_all(network);
    return 0;
}

static int connect_pair(const struct network *network, uint32_t *ret_index)
{
    struct route_end ours = {.name = "uplink", .index = UPLINK_INDEX, .ns_fd = -1};
    struct route_end theirs = {.name = network->name, .ns_fd = network->host_ns_fd};
    struct netlink_batch batch;
    int r;

    net_mac_of_role(ours.mac, NET_MAC_UPLINK);
    net_mac_of_role(theirs.mac, NET_MAC_HOST);
    netlink_batch_init(&batch);
    route_put_pair(&batch, &ours, &theirs);
    r = netlink_send(network->route_fd, &batch);
    return r ? r : route_find_link(network->host_route_fd, network->name, ret_index);
}

/* The kernel refuses a second route to an address: so the first that is free is ours. */
static int take_address(struct network *network, uint32_t index)
{
    uint32_t first = (uint32_t)rand_u64() % 65536;
    int r = -EEXIST;

    for (uint32_t i = 0; i < ADDRESS_TRIES && r == -EEXIST; i++) {
        struct netlink_batch batch;

        network->uplink = net_plan_uplink(&network->plan, first + i);
        netlink_batch_init(&batch);
        route_put_host(&batch, index, network->uplink, false);
        r = netlink_send(network->host_route_fd, &batch);
    }
    return r;
}

int host_uplink_connect(struct network *network)
{
    uint32_t index;
    struct netlink_batch batch;
    uint8_t mac[NET_MAC_BYTES];
    int r;

    network->is_on_host = true;
    r = connect_pair(network, &index);
    if (r)
        return r;
    netlink_batch_init(&batch);
    route_put_router(&batch, index);
    r = netlink_send(network->host_route_fd, &batch);
    if (!r)
        r = take_address(network, index);
    if (r)
        return r;
    net_mac_of_role(mac, NET_MAC_UPLINK);
    netlink_batch_init(&batch);
    route_put_neighbour(&batch, index, network->uplink, mac);
    return netlink_send(network->host_route_fd, &batch);
}

int host_uplink_filter(struct network *network)
{
    CLEANUP(close_fdp) int here_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    CLEANUP(close_fdp) int lock_fd = -1;
    char text[RULESET_BYTES];
    bool was_off;
    int r;

    if (here_fd < 0 || setns(network->host_ns_fd, CLONE_NEWNET) < 0)
        return -errno;
    lock_fd = lock_host();
    was_off = !is_forwarding(network);
    ruleset_for_host(network, was_off, text);
    r = ruleset_wait(ruleset_load(text, -1));
    if (!r && was_off)
        set_forwarding(network, "1");
    must(setns(here_fd, CLONE_NEWNET) == 0);
    return r;
}

int host_uplink_up(struct network *network)
{
    uint32_t gateway = net_plan_host(&network->plan);
    struct netlink_batch batch;
    uint8_t mac[NET_MAC_BYTES];

    /* The host has no address on this link; any name for its end will do for our default route. */
    net_mac_of_role(mac, NET_MAC_HOST);
    netlink_batch_init(&batch);
    route_put_up(&batch, UPLINK_INDEX);
    route_put_address(&batch, UPLINK_INDEX, network->uplink);
    route_put_neighbour(&batch, UPLINK_INDEX, gateway, mac);
    route_put_default(&batch, UPLINK_INDEX, gateway);
    return netlink_send(network->route_fd, &batch);
}

void host_uplink_remove(struct network *network)
{
    CLEANUP(close_fdp) int lock_fd = -1;

    if (setns(network->host_ns_fd, CLONE_NEWNET) < 0)
        return;
    lock_fd = lock_host();
    remove_all(network);
    network->is_on_host = false;
}
