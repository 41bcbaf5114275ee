/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order in which a box is locked in. Each step says why it stands where it does; moving one
 * needs a reason.
 *
 *   1  descriptors       first: whatever fails later, none of the jail or of another box is here
 *   2  wait for "go"     the jail attaches cgroups and writes id maps; the maker makes /tmp
 *   3  OOM score         needs the host's /proc and CAP_SYS_RESOURCE
 *   4  cgroup namespace  after the attach, so that its root is our own group
 *   5  hostname, network need capabilities in the new namespaces
 *   6  mounts            likewise; /proc while the jail's is in sight (see mount_proc)
 *   7  pivot             from here on there is no path to anything outside
 *   8  rlimits           while hard limits may still be raised
 *   9  bounding set      needs CAP_SETPCAP
 *  10  ids               need CAP_SETUID; after them the uid is the box's own
 *  11  capabilities      the rest goes, and no_new_privs comes, which seccomp needs
 *  12  not dumpable      after the change of ids, which resets it
 *  13  parent-death      likewise; the closing control socket does the same, a little later
 *  14  seccomp           last, because it forbids most of the above
 */

#include "jail/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "jail/caps.h"
#include "jail/failure.h"
#include "jail/init.h"
#include "jail/jail.h"
#include "jail/mount.h"
#include "jail/net.h"
#include "jail/seccomp.h"

static const char hostname[] = "sandbox";

/* The host prefers to kill a function before its own services when it runs out of memory. */
static const char oom_score[] = "500";

/* What a process sees on AWS (recorded). The processes are fewer in small functions, see
 * box_process.c. */
static const struct {
    int resource;
    rlim_t soft;
    rlim_t hard;
} rlimits[] = {
    {RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_CORE, 10737418240, 10737418240},
    {RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_MEMLOCK, 65536, 65536},
    {RLIMIT_NOFILE, LIMIT_SANDBOX_FDS, LIMIT_SANDBOX_FDS},
    {RLIMIT_NPROC, LIMIT_SANDBOX_PROCESSES, LIMIT_SANDBOX_PROCESSES},
    {RLIMIT_STACK, 8388608, RLIM_INFINITY},
    /* Not recorded; bounds on kernel memory that is charged to nobody. */
    {RLIMIT_SIGPENDING, 4096, 4096},
    {RLIMIT_MSGQUEUE, 819200, 819200},
    {RLIMIT_NICE, 0, 0},
    {RLIMIT_RTPRIO, 0, 0},
};

/* Files of /proc that tell about the host or act on it. Most are root's anyway; this does not
 * depend on it. */
static const char *const proc_hidden[] = {
    "kcore",      "keys",        "key-users",     "kallsyms",      "kmsg",
    "timer_list", "sched_debug", "sysrq-trigger", "latency_stats", "kpagecount",
    "kpageflags", "kpagecgroup", "slabinfo",      "vmallocinfo",   "interrupts",
    "iomem",      "ioports",     "modules",       "diskstats",
};
static const char *const proc_hidden_folders[] = {"acpi", "asound", "bus", "driver",
                                                  "fs",   "irq",    "scsi"};

static int keep_only(int control_fd, int null_fd)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (dup2(null_fd, fd) < 0)
            return -errno;
    }
    if (control_fd != INIT_CONTROL_FD && dup3(control_fd, INIT_CONTROL_FD, O_CLOEXEC) < 0)
        return -errno;
    return close_range(INIT_CONTROL_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static void reset_signals(void)
{
    static const struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void)sigaction(s, &normal, NULL); /* fails for SIGKILL and SIGSTOP only */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the box's /tmp is to be: a mount, or a tmpfs of a size. */
struct tmp {
    int mount_fd; /* -1 */
    uint32_t mb;
    uint32_t error; /* there could be no mount */
};

static struct tmp wait_for_go(void)
{
    int fds[FD_PASS_MAX];
    struct init_order order;

    if (fd_receive(INIT_CONTROL_FD, &order, sizeof(order), fds) != (ssize_t)sizeof(order))
        _exit(0); /* the jail has given us up */
    return (struct tmp){.mount_fd = fds[0], .mb = order.tmp_mb, .error = order.tmp_error};
}

static void set_oom_score(void)
{
    CLEANUP(close_fdp) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        (void)!write(fd, oom_score, sizeof(oom_score) - 1); /* a preference, no protection */
}

/* Put tree_fd at path and close it; a failed tree (negative) is passed on. */
static int put(int tree_fd, const char *path)
{
    CLEANUP(close_fdp) int fd = tree_fd;

    return fd < 0 ? fd : tree_attach(fd, AT_FDCWD, path);
}

static int put_file_over(const char *from, const char *kind, uint32_t slot, const char *over)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "%s/%s-%u", from, kind, slot);
    return put(tree_clone(AT_FDCWD, path, TREE_FOREIGN), over);
}

/*
 * A /proc of the new pid namespace. In a user namespace the kernel allows it only while a /proc
 * with nothing hidden is mounted somewhere in this mount namespace, which is the jail's, until the
 * pivot.
 */
static int mount_proc(void)
{
    /* Not "invisible": that shows everything to the group 0, which a box has where root runs lambd
     * rootless. */
    static const char *const hidden[] = {"hidepid", "ptraceable", NULL};
    uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int tree_fd = tree_new("proc", hidden, attributes);

    if (tree_fd < 0)
        tree_fd = tree_new("proc", NULL, attributes);
    return put(tree_fd, "proc");
}

/*
 * Whether it is there is asked first: to throw a tree away that found no place takes the kernel a
 * quarter of a millisecond.
 */
static int cover(const char *name, const char *with)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "proc/%s", name);
    return access(path, F_OK) < 0 ? 0 : put(tree_clone(AT_FDCWD, with, 0), path);
}

