/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/fd.h"
#include "base/limits.h"
#include "jail/netlink.h"
#include "jail/route.h"

void net_mac_of_role(uint8_t mac[NET_MAC_BYTES], enum net_mac role)
{
    memset(mac, 0, NET_MAC_BYTES);
    mac[0] = 2; /* locally administered */
    mac[NET_MAC_BYTES - 1] = (uint8_t)role;
}

void net_mac_of_address(uint8_t mac[NET_MAC_BYTES], uint32_t address)
{
    be16_put(mac, 0x0200);
    be32_put(mac + 2, address);
}

int net_loopback_up(void)
{
    CLEANUP(close_fdp) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

    if (fd < 0)
        return -errno;
    return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* Before the link is up, or it would have an address of its own making. ENOENT: no IPv6 at all. */
static int disable_ipv6(void)
{
    CLEANUP(close_fdp)
    int fd = open("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    return write(fd, "1", 1) == 1 ? 0 : -errno;
}

int net_outbound_up(uint32_t address, uint32_t gateway)
{
    CLEANUP(close_fdp) int fd = netlink_open(NETLINK_ROUTE);
    struct netlink_batch batch;
    uint8_t mac[NET_MAC_BYTES];
    int r = fd < 0 ? fd : disable_ipv6();

    if (r)
        return r;
    net_mac_of_role(mac, NET_MAC_GATEWAY);
    netlink_batch_init(&batch);
    route_put_up(&batch, NET_BOX_INDEX);
    route_put_address(&batch, NET_BOX_INDEX, address);
    route_put_neighbour(&batch, NET_BOX_INDEX, gateway, mac);
    route_put_default(&batch, NET_BOX_INDEX, gateway);
    return netlink_send(fd, &batch);
}

int net_listener_new(void)
{
    CLEANUP(close_fdp) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};

    if (fd < 0)
        return -errno;
    be16_put(&address.sin_port, NET_LISTENER_PORT);
    be32_put(&address.sin_addr.s_addr, INADDR_LOOPBACK);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, LIMIT_LISTENER_CONNECTIONS) < 0)
        return -errno;
    return steal_fd(&fd);
}
