/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/jail_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "jail/net_plan.h"
#include "jail/protocol.h"
#include "sandbox/steps.h"

enum { HELLO_TIMEOUT_MS = 20000, END_TIMEOUT_MS = 10000, JAIL_SOCK_FD = 3, ARGUMENTS_MAX = 24 };

/* Between fork and exec; there is one thread, all the same nothing here allocates. */
static _Noreturn void become_jail(const struct jail_launch_options *options, int sock)
{
    char uid_base[16];
    char slots[16];
    const char *argv[ARGUMENTS_MAX];
    char *no_environment[] = {NULL};
    size_t n = 0;

    (void)snprintf(uid_base, sizeof(uid_base), "%u",
                   options->uid_base ? options->uid_base : 1900000000U);
    (void)snprintf(slots, sizeof(slots), "%u",
                   options->slots_max ? options->slots_max : (uint32_t)LIMIT_ENVIRONMENTS);
    argv[n++] = "lambd-jail";
    argv[n++] = "--state-dir";
    argv[n++] = options->state_dir;
    argv[n++] = "--runtimes-dir";
    argv[n++] = options->runtimes_dir;
    argv[n++] = "--unpacker";
    argv[n++] = options->unpacker_path;
    argv[n++] = "--instance";
    argv[n++] = options->instance;
    argv[n++] = "--uid-base";
    argv[n++] = uid_base;
    argv[n++] = "--slots";
    argv[n++] = slots;
    if (options->is_cpu_strict)
        argv[n++] = "--cpu-strict";
    argv[n++] = "--network";
    argv[n++] = options->network ? options->network : "none";
    if (options->network_range) {
        argv[n++] = "--network-range";
        argv[n++] = options->network_range;
    }
    argv[n] = NULL;
    /* The number 3 and nothing else of ours is inherited. stdin and stdout are nobody's in there.
     */
    if (sock != JAIL_SOCK_FD && dup2(sock, JAIL_SOCK_FD) < 0)
        _exit(126);
    if (fcntl(JAIL_SOCK_FD, F_SETFD, 0) < 0 || close_range(JAIL_SOCK_FD + 1, ~0U, 0) < 0)
        _exit(126);
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    if (open("/dev/null", O_RDWR) != STDIN_FILENO || dup(STDIN_FILENO) != STDOUT_FILENO)
        _exit(126);
    (void)execve(options->jail_path, (char *const *)(uintptr_t)argv, no_environment);
    _exit(127);
}

/* The first message, left in the socket. Its descriptors are not taken by a look. */
static int look_at_hello(int sock, struct jail_event *event)
{
    struct pollfd pfd = {.fd = sock, .events = POLLIN};
    ssize_t n = poll(&pfd, 1, HELLO_TIMEOUT_MS) == 1
                    ? recv(sock, event, sizeof(*event), MSG_PEEK | MSG_DONTWAIT)
                    : -1;

    if (n < 0)
        return err_new(errno ? -errno : -ETIMEDOUT);
    return n == 0 ? err_new(-ECONNRESET) : jail_event_check(event, (size_t)n, UINT32_MAX);
}

static int judge_hello(const struct jail_event *event, struct reason *why)
{
    if (event->type == JAIL_FAILED) {
        step_reason(why, &event->failure);
        return err_new(event->failure.error ? -(int)event->failure.error : -ENOTRECOVERABLE);
    }
    if (event->type != JAIL_HELLO || event->hello.magic != JAIL_MAGIC ||
        event->hello.version != JAIL_PROTOCOL_VERSION ||
        event->hello.request_bytes != sizeof(struct jail_request) ||
        event->hello.event_bytes != sizeof(struct jail_event)) {
        reason_set(why, "lambd-jail is of another version than lambd");
        return err_new(-EPROTO);
    }
    return 0;
}

static int await_hello(int sock, pid_t pid, const char *jail_path, struct reason *why)
{
    struct jail_event event;
    int status = 0;
    int r = look_at_hello(sock, &event);

    if (!r)
        r = judge_hello(&event, why);
    else
        reason_set(why, "%s could not be started", jail_path);
    if (r) {
        /* Only now: a jail that is well is the caller's to wait for. */
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    return r;
}

bool jail_takes_network_range(const char *range)
{
    struct net_plan plan;

    return net_plan_parse(&plan, range, 1);
}

int jail_launch(struct jail_launched *ret_launched, const struct jail_launch_options *options,
                struct reason *why)
{
    CLEANUP(close_fdp) int ours = -1;
    CLEANUP(close_fdp) int theirs = -1;
    int pair[2];
    pid_t pid;
    int r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        reason_set_errno(why, errno, "cannot make a socket for the jail");
        return err_new(-errno);
    }
    ours = pair[0];
    theirs = pair[1];
    pid = fork();
    if (pid == 0)
        become_jail(options, theirs);
    if (pid < 0) {
        reason_set_errno(why, errno, "cannot start the jail");
        return err_new(-errno);
    }
    (void)close(steal_fd(&theirs));
    r = await_hello(ours, pid, options->jail_path, why);
    if (r)
        return r;
    *ret_launched = (struct jail_launched){.sock = steal_fd(&ours), .pid = pid};
    return 0;
}

void jail_await_end(const struct jail_launched *launched)
{
    CLEANUP(close_fdp) int fd = pidfd_open(launched->pid, 0);
    struct pollfd polled = {.fd = fd, .events = POLLIN};

    if (fd >= 0 && poll(&polled, 1, END_TIMEOUT_MS) == 1)
        (void)waitpid(launched->pid, NULL, 0);
}
