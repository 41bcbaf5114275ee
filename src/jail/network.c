/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/fd.h"
#include "base/limits.h"
#include "jail/failure.h"
#include "jail/host_uplink.h"
#include "jail/jail.h"
#include "jail/keeper.h"
#include "jail/net.h"
#include "jail/net_tools.h"
#include "jail/netlink.h"
#include "jail/route.h"
#include "jail/ruleset.h"

enum { LOOPBACK_INDEX = 1, FIRST_BOX_INDEX = 1000, DNS_PORT = 53, DNS_BACKLOG = 64 };

/* Tried in this order where the operator has named none: seldom used, and not by common software.
 */
static const char *const ranges[] = {"10.232.0.0/16", "172.27.0.0/16", "198.18.0.0/16",
                                     "100.126.0.0/16"};

/* Sysctls of the new namespace. Strict reverse paths: a box has its one address and no other. */
static const struct {
    const char *path;
    const char *value;
    bool is_needed;
} sysctls[] = {
    {"/proc/sys/net/ipv4/conf/all/rp_filter", "1", true},
    {"/proc/sys/net/ipv4/conf/default/rp_filter", "1", true},
    {"/proc/sys/net/ipv4/conf/all/accept_redirects", "0", true},
    {"/proc/sys/net/ipv4/conf/all/send_redirects", "0", true},
    {"/proc/sys/net/ipv6/conf/all/disable_ipv6", "1", false},
    {"/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", false},
    {"/proc/sys/net/ipv4/ip_forward", "1", true},
};

/* FNV-1a: enough to tell the instances of one host apart in the 15 characters of a link's name. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261U;

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619U;
    return hash;
}

static int choose_range(struct network *network, const struct jail_config *config, int route_fd,
                        struct jail_failure *failure)
{
    size_t count = config->network_range ? 1 : array_count(ranges);
    int r = 1;

    for (size_t i = 0; i < count && r > 0; i++) {
        const char *range = config->network_range ? config->network_range : ranges[i];

        if (!net_plan_parse(&network->plan, range, config->slots_max))
            return fail(failure, JAIL_STEP_NET_RANGE, EINVAL);
        r = route_overlaps(route_fd, &network->plan);
    }
    if (r < 0)
        return fail(failure, JAIL_STEP_NET_UPLINK, r);
    return r ? fail(failure, JAIL_STEP_NET_OVERLAP, 0) : 0;
}

static int write_sysctls(void)
{
    for (size_t i = 0; i < array_count(sysctls); i++) {
        CLEANUP(close_fdp) int fd = open(sysctls[i].path, O_WRONLY | O_CLOEXEC);
        int error = fd < 0 || write(fd, sysctls[i].value, 1) != 1 ? errno : 0;

        if (error && (sysctls[i].is_needed || error != ENOENT))
            return -error;
    }
    return 0;
}

static int enter_namespace(struct network *network)
{
    struct netlink_batch batch;
    int r;

    if (unshare(CLONE_NEWNET) < 0)
        return -errno;
    network->route_fd = netlink_open(NETLINK_ROUTE);
    r = network->route_fd < 0 ? network->route_fd : write_sysctls();
    if (!r)
        r = net_loopback_up();
    if (r)
        return r;
    netlink_batch_init(&batch);
    route_put_address(&batch, LOOPBACK_INDEX, net_plan_gateway(&network->plan));
    return netlink_send(network->route_fd, &batch);
}

/* Name service, for the keeper's relay. */
static int open_resolver(const struct network *network, int type)
{
    CLEANUP(close_fdp) int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};

    if (fd < 0)
        return -errno;
    be16_put(&address.sin_port, DNS_PORT);
    be32_put(&address.sin_addr.s_addr, net_plan_gateway(&network->plan));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    if (type == SOCK_STREAM && listen(fd, DNS_BACKLOG) < 0)
        return -errno;
    return steal_fd(&fd);
}

static int start_keeper(struct network *network)
{
    int fds[KEEPER_FDS] = {-1, -1, -1};
    int r = 0;

    fds[KEEPER_NAMESPACE] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fds[KEEPER_NAMESPACE] < 0)
        r = -errno;
    fds[KEEPER_UDP] = open_resolver(network, SOCK_DGRAM);
    fds[KEEPER_TCP] = open_resolver(network, SOCK_STREAM);
    if (!r && fds[KEEPER_UDP] < 0)
        r = fds[KEEPER_UDP];
    if (!r && fds[KEEPER_TCP] < 0)
        r = fds[KEEPER_TCP];
    if (!r)
        r = keeper_go(network->keeper_fd, fds);
    fds_close(fds, KEEPER_FDS);
    return r;
}

static int load_rules(struct network *network, struct jail_failure *failure)
{
    char text[RULESET_BYTES];
    pid_t boxes;
    int r = 0;

    ruleset_for_boxes(network, text);
    boxes = ruleset_load(text, -1);
    if (network->host_ns_fd >= 0)
        r = host_uplink_filter(network); /* meanwhile */
    if (!r)
        r = ruleset_wait(boxes);
    else
        (void)ruleset_wait(boxes);
    return r ? fail(failure, JAIL_STEP_NET_RULES, r) : 0;
}

