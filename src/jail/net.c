/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/net.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/fd.h"
#include "base/limits.h"

int net_loopback_up(void)
{
    CLEANUP(close_fdp) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

    if (fd < 0)
        return -errno;
    return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
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
