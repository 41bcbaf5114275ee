/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looks around inside a box. PROBE names a verb; exit status 0 means "as it should be", 1 is a
 * finding, whose sentences go to standard error. Static, so that it depends on nothing in the box
 * but the kernel.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/endian.h"

static int findings;
static char **arguments;

__attribute__((format(printf, 1, 2))) static void finding(const char *format, ...)
{
    va_list args;

    findings++;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

/* result is what a call that must fail returned. */
static void refused(const char *what, long result)
{
    if (result >= 0)
        finding("%s was possible", what);
}

static void works(const char *what, long result)
{
    if (result < 0)
        finding("%s is not possible: %s", what, strerror(errno));
}

static void same(const char *what, long got, long expected)
{
    if (got != expected)
        finding("%s is %ld, expected %ld", what, got, expected);
}

static size_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* What must be impossible */

static void probe_processes(void)
{
    DIR *dir = opendir("/proc");
    const struct dirent *e;

    while (dir && (e = readdir(dir)) != NULL) {
        long pid = strtol(e->d_name, NULL, 10);

        if (pid > 1 && pid != getpid())
            finding("process %ld can be seen", pid);
    }
    if (dir)
        (void)closedir(dir);
    else
        finding("no /proc");
}

static void probe_write(void)
{
    static const char *const folders[] = {
        "",     "/var/task", "/opt",         "/opt/lib", "/usr",  "/usr/bin",       "/etc", "/dev",
        "/var", "/var/tmp",  "/var/runtime", "/run",     "/home", "/etc/ssl/certs", "/proc"};
    char path[128];

    for (size_t i = 0; i < array_count(folders); i++) {
        (void)snprintf(path, sizeof(path), "%s/lambd-probe", folders[i]);
        refused(path, open(path, O_CREAT | O_WRONLY, 0600));
    }
    refused("writing /etc/passwd", open("/etc/passwd", O_WRONLY));
    refused("writing the code", open("/var/task/bootstrap", O_WRONLY));
    refused("chmod of the code", chmod("/var/task/bootstrap", 0777));
    refused("chmod of /var/task", chmod("/var/task", 0777));
    refused("rename of the code", rename("/var/task/bootstrap", "/var/task/b"));
}

static void probe_mount(void)
{
    refused("mount tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
    refused("remount", mount(NULL, "/var/task", NULL, MS_REMOUNT | MS_BIND, NULL));
    refused("bind", mount("/", "/tmp", NULL, MS_BIND, NULL));
    refused("umount", umount2("/proc/keys", MNT_DETACH));
    refused("umount root", umount2("/", MNT_DETACH));
    refused("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
    refused("chroot", chroot("/tmp"));
    refused("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    refused("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
    refused("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, NULL, 0));
}

static void probe_namespaces(void)
{
    static const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    int fd = open("/proc/self/ns/net", O_RDONLY);

    for (size_t i = 0; i < array_count(flags); i++) {
        long pid = syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);

        if (pid == 0)
            _exit(0);
        refused("clone with a namespace", pid);
        refused("unshare", unshare(flags[i]));
    }
    refused("unshare of time", unshare(CLONE_NEWTIME));
    refused("setns", setns(fd, 0));
    errno = 0;
    same("clone3", syscall(SYS_clone3, NULL, 0), -1);
    same("errno of clone3", errno, ENOSYS);
}

static void probe_privileges(void)
{
    char text[8192];
    static const char *const none[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    char line[64];

    refused("setuid(0)", setuid(0));
    refused("setgid(0)", setgid(0));
    refused("setresuid(0)", setresuid(0, 0, 0));
    refused("setgroups", syscall(SYS_setgroups, 1, (gid_t[]){0}));
    refused("a block device", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)));
    refused("a character device", mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)));
    refused("a lower nice value", setpriority(PRIO_PROCESS, 0, -5));
    refused("sethostname", sethostname("x", 1));
    (void)read_file("/proc/self/status", text, sizeof(text));
    for (size_t i = 0; i < array_count(none); i++) {
        (void)snprintf(line, sizeof(line), "%s:\t0000000000000000\n", none[i]);
        if (!strstr(text, line))
            finding("%s is not empty", none[i]);
    }
    if (!strstr(text, "NoNewPrivs:\t1\n") || !strstr(text, "Seccomp:\t2\n"))
        finding("no_new_privs or seccomp is off");
}

static void probe_syscalls(void)
{
    static const struct {
        const char *name;
        long number;
    } calls[] = {
        {"keyctl", SYS_keyctl},
        {"add_key", SYS_add_key},
        {"request_key", SYS_request_key},
        {"bpf", SYS_bpf},
        {"userfaultfd", SYS_userfaultfd},
        {"perf_event_open", SYS_perf_event_open},
        {"io_uring_setup", SYS_io_uring_setup},
        {"init_module", SYS_init_module},
        {"kexec_load", SYS_kexec_load},
        {"open_by_handle_at", SYS_open_by_handle_at},
        {"process_vm_readv", SYS_process_vm_readv},
        {"pidfd_getfd", SYS_pidfd_getfd},
        {"swapon", SYS_swapon},
        {"syslog", SYS_syslog},
        {"acct", SYS_acct},
        {"quotactl", SYS_quotactl},
        {"iopl", SYS_iopl},
        {"fanotify_init", SYS_fanotify_init},
        {"settimeofday", SYS_settimeofday},
        {"name_to_handle_at", SYS_name_to_handle_at},
    };

    for (size_t i = 0; i < array_count(calls); i++) {
        long r = syscall(calls[i].number, 0, 0, 0, 0, 0, 0);

        /* By the filter, not by bad arguments: those would be EINVAL, EFAULT, EBADF. */
        if (r >= 0 || (errno != EPERM && errno != ENOSYS))
            finding("%s is not refused: %ld, %s", calls[i].name, r, strerror(errno));
    }
    refused("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    refused("ptrace of init", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
}

static void probe_sockets(void)
{
    refused("a raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    refused("a packet socket", socket(AF_PACKET, SOCK_RAW, 0));
    refused("a vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
    refused("an alg socket", socket(AF_ALG, SOCK_SEQPACKET, 0));
    refused("a netfilter socket", socket(AF_NETLINK, SOCK_RAW, 12));
    refused("an xdp socket", socket(44, SOCK_RAW, 0));
    refused("a bluetooth socket", socket(AF_BLUETOOTH, SOCK_STREAM, 0));
}

static int connect_to(uint32_t address, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET};

    be16_put(&to.sin_port, port);
    be32_put(&to.sin_addr.s_addr, address);
    return connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ? -1 : fd;
}

/* HOST_PORT listens on the host's loopback, HOST_SOCKET is an abstract name there. */
static void probe_host_network(void)
{
    const char *port = getenv("HOST_PORT");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "%s", getenv("HOST_SOCKET"));
    refused("the host's loopback", connect_to(INADDR_LOOPBACK, (uint16_t)strtoul(port, NULL, 10)));
    refused("an address outside", connect_to(0x08080808, 53));
    refused("the metadata address", connect_to(0xa9fea9fe, 80));
    refused("the host's abstract socket",
            connect(fd, (const struct sockaddr *)&name,
                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                                strlen(name.sun_path + 1))));
}

static void probe_proc(void)
{
    static const char *const secrets[] = {
        "/proc/kcore",      "/proc/kmsg",     "/proc/keys",          "/proc/kallsyms",
        "/proc/timer_list", "/proc/slabinfo", "/proc/sysrq-trigger", "/proc/1/environ",
        "/proc/1/maps",     "/proc/1/mem"};
    static const char *const writable[] = {
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
        "/proc/sys/net/ipv4/ip_forward", "/proc/1/oom_score_adj", "/proc/sys/vm/overcommit_memory"};
    char text[256];

    for (size_t i = 0; i < array_count(secrets); i++) {
        if (read_file(secrets[i], text, sizeof(text)) > 0)
            finding("%s can be read", secrets[i]);
    }
    for (size_t i = 0; i < array_count(writable); i++)
        refused(writable[i], open(writable[i], O_WRONLY));
    refused("/sys", open("/sys", O_RDONLY));
    refused("/dev/shm", open("/dev/shm", O_RDONLY));
    refused("/dev/mem", open("/dev/mem", O_RDONLY));
    refused("/root", open("/root", O_RDONLY));
    refused("init's descriptors", open("/proc/1/fd", O_RDONLY | O_DIRECTORY));
    refused("init's root", open("/proc/1/root", O_RDONLY | O_DIRECTORY));
}

static void probe_root(void)
{
    struct stat a, b;

    works("stat /", stat("/", &a));
    works("stat /proc/self/root", stat("/proc/self/root/../../..", &b));
    if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
        finding("/proc/self/root leads out");
    works("stat of many ..", stat("../../../../../../..", &b));
    if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
        finding(".. leads out");
}

static void probe_init(void)
{
    /* Delivered to nobody: the kernel protects a pid 1 from its own namespace. The test sees that
     * it lives. */
    for (int s = 1; s < NSIG; s++)
        (void)kill(1, s);
    errno = 0;
    works("init", kill(1, 0));
}

/* Beside the standard three there is one, of that type. */
static void check_descriptors(int number, mode_t type)
{
    struct stat st;

    for (int fd = 0; fd < 1024; fd++) {
        bool is_open = fcntl(fd, F_GETFD) >= 0;

        if (is_open != (fd <= 2 || fd == number))
            finding("descriptor %d is %s", fd, is_open ? "open" : "closed");
    }
    if (fstat(number, &st) == 0 && (st.st_mode & S_IFMT) != type)
        finding("descriptor %d has the mode %o", number, st.st_mode);
}

static void probe_descriptors(void)
{
    check_descriptors(62, S_IFIFO);
    if ((fcntl(62, F_GETFL) & O_ACCMODE) != O_WRONLY)
        finding("the pipe of log records can be read");
}

/* Limits */

static void probe_fd_limit(void)
{
    int last = 0;
    int fd;

    while ((fd = dup(0)) >= 0)
        last = fd;
    same("the last descriptor", last, 1023);
}

static void probe_tmp_limit(void)
{
    static char block[1 << 20];
    long expected = strtol(getenv("TMP_MB"), NULL, 10);
    int fd = open("/tmp/large", O_CREAT | O_WRONLY, 0600);
    long megabytes = 0;

    works("a file in /tmp", fd);
    while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block) && megabytes < 10240)
        megabytes++;
    if (megabytes > expected || megabytes < expected - 1)
        finding("/tmp took %ld MB, expected %ld", megabytes, expected);
}

