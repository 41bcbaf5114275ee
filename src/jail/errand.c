/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/errand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"
#include "jail/caps.h"
#include "jail/jail.h"
#include "jail/mount.h"

enum {
    NAME_BYTES = DIGEST_HEX_BYTES + 32,
    DEPTH_MAX = 1024, /* a path in a zip has at most LIMIT_CODE_PATH_BYTES */
    UNPACKER_CPU_S = 120,
    UNPACKER_MEMORY_BYTES = 1 << 30,
    EXEC_FAILED = 126,
};

static_assert(LIMIT_CODE_PATH_BYTES / 2 < DEPTH_MAX, "every tree that can be made can be removed");

/* Removing a tree. Whatever is in it, no link is followed and nothing outside is touched. */

static void dir_close(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

static int remove_tree(int dir_fd, const char *name, int depth)
{
    CLEANUP(dir_close) DIR *dir = NULL;
    const struct dirent *entry;
    int fd;
    int r = 0;

    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    dir = fd < 0 || depth == 0 ? NULL : fdopendir(fd);
    if (!dir) {
        close_fdp(&fd);
        return err_new(-errno);
    }
    while (!r && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = remove_tree(fd, entry->d_name, depth - 1);
    }
    if (!r && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
        r = err_new(-errno);
    return r;
}

/* The number of bytes of a package stands beside it, for whoever uploads the same zip again. */

static void write_bytes_file(int code_fd, const char *hex, uint64_t bytes)
{
    CLEANUP(close_fdp) int fd = -1;
    char name[NAME_BYTES];
    char text[24];
    int len = snprintf(text, sizeof(text), "%lu", bytes);

    (void)snprintf(name, sizeof(name), "%s.bytes", hex);
    fd = openat(code_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0 && fd_write_full(fd, text, (size_t)len) == 0)
        (void)fsync(fd);
}

static uint64_t read_bytes_file(int code_fd, const char *hex)
{
    CLEANUP(close_fdp) int fd = -1;
    char name[NAME_BYTES];
    char text[24] = "";

    (void)snprintf(name, sizeof(name), "%s.bytes", hex);
    fd = openat(code_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
        return 0;
    return strtoull(text, NULL, 10);
}

/* The unpacker */

struct unpacker {
    int zip_fd;
    int target_fd;
    int result_fd;
    uint64_t bytes_max;
};

static int limit(__rlimit_resource_t resource, rlim_t value)
{
    const struct rlimit limits = {value, value};

    return setrlimit(resource, &limits);
}

static int limit_unpacker(uint64_t bytes_max)
{
    if (limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_CPU, UNPACKER_CPU_S) < 0 ||
        limit(RLIMIT_AS, UNPACKER_MEMORY_BYTES) < 0 || limit(RLIMIT_FSIZE, bytes_max) < 0 ||
        limit(RLIMIT_NOFILE, 64) < 0)
        return -errno;
    return 0;
}

static int unpacker_descriptors(const struct unpacker *unpacker, int program_fd)
{
    int fds[] = {unpacker->zip_fd, unpacker->target_fd, unpacker->result_fd, program_fd};

    /* First up and out of the way of the numbers they will get. */
    for (size_t i = 0; i < array_count(fds); i++) {
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 32);
        if (fds[i] < 0)
            return -errno;
    }
    if (dup2(fds[0], UNPACK_ZIP_FD) < 0 || dup2(fds[1], UNPACK_TARGET_FD) < 0 ||
        dup2(fds[2], UNPACK_RESULT_FD) < 0)
        return -errno;
    if (close_range(UNPACK_RESULT_FD + 1, (unsigned)fds[3] - 1, 0) < 0 ||
        close_range((unsigned)fds[3] + 1, ~0U, 0) < 0)
        return -errno;
    return fds[3];
}

/*
 * The unpacker's surroundings: the root of the boxes (it needs its libraries) without /proc, /tmp
 * or code; no network; pid 1 of a pid namespace; a uid that owns nothing but what it unpacks. Its
 * target is a detached clone of the temporary folder: ".." ends there, so even taken over it
 * reaches no other package.
 */
static _Noreturn void unpacker_run(const struct jail *jail, const struct unpacker *unpacker)
{
    char bytes_max[24];
    char *argv[] = {(char *)(uintptr_t) "lambd-unpack", bytes_max, NULL};
    char *envp[] = {NULL};
    int program_fd = unpacker_descriptors(unpacker, jail->root.unpacker_fd);

    (void)snprintf(bytes_max, sizeof(bytes_max), "%lu", unpacker->bytes_max);
    if (program_fd < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        _exit(EXEC_FAILED);
    if (!jail->ids.has_own &&
        tree_attach(tree_clone_all(AT_FDCWD, "/box", 0), AT_FDCWD, "/box") < 0)
        _exit(EXEC_FAILED);
    if (chdir("/box") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        _exit(EXEC_FAILED);
    if (limit_unpacker(unpacker->bytes_max) < 0 || caps_drop_bounding() < 0 ||
        ids_become_unpacker(&jail->ids) < 0 || caps_drop() < 0)
        _exit(EXEC_FAILED);
    (void)execveat(program_fd, "", argv, envp, AT_EMPTY_PATH);
    _exit(EXEC_FAILED);
}

static pid_t unpacker_start(const struct jail *jail, const struct unpacker *unpacker)
{
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
                 CLONE_NEWCGROUP,
        .exit_signal = SIGCHLD,
    };
    int go[2];
    pid_t pid;
    char byte;

    if (pipe2(go, O_CLOEXEC) < 0)
        return -1;
    if (!jail->ids.has_own)
        args.flags |= (unsigned)CLONE_NEWUSER;
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        (void)close(go[1]);
        if (read(go[0], &byte, 1) != 1)
            _exit(EXEC_FAILED);
        unpacker_run(jail, unpacker);
    }
    (void)close(go[0]);
    if (pid > 0 && (jail->ids.has_own || ids_map_box(pid) == 0))
        (void)!write(go[1], "", 1); /* it ends without it, which is seen by its exit status */
    (void)close(go[1]);
    return pid;
}

/* Its result, which may be anything: it has read a stranger's zip. */
static void take_result(const struct unpack_result *said, struct jail_errand_result *result)
{
    size_t i;

    result->outcome = said->outcome < JAIL_ERRAND_FAILED ? said->outcome : JAIL_ERRAND_FAILED;
    result->bytes = said->bytes;
    for (i = 0; i < sizeof(result->text) - 1 && said->text[i]; i++) {
        unsigned char c = (unsigned char)said->text[i];

        result->text[i] = c < 0x20 || c == 0x7f ? '?' : said->text[i];
    }
    memset(result->text + i, 0, sizeof(result->text) - i);
}

__attribute__((format(printf, 2, 3))) static void say_failure(struct jail_errand_result *result,
                                                              const char *format, ...)
{
    va_list args;

    memset(result, 0, sizeof(*result));
    result->outcome = JAIL_ERRAND_FAILED;
    va_start(args, format);
    (void)vsnprintf(result->text, sizeof(result->text), format, args);
    va_end(args);
}

static void unpack_into(const struct jail *jail, int folder_fd, int zip_fd, uint64_t bytes_max,
                        struct jail_errand_result *result)
{
    CLEANUP(close_fdp) int target_fd = tree_clone(folder_fd, "", 0);
    struct unpack_result said = {0};
    int pipe_fds[2];
    int status = 0;
    pid_t pid;
    bool has_said;

    if (target_fd < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0) {
        say_failure(result, "cannot prepare the unpacker: %s", strerror(errno));
        return;
    }
    pid = unpacker_start(jail, &(struct unpacker){zip_fd, target_fd, pipe_fds[1], bytes_max});
    (void)close(pipe_fds[1]);
    has_said = fd_read_full(pipe_fds[0], &said, sizeof(said)) == 0;
    (void)close(pipe_fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        say_failure(result, "cannot start the unpacker: %s", strerror(errno));
    else if (has_said && status == 0)
        take_result(&said, result);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        say_failure(result, "unpacking took more than %d seconds", UNPACKER_CPU_S);
    else
        say_failure(result, "the unpacker ended with status 0x%x and no result", status);
}

/* The folder is complete: make it durable and give it its name. */
static int publish(const struct jail *jail, const char *temporary, const char *hex, int folder_fd,
                   uint64_t bytes)
{
    int code_fd = jail->root.code_fd;

    /* As on AWS /var/task is root's; what is in it belongs to the unpacker, which no box is. */
    if (fchown(folder_fd, 0, 0) < 0 && jail->ids.has_own)
        return err_new(-errno);
    if (fchmod(folder_fd, 0755) < 0 || syncfs(folder_fd) < 0)
        return err_new(-errno);
    write_bytes_file(code_fd, hex, bytes);
    if (renameat2(code_fd, temporary, code_fd, hex, RENAME_NOREPLACE) < 0) {
        if (errno != EEXIST)
            return err_new(-errno);
        return remove_tree(code_fd, temporary, DEPTH_MAX); /* another errand had the same zip */
    }
    return fsync(code_fd) < 0 ? err_new(-errno) : 0;
}

static int open_temporary(const struct jail *jail, const char *temporary)
{
    int code_fd = jail->root.code_fd;
    int fd;

    (void)remove_tree(code_fd, temporary, DEPTH_MAX);
    if (mkdirat(code_fd, temporary, 0755) < 0)
        return err_new(-errno);
    fd = openat(code_fd, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_new(-errno);
    if (jail->ids.has_own && fchown(fd, jail->ids.unpacker, jail->ids.unpacker) < 0) {
        close_fdp(&fd);
        return err_new(-errno);
    }
    return fd;
}

/* Unlike those of every earlier jail, which the cleaner removes while we work already. */
static void name_temporary(const struct jail *jail, char name[NAME_BYTES], const char *hex,
                           uint32_t slot)
{
    (void)snprintf(name, NAME_BYTES, "%s.tmp-%08x-%u", hex, jail->nonce, slot);
}

static void run_unpack(const struct jail *jail, const struct jail_request *request, int zip_fd,
                       struct jail_errand_result *result)
{
    CLEANUP(close_fdp) int folder_fd = -1;
    char hex[DIGEST_HEX_BYTES];
    char temporary[NAME_BYTES];
    struct stat st;
    int r;

    (void)digest_hex(&request->code.digest, hex);
    if (fstatat(jail->root.code_fd, hex, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        result->bytes = read_bytes_file(jail->root.code_fd, hex);
        return;
    }
    name_temporary(jail, temporary, hex, request->slot);
    folder_fd = open_temporary(jail, temporary);
    if (folder_fd < 0) {
        say_failure(result, "cannot make a folder in the code store: %s", strerror(-folder_fd));
        return;
    }
    unpack_into(jail, folder_fd, zip_fd, request->code.bytes_max, result);
    if (result->outcome == JAIL_ERRAND_OK) {
        r = publish(jail, temporary, hex, folder_fd, result->bytes);
        if (!r)
            return;
        say_failure(result, "cannot complete the package: %s", strerror(-r));
    }
    (void)remove_tree(jail->root.code_fd, temporary, DEPTH_MAX);
}

static void run_remove(const struct jail *jail, const struct jail_request *request,
                       struct jail_errand_result *result)
{
    char hex[DIGEST_HEX_BYTES];
    char name[NAME_BYTES];
    int code_fd = jail->root.code_fd;
    int r;

    (void)digest_hex(&request->code.digest, hex);
    (void)snprintf(name, sizeof(name), "%s.bytes", hex);
    (void)unlinkat(code_fd, name, 0);
    name_temporary(jail, name, hex, request->slot);
    (void)remove_tree(code_fd, name, DEPTH_MAX);
    /* First the name, so that no box gets half a package. */
    if (renameat(code_fd, hex, code_fd, name) < 0) {
        if (errno != ENOENT)
            say_failure(result, "cannot remove a package: %s", strerror(errno));
        return;
    }
    r = remove_tree(code_fd, name, DEPTH_MAX);
    if (r)
        say_failure(result, "cannot remove a package: %s", strerror(-r));
}

/* The errand's process */

static _Noreturn void errand_run(const struct jail *jail, const struct jail_request *request,
                                 int zip_fd, int result_fd)
{
    struct jail_errand_result result = {.outcome = JAIL_ERRAND_OK};
    int kept[] = {jail->root.code_fd, jail->root.box_fd, jail->root.unpacker_fd, zip_fd, result_fd};

    /* One that kept the daemon's socket or a box's control socket would hide from them that the
     * jail has died. */
    fds_keep(kept, array_count(kept));
    (void)prctl(PR_SET_NAME, "lambd-errand", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (request->type == JAIL_UNPACK)
        run_unpack(jail, request, zip_fd, &result);
    else
        run_remove(jail, request, &result);
    (void)fd_write_full(result_fd, &result, sizeof(result));
    _exit(0);
}

static pid_t fork_with_pid_fd(int *ret_pid_fd)
{
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)ret_pid_fd, .exit_signal = SIGCHLD};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int errand_start(struct jail *jail, const struct jail_request *request, int zip_fd)
{
    struct errand *errand = &jail->errands[request->slot];
    int fds[2];
    pid_t pid;

    if (errand->is_busy)
        return err_new(-EPROTO);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_new(-errno);
    *errand = (struct errand){
        .is_busy = true, .generation = request->generation, .pid_fd = -1, .result_fd = fds[0]};
    pid = fork_with_pid_fd(&errand->pid_fd);
    if (pid == 0)
        errand_run(jail, request, zip_fd, fds[1]);
    (void)close(fds[1]); /* when fork failed the pipe has closed, and that is reported */
    return jail_watch(jail, errand->result_fd, JAIL_SOURCE_ERRAND, request->slot);
}

int errand_on_event(struct jail *jail, uint32_t slot)
{
    struct errand *errand = &jail->errands[slot];
    struct jail_event event = {
        .type = JAIL_ERRAND_DONE, .slot = slot, .generation = errand->generation};

    if (!errand->is_busy)
        return 0;
    /* One write of less than a pipe's atomic size: all of it is there, or nothing ever will be. */
    static_assert(sizeof(event.errand) <= 4096, "PIPE_BUF");
    if (fd_read_full(errand->result_fd, &event.errand, sizeof(event.errand)))
        say_failure(&event.errand, "the errand's process ended early");
    (void)epoll_ctl(jail->epoll_fd, EPOLL_CTL_DEL, errand->result_fd, NULL);
    if (errand->pid_fd >= 0)
        (void)waitid(P_PIDFD, (id_t)errand->pid_fd, NULL, WEXITED);
    close_fdp(&errand->pid_fd);
    close_fdp(&errand->result_fd);
    *errand = (struct errand){.pid_fd = -1, .result_fd = -1};
    return jail_send(jail, &event, NULL, 0);
}

void errand_clean(const struct jail *jail)
{
    int kept[] = {jail->root.code_fd};
    CLEANUP(dir_close) DIR *dir = NULL;
    const struct dirent *entry;
    char ours[16];
    pid_t pid = fork();

    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    if (pid != 0)
        return; /* without a cleaner the leftovers stay until the next start */
    /* Twice, so that it is no child of the jail, which does not wait for it. */
    if (fork() != 0)
        _exit(0);
    (void)snprintf(ours, sizeof(ours), "-%08x-", jail->nonce);
    fds_keep(kept, array_count(kept));
    dir = fdopendir(dup(jail->root.code_fd));
    while (dir && (entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".tmp-") && !strstr(entry->d_name, ours))
            (void)remove_tree(jail->root.code_fd, entry->d_name, DEPTH_MAX);
    }
    _exit(0);
}

void errands_kill(struct jail *jail)
{
    for (size_t i = 0; i < JAIL_ERRANDS_MAX; i++) {
        struct errand *errand = &jail->errands[i];

        if (!errand->is_busy || errand->pid_fd < 0)
            continue;
        (void)pidfd_send_signal(errand->pid_fd, SIGKILL, NULL, 0);
        (void)waitid(P_PIDFD, (id_t)errand->pid_fd, NULL, WEXITED);
    }
}
