/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "jail/caps.h"
#include "jail/dns_relay.h"
#include "jail/net_tools.h"
#include "jail/netlink.h"
#include "jail/network.h"
#include "jail/route.h"
#include "jail/ruleset.h"
#include "jail/seccomp.h"
#include "jail/user.h"

enum {
    JAIL_FD = 3, /* closed by the jail, or with it: our end */
    NAMESPACE_FD = 4,
    ADDRESSES_BYTES = 2048,
    DELAY_MS_MIN = 100,
    DELAY_MS_MAX = 10000,
    DELAY_MS_ADDRESSES = 1000,
};

/* None of what pasta would map from or to the host by itself; IPv4 only, as all of this. */
static const char *const pasta_argv[] = {
    "pasta",       "-f",        "-q",       "--netns-only", "--netns",     "/proc/self/fd/4",
    "-I",          "uplink",    "-4",       "--config-net", "-t",          "none",
    "-u",          "none",      "-T",       "none",         "-U",          "none",
    "--no-map-gw", "--no-dhcp", "--no-ndp", "--no-ra",      "--no-dhcpv6", NULL};

struct keeper;

/* Something that must run. */
struct ward {
    const char *name;
    void (*run)(struct keeper *keeper);
    pid_t pid;         /* 0: not now */
    uint64_t start_ns; /* then it is to be started, or was */
    uint32_t delay_ms; /* of the next start */
};

enum { WARD_RELAY, WARD_PASTA, WARDS };

struct keeper {
    const struct jail_ids *ids;
    struct ward wards[WARDS];
    size_t ward_count;
    int fds[KEEPER_FDS];
    int signal_fd;
    int watch_fd;          /* changes of the host's addresses; rootless only */
    bool has_addresses;    /* the filter knows them */
    uint64_t addresses_ns; /* when to tell it, if it does not */
};

/* What is kept running */

static int give_up_rights(const struct jail_ids *ids)
{
    int r = caps_drop_bounding();

    /* Where boxes have no users of their own there is only one, and no other to become. */
    if (!r && ids->has_own)
        r = ids_become_unpacker(ids);
    return r ? r : caps_drop();
}

static void run_relay(struct keeper *keeper)
{
    int udp_fd = keeper->fds[KEEPER_UDP];
    int tcp_fd = keeper->fds[KEEPER_TCP];

    (void)prctl(PR_SET_NAME, "lambd-dns", 0, 0, 0);
    (void)close(JAIL_FD);
    (void)close(keeper->fds[KEEPER_NAMESPACE]);
    if (keeper->ids->is_rootless && give_up_rights(keeper->ids) < 0)
        return;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || seccomp_load_box() < 0)
        return;
    dns_relay_run(udp_fd, tcp_fd);
}

static void run_pasta(struct keeper *keeper)
{
    const char *path = net_tool_find(NET_TOOL_PASTA);
    char *no_environment[] = {NULL};

    if (dup2(keeper->fds[KEEPER_NAMESPACE], NAMESPACE_FD) < 0 ||
        (keeper->fds[KEEPER_NAMESPACE] == NAMESPACE_FD && fcntl(NAMESPACE_FD, F_SETFD, 0) < 0))
        return;
    if (path)
        (void)execve(path, (char *const *)(uintptr_t)pasta_argv, no_environment);
}

/* The jail ignores some, which pasta takes for a failure. */
static void reset_signals(void)
{
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL); /* fails for SIGKILL and SIGSTOP only */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void start_ward(struct keeper *keeper, struct ward *ward, uint64_t now_ns)
{
    ward->start_ns = now_ns;
    ward->pid = fork();
    if (ward->pid == 0) {
        reset_signals();
        ward->run(keeper);
        _exit(127);
    }
    if (ward->pid < 0)
        ward->pid = 0; /* tried again in the next turn */
}

/* One that has run for long enough is not to be punished for what was before. */
static void on_ward_ended(struct ward *ward, int status, uint64_t now_ns)
{
    if (now_ns - ward->start_ns > DELAY_MS_MAX * NS_PER_MS)
        ward->delay_ms = DELAY_MS_MIN;
    (void)dprintf(STDERR_FILENO,
                  "lambd: the sandboxes' %s ended (%s %d); it is started again in %u ms\n",
                  ward->name, WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), ward->delay_ms);
    ward->pid = 0;
    ward->start_ns = now_ns + ward->delay_ms * NS_PER_MS;
    ward->delay_ms = ward->delay_ms * 2 < DELAY_MS_MAX ? ward->delay_ms * 2 : DELAY_MS_MAX;
}

static void reap(struct keeper *keeper)
{
    struct signalfd_siginfo info;
    pid_t pid;
    int status;

    while (read(keeper->signal_fd, &info, sizeof(info)) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < keeper->ward_count; i++)
            if (keeper->wards[i].pid == pid)
                on_ward_ended(&keeper->wards[i], status, clock_mono_ns());
}

/* The host's addresses */

static int watch_addresses(void)
{
    struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
    CLEANUP(close_fdp)
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&group, sizeof(group)) < 0)
        return -errno;
    return steal_fd(&fd);
}