static void probe_memory(void)
{
    size_t size = (size_t)400 << 20;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; i < size; i += 4096)
        bytes[i] = 1;
    finding("400 MB were given");
}

/* Forks until it cannot; with BOMB the children fork on too. */
static void probe_fork_limit(void)
{
    long count = 0;
    pid_t pid;

    while ((pid = fork()) > 0 && count < 5000)
        count++;
    if (pid == 0) {
        while (getenv("BOMB"))
            (void)fork();
        for (;;)
            (void)pause();
    }
    if (count >= 1024)
        finding("%ld processes were possible", count);
    if (count < 500)
        finding("only %ld processes were possible", count);
}

static void probe_orphan(void)
{
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            (void)setsid();
            (void)signal(SIGTERM, SIG_IGN);
            if (fork() != 0)
                _exit(0);
            for (;;)
                (void)pause();
        }
    }
    (void)close(open("/tmp/was-here", O_CREAT | O_WRONLY, 0600));
}

/* Runs in the same box after "orphan". */
static void probe_alone(void)
{
    probe_processes();
    works("/tmp of the earlier runtime", access("/tmp/was-here", F_OK));
}

/* What must work */

static void check_limit(const char *name, int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;

    works(name, getrlimit((__rlimit_resource_t)resource, &limit));
    /* An ordinary user's own hard limit may be lower; it must not be higher. */
    if (limit.rlim_cur > soft || limit.rlim_max > hard ||
        (getenv("IS_ROOT") && (limit.rlim_cur != soft || limit.rlim_max != hard)))
        finding("%s is %lu, %lu", name, limit.rlim_cur, limit.rlim_max);
}

