/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/endian.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/must.h"
#include "jail/net_tools.h"
#include "jail/netlink.h"
#include "jail/network.h"
#include "jail/route.h"

static const char guard_name[] = "lambd-forwarding";

/*
 * Refused and not dropped, so that a function gets an error and not a time-out. Sandboxes reach
 * each other over no way, because nothing is forwarded that does not leave by the uplink. Metadata
 * services besides 169.254.169.254: Azure's, Alibaba's, Oracle's. The set "host" has the host's own
 * addresses where the uplink is pasta, which would connect to them; as root the host's own rules
 * know them.
 *
 * Connections are counted, because each takes memory of the kernel, here and on the host.
 */
static const char for_boxes[] =
    "table ip lambd {\n"
    "  set connections { type ipv4_addr; size 65535; flags dynamic; }\n"
    "  set host { type ipv4_addr; }\n"
    "  chain input {\n"
    "    type filter hook input priority filter; policy drop;\n"
    "    iifname \"lo\" accept\n"
    "    iifname != \"uplink\" ip daddr %s udp dport 53 accept\n"
    "    iifname != \"uplink\" ip daddr %s tcp dport 53 accept\n"
    "    iifname != \"uplink\" reject\n"
    "  }\n"
    "  chain forward {\n"
    "    type filter hook forward priority filter; policy drop;\n"
    "    iifname \"uplink\" ct state established,related accept\n"
    "    iifname \"uplink\" drop\n"
    "    oifname != \"uplink\" reject\n"
    "    ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3, 168.63.129.16,\n"
    "               100.100.100.200, 192.0.0.192, %s } reject\n"
    "    ip daddr @host reject\n"
    "    ct state invalid drop\n"
    "    ct state new add @connections { ip saddr ct count over %d } reject\n"
    "    ct state new ct count over %d reject\n"
    "    accept\n"
    "  }\n"
    "  chain postrouting {\n"
    "    type nat hook postrouting priority srcnat; policy accept;\n"
    "    oifname \"uplink\" masquerade\n"
    "  }\n"
    "}\n";

/*
 * Before anybody else's rules have given a packet another destination, those for any address of the
 * host are refused, and those dropped whose sender is not the jail's namespace. The input chain
 * says it again for whatever the first one leaves.
 */
static const char for_host[] = "table ip %s {\n"
                               "  chain prerouting {\n"
                               "    type filter hook prerouting priority raw; policy accept;\n"
                               "    iifname != \"%s\" return\n"
                               "    ip saddr != %s drop\n"
                               "    fib daddr type local reject\n"
                               "    fib daddr type != unicast drop\n"
                               "  }\n"
                               "  chain input {\n"
                               "    type filter hook input priority filter; policy accept;\n"
                               "    iifname \"%s\" drop\n"
                               "  }\n"
                               "  chain forward {\n"
                               "    type filter hook forward priority filter; policy accept;\n"
                               "    oifname \"%s\" ct state established,related accept\n"
                               "    oifname \"%s\" drop\n"
                               "  }\n"
                               "  chain postrouting {\n"
                               "    type nat hook postrouting priority srcnat; policy accept;\n"
                               "    ip saddr %s masquerade\n"
                               "  }\n"
                               "}\n";

/* One for all lambds of this namespace; the last of them removes it and switches forwarding off. */
static const char guard[] = "table ip lambd-forwarding\n"
                            "delete table ip lambd-forwarding\n"
                            "table ip lambd-forwarding {\n"
                            "  chain forward {\n"
                            "    type filter hook forward priority filter; policy drop;\n"
                            "    iifname \"lambd-*\" accept\n"
                            "    oifname \"lambd-*\" accept\n"
                            "  }\n"
                            "}\n";

void ruleset_for_boxes(const struct network *network, char text[RULESET_BYTES])
{
    char gateway[NET_TEXT_BYTES];
    char range[NET_TEXT_BYTES];
    char with_bits[NET_TEXT_BYTES + 4];
    int n;

    (void)net_address_text(net_plan_gateway(&network->plan), gateway);
    (void)snprintf(with_bits, sizeof(with_bits), "%s/%u",
                   net_address_text(network->plan.base, range), network->plan.prefix);
    n = snprintf(text, RULESET_BYTES, for_boxes, gateway, gateway, with_bits,
                 LIMIT_SANDBOX_CONNECTIONS, LIMIT_CONNECTIONS_OUTBOUND);
    must(n > 0 && n < RULESET_BYTES);
}