/* In this order: no packet may come through before the filter is there. */
static int build(struct network *network, const struct jail_config *config,
                 const struct jail_ids *ids, struct jail_failure *failure)
{
    bool is_root = !ids->is_rootless;
    CLEANUP(close_fdp) int route_fd = -1;
    int r;

    if (!net_tool_find(NET_TOOL_NFT))
        return fail(failure, JAIL_STEP_NET_NFT, 0);
    if (!is_root && !net_tool_find(NET_TOOL_PASTA))
        return fail(failure, JAIL_STEP_NET_PASTA, 0);
    if (!is_root && access("/dev/net/tun", R_OK | W_OK) < 0)
        return fail(failure, JAIL_STEP_NET_TUN, 0);
    route_fd = netlink_open(NETLINK_ROUTE);
    if (route_fd < 0)
        return fail(failure, JAIL_STEP_NET_UPLINK, route_fd);
    r = choose_range(network, config, route_fd, failure);
    if (r)
        return r;
    r = keeper_start(network, ids);
    if (!r)
        r = enter_namespace(network);
    if (!r && is_root)
        r = host_uplink_connect(network);
    if (r)
        return fail(failure, JAIL_STEP_NET_UPLINK, r);
    r = load_rules(network, failure);
    if (r)
        return r;
    r = start_keeper(network);
    if (!r && is_root)
        r = host_uplink_up(network);
    return r ? fail(failure, JAIL_STEP_NET_UPLINK, r) : 0;
}

static int prepare(struct network *network, const struct jail_config *config,
                   const struct jail_ids *ids)
{
    *network = (struct network){.route_fd = -1,
                                .host_ns_fd = -1,
                                .host_route_fd = -1,
                                .host_filter_fd = -1,
                                .host_forward_fd = -1,
                                .keeper_fd = -1,
                                .keeper_pid_fd = -1};
    network->last_index = FIRST_BOX_INDEX;
    (void)snprintf(network->name, sizeof(network->name), "lambd-%08x", hash_of(config->instance));
    return ids->is_rootless ? 0 : host_uplink_open(network);
}

int network_start(struct network *network, const struct jail_config *config,
                  const struct jail_ids *ids, struct jail_failure *failure)
{
    /* What an earlier jail has left goes also when there shall be no network this time. */
    int r = prepare(network, config, ids);

    if (config->network == NETWORK_ASKED_NONE)
        return 0;
    r = r ? fail(failure, JAIL_STEP_NET_UPLINK, r) : build(network, config, ids, failure);
    if (!r) {
        network->kind = NETWORK_NAT;
        return 0;
    }
    network_stop(network);
    return config->network == NETWORK_ASKED_NAT ? r : 0;
}

void network_on_keeper_gone(struct jail *jail)
{
    (void)epoll_ctl(jail->epoll_fd, EPOLL_CTL_DEL, jail->network.keeper_pid_fd, NULL);
    (void)waitid(P_PIDFD, (id_t)jail->network.keeper_pid_fd, NULL, WEXITED | WNOHANG);
    (void)dprintf(STDERR_FILENO, "lambd: the helper of the sandboxes' network has ended: names are "
                                 "not resolved any more until lambd is started again\n");
}

void network_stop(struct network *network)
{
    network->kind = NETWORK_NONE;
    close_fdp(&network->keeper_fd);
    network->keeper_fd = -1;
    if (network->keeper_pid_fd >= 0 &&
        pidfd_send_signal(network->keeper_pid_fd, SIGKILL, NULL, 0) == 0)
        (void)waitid(P_PIDFD, (id_t)network->keeper_pid_fd, NULL, WEXITED);
    close_fdp(&network->keeper_pid_fd);
    network->keeper_pid_fd = -1;
    if (network->is_on_host)
        host_uplink_remove(network);
    close_fdp(&network->route_fd); /* it keeps the namespace */
    network->route_fd = -1;
}

int network_box_attach(struct network *network, pid_t pid, uint32_t slot, uint32_t generation)
{
    uint32_t address = net_plan_box(&network->plan, slot, generation);
    char name[IF_NAMESIZE];
    struct route_end ours = {
        .name = name, .index = ++network->last_index, .is_up = true, .ns_fd = -1};
    struct route_end theirs = {.name = "eth0", .index = NET_BOX_INDEX, .ns_fd = -1, .ns_pid = pid};
    struct netlink_batch batch;

    (void)snprintf(name, sizeof(name), "b%x", ours.index);
    net_mac_of_role(ours.mac, NET_MAC_GATEWAY);
    net_mac_of_address(theirs.mac, address);
    netlink_batch_init(&batch);
    route_put_pair(&batch, &ours, &theirs);
    route_put_host(&batch, ours.index, address, true);
    route_put_neighbour(&batch, ours.index, address, theirs.mac);
    return netlink_send(network->route_fd, &batch);
}