static void probe_rlimits(void)
{
    check_limit("AS", RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
    check_limit("CORE", RLIMIT_CORE, 10737418240, 10737418240);
    check_limit("CPU", RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY);
    check_limit("FSIZE", RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY);
    check_limit("MEMLOCK", RLIMIT_MEMLOCK, 65536, 65536);
    check_limit("NOFILE", RLIMIT_NOFILE, 1024, 1024);
    check_limit("NPROC", RLIMIT_NPROC, 1024, 1024); /* with 256 MB */
    check_limit("STACK", RLIMIT_STACK, 8388608, RLIM_INFINITY);
}

static void check_mode(const char *path, mode_t mode)
{
    struct stat st;

    works(path, stat(path, &st));
    if (st.st_mode != mode)
        finding("%s has mode %o, expected %o", path, st.st_mode, mode);
    if (getenv("IS_ROOT") && st.st_uid != 0)
        finding("%s belongs to %u", path, st.st_uid);
}

static void probe_surroundings(void)
{
    char text[4096];
    char expected[128];
    struct utsname name;

    works("getcwd", getcwd(text, sizeof(text)) ? 0 : -1);
    if (strcmp(text, "/var/task") != 0)
        finding("cwd is %s", text);
    check_mode("/var/task", S_IFDIR | 0755);
    check_mode("/opt", S_IFDIR | 0755);
    check_mode("/tmp", S_IFDIR | 01777);
    check_mode("/opt/lib", S_IFDIR | 0755);
    (void)read_file("/etc/passwd", text, sizeof(text));
    (void)snprintf(expected, sizeof(expected), "sbx_user1051:x:%u:%u:", getuid(), getgid());
    if (!strstr(text, expected))
        finding("the user has no name: %s", text);
    works("uname", uname(&name));
    if (strcmp(name.nodename, "sandbox") != 0)
        finding("host name %s", name.nodename);
    same("umask", umask(022), 022);
    same("parent", getppid(), 1);
    same("session leader", getsid(0), getpid());
}

static void *thread_run(void *value)
{
    *(int *)value = 1;
    return NULL;
}

static void probe_ordinary(void)
{
    int value = 0;
    int pair[2];
    char text[64];
    pthread_t thread;
    int status = 0;
    pid_t pid;

    works("a thread", -pthread_create(&thread, NULL, thread_run, &value));
    works("its end", -pthread_join(thread, NULL));
    same("what it did", value, 1);
    works("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    works("epoll", epoll_create1(0));
    works("inotify", inotify_init1(0));
    works("memfd", memfd_create("x", 0));
    works("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    works("a fifo", mkfifo("/tmp/fifo", 0600));
    same("getrandom", getrandom(text, 32, 0), 32);
    works("executable memory", mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                                   ? -1
                                   : 0);
    works("/dev/null", write(open("/dev/null", O_WRONLY), "x", 1) - 1);
    same("/dev/zero", read(open("/dev/zero", O_RDONLY), text, 8), 8);
    same("/dev/urandom", read(open("/dev/urandom", O_RDONLY), text, 8), 8);
    works("/dev/stdout", open("/dev/stdout", O_WRONLY));
    works("the CA certificates", access("/etc/ssl/certs", R_OK));
    pid = fork();
    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", "exit 7", NULL);
        _exit(1);
    }
    works("waitpid", waitpid(pid, &status, 0));
    same("a shell's status", WEXITSTATUS(status), 7);
}

static void probe_listener(void)
{
    char text[16] = "";
    int fd = connect_to(INADDR_LOOPBACK, 9001);

    works("the listener", fd);
    works("its answer", read(fd, text, sizeof(text) - 1));
    if (strcmp(text, "hello") != 0)
        finding("the listener said \"%s\"", text);
}

static void probe_environment(void)
{
    extern char **environ;
    size_t count = 0;

    while (environ[count])
        count++;
    same("entries of the environment", (long)count, 2);
    if (!getenv("A") || strcmp(getenv("A"), "b c=d") != 0)
        finding("A is %s", getenv("A"));
}

/* Started as a wrapper of a managed runtime. */
static void probe_wrapper(void)
{
    const char *expected = getenv("INTERPRETER");
    size_t count = 0;

    while (arguments[count])
        count++;
    if (count < 3 || strncmp(arguments[1], expected, strlen(expected)) != 0 ||
        strncmp(arguments[count - 1], "/var/runtime/bootstrap.", 23) != 0)
        finding("arguments: %s … %s", count > 1 ? arguments[1] : "none", arguments[count - 1]);
    works("the client", access(arguments[count - 1], R_OK));
    check_descriptors(3, S_IFSOCK);
}

/* Says "inner" to whoever connects. */
static void probe_serve(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int peer;

    be16_put(&at.sin_port, 8080);
    be32_put(&at.sin_addr.s_addr, INADDR_LOOPBACK);
    works("bind", bind(fd, (const struct sockaddr *)&at, sizeof(at)));
    works("listen", listen(fd, 1));
    (void)printf("listening\n");
    (void)fflush(stdout);
    peer = accept(fd, NULL, NULL);
    works("accept", peer);
    works("write", (int)write(peer, "inner", 5));
}

static void probe_pause(void)
{
    (void)printf("paused\n");
    (void)fflush(stdout);
    for (;;)
        (void)pause();
}

/* Counts as fast as it can: whether it is frozen shows in a file. */
static void probe_count(void)
{
    (void)printf("counting\n");
    (void)fflush(stdout);
    for (;;) {
        (void)write(STDOUT_FILENO, ".", 1);
        (void)usleep(1000);
    }
}

static void probe_exit(void)
{
    exit((int)strtol(getenv("STATUS"), NULL, 10));
}

static const struct {
    const char *verb;
    void (*run)(void);
} verbs[] = {
    {"processes", probe_processes},
    {"write", probe_write},
    {"mount", probe_mount},
    {"namespaces", probe_namespaces},
    {"privileges", probe_privileges},
    {"syscalls", probe_syscalls},
    {"sockets", probe_sockets},
    {"host-network", probe_host_network},
    {"proc", probe_proc},
    {"root", probe_root},
    {"init", probe_init},
    {"descriptors", probe_descriptors},
    {"fd-limit", probe_fd_limit},
    {"tmp-limit", probe_tmp_limit},
    {"memory", probe_memory},
    {"fork-limit", probe_fork_limit},
    {"orphan", probe_orphan},
    {"alone", probe_alone},
    {"rlimits", probe_rlimits},
    {"surroundings", probe_surroundings},
    {"ordinary", probe_ordinary},
    {"listener", probe_listener},
    {"environment", probe_environment},
    {"wrapper", probe_wrapper},
    {"pause", probe_pause},
    {"serve", probe_serve},
    {"count", probe_count},
    {"exit", probe_exit},
};

int main(int argc, char **argv)
{
    const char *verb = getenv("PROBE");

    (void)argc;
    arguments = argv;
    for (size_t i = 0; verb && i < array_count(verbs); i++) {
        if (strcmp(verbs[i].verb, verb) == 0) {
            verbs[i].run();
            return findings ? 1 : 0;
        }
    }
    finding("no such verb");
    return 2;
}