void ruleset_for_host(const struct network *network, bool with_guard, char text[RULESET_BYTES])
{
    const char *name = network->name;
    char address[NET_TEXT_BYTES];
    char replace[64];
    int n;

    (void)net_address_text(network->uplink, address);
    (void)snprintf(replace, sizeof(replace), "table ip %s\ndelete table ip %s\n", name, name);
    n = snprintf(text, RULESET_BYTES, for_host, name, name, address, name, name, name, address);
    must(n > 0 && (size_t)n + sizeof(replace) + sizeof(guard) < RULESET_BYTES);
    memmove(text + strlen(replace), text, (size_t)n + 1);
    memcpy(text, replace, strlen(replace));
    if (with_guard)
        memcpy(text + strlen(replace) + (size_t)n, guard, sizeof(guard));
}

/* nft */

static _Noreturn void become_nft(int text_fd, int ns_fd)
{
    static const char *const argv[] = {"nft", "-f", "-", NULL};
    const char *path = net_tool_find(NET_TOOL_NFT);
    char *no_environment[] = {NULL};

    if (ns_fd >= 0 && setns(ns_fd, CLONE_NEWNET) < 0)
        _exit(126);
    /* What it complains of is no help to whoever started lambd; our sentence says the remedy. */
    if (dup2(text_fd, STDIN_FILENO) < 0 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(126);
    if (path)
        (void)execve(path, (char *const *)(uintptr_t)argv, no_environment);
    _exit(127);
}

pid_t ruleset_load(const char *text, int ns_fd)
{
    CLEANUP(close_fdp) int fd = memfd_create("ruleset", MFD_CLOEXEC);
    pid_t pid;
    int r;

    if (fd < 0)
        return -errno;
    r = fd_write_full(fd, text, strlen(text));
    if (r)
        return r;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    pid = fork();
    if (pid == 0)
        become_nft(fd, ns_fd);
    return pid < 0 ? -errno : pid;
}

int ruleset_wait(pid_t pid)
{
    int status;

    if (pid < 0)
        return pid;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status == 0 ? 0 : -EINVAL;
}

/* Removal */

enum { GONE_MAX = 8 };

/* What is to be removed: our own table, and those whose link has gone with a jail that was killed.
 */
struct tables {
    const char *own;
    int route_fd;
    bool has_guard;
    bool has_others; /* of lambds that live */
    size_t gone_count;
    char gone[GONE_MAX][RULESET_NAME_BYTES];
};

/* Each lambd makes its link before its table. */
static bool is_gone(const struct tables *tables, const char *name)
{
    uint32_t index;

    return strcmp(name, tables->own) == 0 ||
           (strlen(name) < RULESET_NAME_BYTES &&
            route_find_link(tables->route_fd, name, &index) == -ENODEV);
}

static int look_at_table(void *context, unsigned type, const void *body, size_t len)
{
    struct tables *tables = context;
    const char *name = netlink_find(body, len, sizeof(struct nfgenmsg), NFTA_TABLE_NAME, 1);

    (void)type;
    if (!name || !memchr(name, 0, len - (size_t)(name - (const char *)body)))
        return 0;
    if (strcmp(name, guard_name) == 0)
        tables->has_guard = true;
    else if (strncmp(name, "lambd-", 6) != 0)
        return 0;
    else if (tables->gone_count < GONE_MAX && is_gone(tables, name))
        (void)snprintf(tables->gone[tables->gone_count++], RULESET_NAME_BYTES, "%s", name);
    else
        tables->has_others = true;
    return 0;
}

static void put_removal(struct netlink_batch *batch, const char *name)
{
    const struct nfgenmsg head = {.nfgen_family = NFPROTO_IPV4};

    netlink_put(batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NLM_F_ACK, &head,
                sizeof(head));
    netlink_attr_text(batch, NFTA_TABLE_NAME, name);
}

int ruleset_remove(int fd, int route_fd, const char *name, bool *ret_was_guarded)
{
    const struct nfgenmsg head = {.nfgen_family = NFPROTO_IPV4};
    struct nfgenmsg bracket = {0};
    struct tables tables = {.own = name, .route_fd = route_fd};
    struct netlink_batch batch;
    bool is_last;
    int r = netlink_list(fd, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, &head, sizeof(head),
                         look_at_table, &tables);

    if (r)
        return r;
    is_last = tables.has_guard && !tables.has_others;
    *ret_was_guarded = is_last;
    if (tables.gone_count == 0 && !is_last)
        return 0;
    be16_put(&bracket.res_id, NFNL_SUBSYS_NFTABLES);
    netlink_batch_init(&batch);
    netlink_put(&batch, NFNL_MSG_BATCH_BEGIN, 0, &bracket, sizeof(bracket));
    for (size_t i = 0; i < tables.gone_count; i++)
        put_removal(&batch, tables.gone[i]);
    if (is_last)
        put_removal(&batch, guard_name);
    netlink_put(&batch, NFNL_MSG_BATCH_END, 0, &bracket, sizeof(bracket));
    return netlink_send(fd, &batch);
}
