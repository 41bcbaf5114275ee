/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/must.h"
#include "jail/net_tools.h"
#include "jail/protocol.h"
#include "sandbox/architecture.h"
#include "sandbox/interpreter.h"

enum { LINE_BYTES = 512, FDS_PER_BOX = 4, FDS_OF_DAEMON = 200 };

static void file_close(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

__attribute__((format(printf, 5, 6))) static void add(struct doctor_report *report, const char *id,
                                                      enum doctor_state state, const char *remedy,
                                                      const char *format, ...)
{
    struct doctor_check *check = &report->checks[report->count];
    va_list args;

    must(report->count < DOCTOR_CHECKS_MAX);
    report->count++;
    check->id = id;
    check->state = state;
    va_start(args, format);
    (void)vsnprintf(check->text, sizeof(check->text), format, args);
    va_end(args);
    (void)snprintf(check->remedy, sizeof(check->remedy), "%s", remedy ? remedy : "");
}

/* Does attempt() succeed in a child? It may change namespaces there as it likes. */
static bool works_in_child(int (*attempt)(void))
{
    pid_t pid = fork();
    int status = 1;

    if (pid == 0)
        _exit(attempt() ? 1 : 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int write_text(const char *path, const char *text)
{
    CLEANUP(close_fdp) int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* Capabilities over mounts: ours as root, those of a new user namespace otherwise. */
static int enter_namespaces(void)
{
    char text[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid != 0) {
        if (unshare(CLONE_NEWUSER) < 0)
            return -1;
        (void)write_text("/proc/self/setgroups", "deny");
        (void)snprintf(text, sizeof(text), "0 %u 1", gid);
        if (write_text("/proc/self/gid_map", text) < 0)
            return -1;
        (void)snprintf(text, sizeof(text), "0 %u 1", uid);
        if (write_text("/proc/self/uid_map", text) < 0)
            return -1;
    }
    return unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
}

static int try_user_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

static int try_mounts(void)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    int fd;

    if (enter_namespaces() < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    fd = open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        return -1;
    return move_mount(fd, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH);
}

static int try_overlay(void)
{
    int fs;

    if (enter_namespaces() < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    fs = fsopen("overlay", FSOPEN_CLOEXEC);
    if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", "/usr/lib:/usr/bin", 0) < 0)
        return -1;
    return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int try_proc(void)
{
    pid_t pid;
    int status = 1;

    if (enter_namespaces() < 0 || unshare(CLONE_NEWPID) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        _exit(mount("proc", "/tmp", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static void check_kernel(struct doctor_report *report)
{
    bool is_root = geteuid() == 0;
    uint32_t action = SECCOMP_RET_ERRNO;
    struct utsname name;

    (void)uname(&name);
    add(report, "kernel", DOCTOR_INFO, NULL, "Linux %s, %s, lambd runs as %s", name.release,
        name.machine, is_root ? "root" : "an ordinary user");
    add(report, "architecture", DOCTOR_INFO, NULL,
        "functions run on %s; of those that ask for another architecture the interpreted ones, "
        "too, "
        "but no native programs",
        architecture_of_host(&name));
    if (works_in_child(try_user_namespace))
        add(report, "user-namespaces", DOCTOR_OK, NULL, "user namespaces can be made");
    else
        add(report, "user-namespaces", is_root ? DOCTOR_INFO : DOCTOR_MISSING,
            is_root
                ? ""
                : "allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
                  "kernel.apparmor_restrict_unprivileged_userns), or start lambd as root",
            "user namespaces cannot be made");
    if (works_in_child(try_mounts))
        add(report, "mounts", DOCTOR_OK, NULL, "open_tree, move_mount and mount_setattr work");
    else
        add(report, "mounts", DOCTOR_MISSING,
            "a kernel from 5.12 on, and the right to mount, are needed",
            "the mount interface does not work: %s", strerror(errno));
    if (works_in_child(try_proc))
        add(report, "proc", DOCTOR_OK, NULL, "/proc can be mounted for a sandbox");
    else
        add(report, "proc", DOCTOR_MISSING,
            "in a container, unmask its /proc (or start it privileged)",
            "/proc cannot be mounted for a sandbox");
    if (works_in_child(try_overlay))
        add(report, "overlayfs", DOCTOR_OK, NULL, "several layers can be merged with overlayfs");
    else
        add(report, "overlayfs", DOCTOR_DEGRADED, "load the kernel module overlay",
            "functions with more than one layer cannot run: no overlayfs");
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
        add(report, "seccomp", DOCTOR_OK, NULL, "system calls can be filtered");
    else
        add(report, "seccomp", DOCTOR_MISSING, "a kernel with CONFIG_SECCOMP_FILTER is needed",
            "system calls cannot be filtered");
}

/* Which hierarchy has a controller: 2, 1 or 0. Whether we may use it is another question. */
static int cgroup_version_of(const char *controller)
{
    CLEANUP(file_close) FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[LINE_BYTES * 4];
    char point[LINE_BYTES];
    int version = 0;

    while (mounts && fgets(line, sizeof(line), mounts)) {
        const char *rest = strstr(line, " - ");
        char path[LINE_BYTES + 32];
        char list[LINE_BYTES] = "";
        CLEANUP(file_close) FILE *f = NULL;

        if (!rest || sscanf(line, "%*d %*d %*s %*s %511s", point) != 1)
            continue;
        if (strncmp(rest, " - cgroup2 ", 11) == 0) {
            (void)snprintf(path, sizeof(path), "%s/cgroup.controllers", point);
            f = fopen(path, "re");
            if (f && fgets(list, sizeof(list), f) && strstr(list, controller))
                return 2;
        } else if (strncmp(rest, " - cgroup ", 10) == 0 && strstr(rest, controller)) {
            version = 1;
        }
    }
    return version;
}

static bool has_v2_mount(void)
{
    CLEANUP(file_close) FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[LINE_BYTES * 4];

    while (mounts && fgets(line, sizeof(line), mounts)) {
        if (strstr(line, " - cgroup2 "))
            return true;
    }
    return false;
}

static const struct {
    const char *id;
    const char *controller;
    uint32_t feature;
    const char *without;
} controllers[] = {
    {"cgroup-memory", "memory", JAIL_FEATURE_MEMORY,
     "memory limits are not enforced; the peak is read from /proc"},
    {"cgroup-pids", "pids", JAIL_FEATURE_PIDS, "processes are limited by RLIMIT_NPROC only"},
    {"cgroup-cpu", "cpu", JAIL_FEATURE_CPU, "CPU time is not shared by memory size"},
};

static const char delegate[] = "start lambd as root, or in a delegated control group (systemd-run "
                               "--user --scope -p Delegate=yes …)";

static void check_cgroups(struct doctor_report *report)
{
    bool is_root = geteuid() == 0;

    for (size_t i = 0; i < array_count(controllers); i++) {
        int version = cgroup_version_of(controllers[i].controller);

        if (version && is_root)
            add(report, controllers[i].id, DOCTOR_OK, NULL, "%s: control groups, version %d",
                controllers[i].controller, version);
        else
            add(report, controllers[i].id, DOCTOR_DEGRADED,
                version ? delegate : "enable the controller on the kernel command line", "%s",
                controllers[i].without);
    }
    if (is_root && (has_v2_mount() || cgroup_version_of("freezer")))
        add(report, "freeze", DOCTOR_OK, NULL,
            "idle environments are frozen by control groups, version %d", has_v2_mount() ? 2 : 1);
    else
        add(report, "freeze", DOCTOR_DEGRADED, delegate,
            "idle environments are stopped with SIGSTOP, which their processes can notice");
}

static const struct {
    const char *id;
    enum sandbox_runtime runtime;
    uint32_t major, minor; /* of no version that exists: any will do */
    const char *functions;
    const char *remedy;
    enum doctor_state without; /* few hosts need every language */
} languages[] = {
    {"python", SANDBOX_RUNTIME_PYTHON, 3, 99, "python3.*", "install the package python3",
     DOCTOR_MISSING},
    {"node", SANDBOX_RUNTIME_NODE, 99, 0, "nodejs*", "install the package nodejs", DOCTOR_MISSING},
    {"ruby", SANDBOX_RUNTIME_RUBY, 99, 0, "ruby*", "install the package ruby", DOCTOR_INFO},
    {"dotnet", SANDBOX_RUNTIME_DOTNET, 99, 0, "dotnet*",
     "install the packages mono-runtime and mono-mcs, and build lambd again", DOCTOR_INFO},
    {"java", SANDBOX_RUNTIME_JAVA, 99, 0, "java*",
     "install the package default-jdk-headless, and build lambd again", DOCTOR_INFO},
};

/* Some clients are compiled, and left out where there is nothing to do it with. */
static bool has_client(const char *runtimes_dir, const char *language)
{
    char path[PATH_MAX];

    if (!runtimes_dir)
        return true;
    (void)snprintf(path, sizeof(path), "%s/%s", runtimes_dir, language);
    return access(path, X_OK) == 0;
}

static void check_interpreters(struct doctor_report *report, const char *runtimes_dir)
{
    struct sandbox_interpreter found;

    for (size_t i = 0; i < array_count(languages); i++) {
        if (!sandbox_interpreter_find(&found, languages[i].runtime, languages[i].major,
                                      languages[i].minor))
            add(report, languages[i].id, languages[i].without, languages[i].remedy,
                "%s functions cannot run", languages[i].functions);
        else if (!has_client(runtimes_dir, languages[i].id))
            add(report, languages[i].id, languages[i].without, languages[i].remedy,
                "%s functions cannot run: there is %s, but lambd was built without its client for it",
                languages[i].functions, found.path);
        else if (found.major)
            add(report, languages[i].id, DOCTOR_OK, NULL,
                "%s (version %u.%u) runs all %s functions", found.path, found.major, found.minor,
                languages[i].functions);
        else
            add(report, languages[i].id, DOCTOR_OK, NULL, "%s runs all %s functions", found.path,
                languages[i].functions);
    }
}

static bool exists_any(const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (access(paths[i], F_OK) == 0)
            return true;
    }
    return false;
}

/* AWS brings its SDK; here it is there when the host has it where sandboxes see it. */
static void check_sdks(struct doctor_report *report)
{
    static const char *const python[] = {"/usr/lib/python3/dist-packages/boto3",
                                         "/usr/local/lib/python3/dist-packages/boto3"};
    static const char *const node[] = {"/usr/lib/node_modules/aws-sdk",
                                       "/usr/share/nodejs/@aws-sdk",
                                       "/usr/local/lib/node_modules/@aws-sdk"};

    if (exists_any(python, array_count(python)))
        add(report, "sdk-python", DOCTOR_OK, NULL,
            "Python functions can import boto3 from the host");
    else
        add(report, "sdk-python", DOCTOR_INFO,
            "install python3-boto3, or put boto3 into the function's zip",
            "Python functions have no boto3 unless they bring it");
    if (exists_any(node, array_count(node)))
        add(report, "sdk-node", DOCTOR_OK, NULL, "the AWS SDK for JavaScript is installed");
    else
        add(report, "sdk-node", DOCTOR_INFO, "put @aws-sdk/… into the function's zip",
            "Node.js functions have no AWS SDK unless they bring it");
}

/* What the uplink of sandboxes needs: jail/network.h. */
static void check_network(struct doctor_report *report)
{
    bool is_root = geteuid() == 0;

    if (!net_tool_find(NET_TOOL_NFT))
        add(report, "network", DOCTOR_DEGRADED, "install the package nftables",
            "functions have no outbound network: the program nft is missing");
    else if (is_root)
        add(report, "network", DOCTOR_OK, NULL, "functions have an outbound network (veth, nft)");
    else if (!net_tool_find(NET_TOOL_PASTA))
        add(report, "network", DOCTOR_DEGRADED, "install the package passt, or start lambd as root",
            "functions have no outbound network: without root it needs the program pasta");
    else if (access("/dev/net/tun", R_OK | W_OK) < 0)
        add(report, "network", DOCTOR_DEGRADED,
            "let this user read and write /dev/net/tun, or start lambd as root",
            "functions have no outbound network: without root it needs /dev/net/tun");
    else
        add(report, "network", DOCTOR_OK, NULL, "functions have an outbound network (pasta)");
}

/* Only with root is it of any use. */
static void check_forwarding(struct doctor_report *report)
{
    char text[8] = "";
    CLEANUP(close_fdp) int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);

    if (geteuid() != 0)
        return;
    if (fd >= 0)
        (void)!read(fd, text, sizeof(text) - 1);
    if (text[0] == '1')
        add(report, "ip-forward", DOCTOR_INFO, NULL,
            "ip forwarding is on; where a firewall drops forwarded packets (Docker's does), allow "
            "those from and to lambd-*");
    else
        add(report, "ip-forward", DOCTOR_INFO, NULL,
            "ip forwarding is off; lambd serve switches it on while it runs, for its sandboxes "
            "only (not with --network none)");
}

static void check_capacity(struct doctor_report *report)
{
    struct rlimit limit = {0};
    unsigned long boxes;

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    boxes = limit.rlim_max > FDS_OF_DAEMON ? (limit.rlim_max - FDS_OF_DAEMON) / FDS_PER_BOX : 0;
    if (boxes > LIMIT_ENVIRONMENTS)
        boxes = LIMIT_ENVIRONMENTS;
    add(report, "capacity", boxes >= 1000 ? DOCTOR_OK : DOCTOR_DEGRADED,
        boxes >= 1000 ? "" : "raise the limit of open files (ulimit -n, LimitNOFILE=)",
        "at most %lu environments at a time, by the limit of %lu open files", boxes,
        (unsigned long)limit.rlim_max);
}

static const char tmp_in_memory[] =
    "a function's /tmp is kept in memory and counts towards its memory limit";

static bool has_ext4(void)
{
    CLEANUP(close_fdp) int fd = fsopen("ext4", FSOPEN_CLOEXEC);

    return fd >= 0;
}

/* What the jail tries itself when it starts, in the same order of likelihood. */
static void check_tmp(struct doctor_report *report)
{
    const char *remedy = NULL;

    if (geteuid() != 0)
        remedy = "start lambd as root";
    else if (access("/dev/loop-control", R_OK | W_OK) < 0)
        remedy = "load the kernel module loop (in a container, allow loop devices)";
    else if (!has_ext4())
        remedy = "load the kernel module ext4";
    else if (access("/usr/sbin/mke2fs", X_OK) < 0 && access("/sbin/mke2fs", X_OK) < 0)
        remedy = "install the package e2fsprogs";
    if (remedy)
        add(report, "tmp", DOCTOR_DEGRADED, remedy, "%s", tmp_in_memory);
    else
        add(report, "tmp", DOCTOR_OK, NULL,
            "a function's /tmp is on the disk (loop-mounted ext4) and not in its memory");
}

static void check_state_dir(struct doctor_report *report, const char *state_dir)
{
    struct stat st;

    if (!state_dir)
        return;
    if (stat(state_dir, &st) == 0 && S_ISDIR(st.st_mode) &&
        access(state_dir, R_OK | W_OK | X_OK) == 0)
        add(report, "state-dir", DOCTOR_OK, NULL, "%s can be used", state_dir);
    else if (errno == ENOENT)
        add(report, "state-dir", DOCTOR_OK, NULL, "%s does not exist yet", state_dir);
    else
        add(report, "state-dir", DOCTOR_MISSING,
            "give it to this user, or choose another with --state-dir", "%s cannot be used: %s",
            state_dir, strerror(errno));
}

static void check_rootless(struct doctor_report *report)
{
    if (geteuid() == 0)
        return;
    if (access("/usr/bin/newuidmap", X_OK) == 0)
        add(report, "own-uid", DOCTOR_INFO,
            "give this user a range of 65536 ids in /etc/subuid and /etc/subgid",
            "sandboxes have uids of their own if this user has a range in /etc/subuid");
    else
        add(report, "own-uid", DOCTOR_DEGRADED,
            "install uidmap and give this user a range of ids in /etc/subuid and /etc/subgid",
            "all sandboxes share this user's uid (each in a user namespace of its own)");
}

void doctor_run(struct doctor_report *report, const char *state_dir, const char *runtimes_dir)
{
    memset(report, 0, sizeof(*report));
    check_kernel(report);
    check_cgroups(report);
    check_rootless(report);
    check_interpreters(report, runtimes_dir);
    check_sdks(report);
    check_network(report);
    check_forwarding(report);
    check_capacity(report);
    check_tmp(report);
    check_state_dir(report, state_dir);
}

void doctor_from_features(struct doctor_report *report, uint32_t features)
{
    memset(report, 0, sizeof(*report));
    for (size_t i = 0; i < array_count(controllers); i++) {
        if (!(features & controllers[i].feature))
            add(report, controllers[i].id, DOCTOR_DEGRADED, delegate, "%s", controllers[i].without);
    }
    if ((features & JAIL_FEATURE_MEMORY) && !(features & JAIL_FEATURE_SWAP))
        add(report, "cgroup-swap", DOCTOR_DEGRADED, "boot with swapaccount=1",
            "swap does not count towards memory limits");
    if (!(features & (JAIL_FEATURE_FREEZE_V1 | JAIL_FEATURE_FREEZE_V2)))
        add(report, "freeze", DOCTOR_DEGRADED, delegate,
            "idle environments are stopped with SIGSTOP, which their processes can notice");
    if (!(features & JAIL_FEATURE_OWN_UID))
        add(report, "own-uid", DOCTOR_DEGRADED,
            "start lambd as root, or install uidmap and give this user a range in /etc/subuid",
            "all sandboxes share one uid (each in a user namespace of its own)");
    if (!(features & JAIL_FEATURE_TMP_IMAGE))
        add(report, "tmp", DOCTOR_DEGRADED,
            "start lambd as root where loop devices, ext4 and mke2fs are there", "%s",
            tmp_in_memory);
}

const char *doctor_state_name(enum doctor_state state)
{
    static const char *const names[] = {"ok", "info", "degraded", "missing"};

    return names[state];
}

enum doctor_state doctor_worst(const struct doctor_report *report)
{
    enum doctor_state worst = DOCTOR_OK;

    for (size_t i = 0; i < report->count; i++) {
        if (report->checks[i].state > worst)
            worst = report->checks[i].state;
    }
    return worst;
}