static int load_addresses(const struct keeper *keeper)
{
    CLEANUP(close_fdp) int fd = netlink_open(NETLINK_ROUTE);
    char list[ADDRESSES_BYTES];
    char text[RULESET_BYTES];
    int r = fd < 0 ? fd : route_list_addresses(fd, list, sizeof(list));

    if (r)
        return r;
    (void)snprintf(text, sizeof(text), "flush set ip lambd host\n");
    if (list[0])
        (void)snprintf(text, sizeof(text),
                       "flush set ip lambd host\nadd element ip lambd host { %s }\n", list);
    return ruleset_wait(ruleset_load(text, keeper->fds[KEEPER_NAMESPACE]));
}

/* What changed does not matter: all of them are read again. */
static void on_addresses(struct keeper *keeper)
{
    char bytes[4096];

    while (recv(keeper->watch_fd, bytes, sizeof(bytes), 0) > 0 || errno == ENOBUFS)
        ;
    keeper->has_addresses = false;
    keeper->addresses_ns = 0;
}

/* There is no pasta before the filter knows which addresses are the host's. */
static void follow_addresses(struct keeper *keeper, uint64_t now_ns)
{
    if (keeper->watch_fd < 0 || keeper->has_addresses || now_ns < keeper->addresses_ns)
        return;
    keeper->has_addresses = load_addresses(keeper) == 0;
    keeper->addresses_ns = now_ns + DELAY_MS_ADDRESSES * NS_PER_MS;
    if (keeper->has_addresses && keeper->ward_count == WARD_PASTA)
        keeper->ward_count = WARDS;
    if (!keeper->has_addresses)
        (void)dprintf(STDERR_FILENO, "lambd: the sandboxes' packet filter cannot be told the "
                                     "host's addresses\n");
}

/* The process */

static int wait_ms(const struct keeper *keeper, uint64_t now_ns)
{
    uint64_t at_ns =
        keeper->watch_fd >= 0 && !keeper->has_addresses ? keeper->addresses_ns : UINT64_MAX;

    for (size_t i = 0; i < keeper->ward_count; i++)
        if (!keeper->wards[i].pid && keeper->wards[i].start_ns < at_ns)
            at_ns = keeper->wards[i].start_ns;
    if (at_ns == UINT64_MAX)
        return -1;
    return at_ns <= now_ns ? DELAY_MS_MIN : (int)((at_ns - now_ns) / NS_PER_MS) + 1;
}

static void run_turn(struct keeper *keeper)
{
    uint64_t now_ns = clock_mono_ns();
    struct pollfd polled[] = {{.fd = JAIL_FD, .events = POLLIN},
                              {.fd = keeper->signal_fd, .events = POLLIN},
                              {.fd = keeper->watch_fd, .events = POLLIN}};

    follow_addresses(keeper, now_ns);
    for (size_t i = 0; i < keeper->ward_count; i++)
        if (!keeper->wards[i].pid && keeper->wards[i].start_ns <= now_ns)
            start_ward(keeper, &keeper->wards[i], now_ns);
    (void)poll(polled, array_count(polled), wait_ms(keeper, now_ns));
    if (polled[0].revents)
        _exit(0);
    if (polled[2].revents)
        on_addresses(keeper);
    reap(keeper);
}

static int keep_only(int jail_fd)
{
    if (jail_fd != JAIL_FD && dup3(jail_fd, JAIL_FD, O_CLOEXEC) < 0)
        return -errno;
    return close_range(JAIL_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void keeper_run(const struct jail_ids *ids, int jail_fd)
{
    struct keeper keeper = {
        .ids = ids,
        .wards = {[WARD_RELAY] = {.name = "name service", .run = run_relay},
                  [WARD_PASTA] = {.name = "uplink (pasta)", .run = run_pasta}},
        .ward_count = WARD_PASTA, /* without it, until follow_addresses() says otherwise */
        .watch_fd = -1,
    };
    int fds[FD_PASS_MAX];
    sigset_t child;
    char byte;

    for (size_t i = 0; i < WARDS; i++)
        keeper.wards[i].delay_ms = DELAY_MS_MIN;
    (void)prctl(PR_SET_NAME, "lambd-keeper", 0, 0, 0);
    if (keep_only(jail_fd) < 0 || fd_receive(JAIL_FD, &byte, 1, fds) != 1)
        _exit(1);
    memcpy(keeper.fds, fds, sizeof(keeper.fds));
    if (!ids->is_rootless && give_up_rights(ids) < 0)
        _exit(1);
    if (ids->is_rootless)
        keeper.watch_fd = watch_addresses();
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    keeper.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (keeper.signal_fd < 0 || (ids->is_rootless && keeper.watch_fd < 0))
        _exit(1);
    for (;;)
        run_turn(&keeper);
}

int keeper_start(struct network *network, const struct jail_ids *ids)
{
    struct clone_args args = {
        .flags = CLONE_NEWPID | (unsigned)CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&network->keeper_pid_fd,
        .exit_signal = SIGCHLD,
    };
    CLEANUP(close_fdp) int theirs = -1;
    int pair[2];
    long pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    network->keeper_fd = pair[0];
    theirs = pair[1];
    pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0)
        keeper_run(ids, theirs);
    if (pid < 0) {
        network->keeper_pid_fd = -1;
        return -errno;
    }
    return 0;
}

int keeper_go(int keeper_fd, const int fds[KEEPER_FDS])
{
    return fd_send(keeper_fd, "", 1, fds, KEEPER_FDS);
}