static int hide_in_proc(void)
{
    int r = put(tree_clone(AT_FDCWD, "proc/sys", TREE_FOREIGN), "proc/sys");

    for (size_t i = 0; !r && i < array_count(proc_hidden); i++)
        r = cover(proc_hidden[i], "dev/null");
    for (size_t i = 0; !r && i < array_count(proc_hidden_folders); i++)
        r = cover(proc_hidden_folders[i], "var/task"); /* an empty, read-only folder */
    return r;
}

static int mount_tmp(const struct tmp *tmp)
{
    char size[16];
    const char *const options[] = {"mode", "1777", "size", size, "nr_inodes", "0", NULL};

    if (tmp->error)
        return -(int)tmp->error;
    if (tmp->mount_fd >= 0)
        return put(tmp->mount_fd, "tmp");
    (void)snprintf(size, sizeof(size), "%um", tmp->mb);
    return put(tree_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "tmp");
}

/*
 * A mount that came along into a user namespace is locked and cannot become the root; a copy made
 * here can.
 */
static int enter_box(const struct jail *jail)
{
    int r = 0;

    if (!jail->ids.has_own)
        r = put(tree_clone_all(AT_FDCWD, "/box", 0), "/box");
    if (r)
        return r;
    return chdir("/box") < 0 ? -errno : 0;
}

static int build_mounts(const struct jail *jail, uint32_t slot, const struct tmp *tmp,
                        struct jail_failure *failure)
{
    int r = enter_box(jail);

    if (!r)
        r = put_file_over("/users", "passwd", slot, "etc/passwd");
    if (!r)
        r = put_file_over("/users", "group", slot, "etc/group");
    if (r)
        return fail(failure, JAIL_STEP_MOUNTS, r);
    r = mount_proc();
    if (!r)
        r = hide_in_proc();
    if (r)
        return fail(failure, JAIL_STEP_PROC, r);
    r = mount_tmp(tmp);
    if (r)
        return fail(failure, JAIL_STEP_TMP, r);
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return fail(failure, JAIL_STEP_PIVOT, errno);
    return 0;
}

/* A hard limit above ours cannot be raised without being root of the host; then the host's own one
 * stays. */
static int set_rlimits(void)
{
    struct rlimit limit;

    for (size_t i = 0; i < array_count(rlimits); i++) {
        limit = (struct rlimit){rlimits[i].soft, rlimits[i].hard};
        if (setrlimit((__rlimit_resource_t)rlimits[i].resource, &limit) == 0)
            continue;
        if (errno != EPERM || getrlimit((__rlimit_resource_t)rlimits[i].resource, &limit) < 0)
            return -errno;
        limit.rlim_cur = rlimits[i].soft < limit.rlim_max ? rlimits[i].soft : limit.rlim_max;
        if (setrlimit((__rlimit_resource_t)rlimits[i].resource, &limit) < 0)
            return -errno;
    }
    return 0;
}

static int enter_network(const struct jail *jail, uint32_t slot, int *ret_listener_fd,
                         struct jail_failure *failure)
{
    const struct net_plan *plan = &jail->network.plan;
    int r = net_loopback_up();

    if (r)
        return fail(failure, JAIL_STEP_NET, r);
    if (jail->network.kind == NETWORK_NAT)
        r = net_outbound_up(net_plan_box(plan, slot, jail->boxes[slot].generation),
                            net_plan_gateway(plan));
    if (r)
        return fail(failure, JAIL_STEP_NET_BOX, r);
    *ret_listener_fd = net_listener_new();
    return *ret_listener_fd < 0 ? fail(failure, JAIL_STEP_LISTENER, *ret_listener_fd) : 0;
}

static int lock_in(const struct jail *jail, uint32_t slot, struct jail_failure *failure)
{
    int r = set_rlimits();

    if (r)
        return fail(failure, JAIL_STEP_RLIMITS, r);
    r = caps_drop_bounding();
    if (r)
        return fail(failure, JAIL_STEP_CAPS, r);
    r = ids_become(&jail->ids, slot);
    if (r)
        return fail(failure, JAIL_STEP_IDS, r);
    r = caps_drop();
    if (r)
        return fail(failure, JAIL_STEP_CAPS, r);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return fail(failure, JAIL_STEP_CAPS, errno);
    r = seccomp_load_box();
    return r ? fail(failure, JAIL_STEP_SECCOMP, r) : 0;
}

_Noreturn void birth_run(const struct jail *jail, uint32_t slot, int control_fd)
{
    const struct init_report ready = {.type = INIT_READY};
    struct jail_failure failure = {0};
    struct tmp tmp;
    int listener_fd = -1;

    if (keep_only(control_fd, jail->root.null_fd) < 0)
        _exit(1);
    reset_signals();
    (void)prctl(PR_SET_NAME, "lambd-init", 0, 0, 0);
    tmp = wait_for_go();
    set_oom_score();
    if (unshare(CLONE_NEWCGROUP) < 0) {
        (void)fail(&failure, JAIL_STEP_CGROUP, errno);
        init_fail(&failure);
    }
    if (sethostname(hostname, sizeof(hostname) - 1) < 0) {
        (void)fail(&failure, JAIL_STEP_HOSTNAME, errno);
        init_fail(&failure);
    }
    if (enter_network(jail, slot, &listener_fd, &failure) ||
        build_mounts(jail, slot, &tmp, &failure) || lock_in(jail, slot, &failure))
        init_fail(&failure);
    if (fd_send(INIT_CONTROL_FD, &ready, sizeof(ready), &listener_fd, 1) < 0)
        _exit(1);
    (void)close(listener_fd);
    init_run();
}
