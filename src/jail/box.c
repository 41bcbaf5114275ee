/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/box.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"
#include "jail/attach.h"
#include "jail/birth.h"
#include "jail/box_internal.h"
#include "jail/failure.h"
#include "jail/init.h"
#include "jail/jail.h"
#include "jail/root.h"
#include "jail/tmp_image.h"
#include "jail/tmp_maker.h"

int box_send_event(struct jail *jail, uint32_t slot, enum jail_event_type type, const int *fds,
                   size_t fd_count)
{
    const struct jail_event event = {
        .type = type, .slot = slot, .generation = jail->boxes[slot].generation};

    return jail_send(jail, &event, fds, fd_count);
}

int box_fail(struct jail *jail, uint32_t slot, const struct jail_failure *failure)
{
    struct box *box = &jail->boxes[slot];
    const struct jail_event event = {
        .type = JAIL_BOX_FAILED, .slot = slot, .generation = box->generation, .failure = *failure};

    if (box->state == BOX_FAILED || box->state == BOX_STOPPING || box->state == BOX_FREE)
        return 0;
    box->state = BOX_FAILED;
    if (box->pid_fd >= 0)
        (void)pidfd_send_signal(box->pid_fd, SIGKILL, NULL, 0);
    return jail_send(jail, &event, NULL, 0);
}

int box_fail_step(struct jail *jail, uint32_t slot, enum jail_step step, int error)
{
    struct jail_failure failure;

    (void)fail(&failure, step, error);
    return box_fail(jail, slot, &failure);
}

void box_close_fd(int *fd)
{
    close_fdp(fd);
    *fd = -1;
}

/* Creation */

/*
 * Like fork, with every namespace new. clone3 because only it can put the child into its v2 group
 * at once; the C library has no wrapper, and needs none for a single-threaded program whose child
 * never returns from here.
 */
static pid_t clone_box(const struct jail *jail, int cgroup_fd, int *ret_pid_fd)
{
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
                 (unsigned)CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)ret_pid_fd,
        .exit_signal = SIGCHLD,
    };

    if (!jail->ids.has_own)
        args.flags |= (unsigned)CLONE_NEWUSER;
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (unsigned)cgroup_fd;
    }
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* The init goes on when it has its /tmp, which the maker gives it if there is one. */
static int give_tmp(const struct jail *jail, uint32_t slot)
{
    const struct box *box = &jail->boxes[slot];
    const struct init_order go = {.type = INIT_GO, .tmp_mb = box->tmp_mb};

    if (jail->tmp_maker_sock >= 0)
        return tmp_maker_ask(jail->tmp_maker_sock, box->control_fd, box->tmp_mb);
    return fd_send(box->control_fd, &go, sizeof(go), NULL, 0);
}

static int let_go(struct jail *jail, uint32_t slot, pid_t pid, bool is_in_v2,
                  struct jail_failure *failure)
{
    int r = cgroups_box_attach(&jail->cgroups, slot, pid, is_in_v2);

    if (r)
        return fail(failure, JAIL_STEP_CGROUP_ATTACH, r);
    if (!jail->ids.has_own) {
        r = ids_map_box(pid);
        if (r)
            return fail(failure, JAIL_STEP_USER_MAP, r);
    }
    if (jail->network.kind == NETWORK_NAT) {
        r = network_box_attach(&jail->network, pid, slot, jail->boxes[slot].generation);
        if (r)
            return fail(failure, JAIL_STEP_NET_BOX, r);
    }
    r = give_tmp(jail, slot);
    return r ? fail(failure, JAIL_STEP_TMP, r) : 0;
}

static int create(struct jail *jail, uint32_t slot, struct jail_failure *failure)
{
    struct box *box = &jail->boxes[slot];
    CLEANUP(close_fdp) int v2_fd = -1;
    CLEANUP(close_fdp) int child_fd = -1;
    int pair[2];
    pid_t pid;
    int r = jail_root_add_user(jail, slot);

    if (r)
        return fail(failure, JAIL_STEP_ROOT, r);
    r = cgroups_box_new(&jail->cgroups, slot, &v2_fd);
    if (r)
        return fail(failure, JAIL_STEP_CGROUP, r);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fail(failure, JAIL_STEP_CLONE, errno);
    box->control_fd = pair[0];
    child_fd = pair[1];
    if (fd_set_nonblocking(box->control_fd, true))
        return fail(failure, JAIL_STEP_CLONE, errno);
    pid = clone_box(jail, v2_fd, &box->pid_fd);
    if (pid == 0)
        birth_run(jail, slot, child_fd);
    if (pid < 0) {
        box->pid_fd = -1;
        return fail(failure, JAIL_STEP_CLONE, errno);
    }
    box->pid = pid;
    if (jail_watch(jail, box->control_fd, JAIL_SOURCE_CONTROL, slot) ||
        jail_watch(jail, box->pid_fd, JAIL_SOURCE_PID, slot))
        return fail(failure, JAIL_STEP_EVENTS, errno);
    return let_go(jail, slot, pid, v2_fd >= 0, failure);
}

int box_new(struct jail *jail, const struct jail_request *request)
{
    struct box *box = &jail->boxes[request->slot];
    struct jail_failure failure = {0};

    if (box->state != BOX_FREE)
        return err_new(-EPROTO);
    *box = (struct box){.state = BOX_CREATING,
                        .generation = request->generation,
                        .tmp_mb = request->tmp_mb,
                        .pid_fd = -1,
                        .control_fd = -1,
                        .log_fd = -1,
                        .channel_fd = -1};
    jail->boxes_alive++;
    if (create(jail, request->slot, &failure))
        return box_fail(jail, request->slot, &failure);
    return 0;
}

static int on_ready(struct jail *jail, uint32_t slot, int listener_fd)
{
    struct box *box = &jail->boxes[slot];
    CLEANUP(close_fdp) int freeze_fd = cgroups_box_freezer(&jail->cgroups, slot);
    int fds[2] = {listener_fd, freeze_fd};
    struct jail_event event = {.type = JAIL_BOX_READY, .slot = slot, .generation = box->generation};

    if (box->state != BOX_CREATING || listener_fd < 0)
        return box_fail_step(jail, slot, JAIL_STEP_LISTENER, EPROTO);
    box->state = BOX_EMPTY;
    event.ready.pid = box->pid;
    return jail_send(jail, &event, fds, freeze_fd >= 0 ? 2 : 1);
}

bool box_is_for(const struct jail *jail, const struct jail_request *request, enum box_state state)
{
    const struct box *box = &jail->boxes[request->slot];

    return box->state == state && box->generation == request->generation;
}

static int set_kind(struct jail *jail, uint32_t slot, const struct jail_assign *assign)
{
    struct box *box = &jail->boxes[slot];
    const struct cgroup_limits limits = {.memory_mb = assign->memory_mb,
                                         .processes_max = LIMIT_SANDBOX_PROCESSES};

    box->runtime = (uint8_t)assign->runtime;
    box->version_major = assign->version_major;
    box->version_minor = assign->version_minor;
    box->memory_mb = assign->memory_mb;
    return cgroups_box_limit(&jail->cgroups, slot, &limits);
}

static bool is_of_kind(const struct box *box, const struct jail_assign *assign)
{
    return box->runtime == assign->runtime && box->version_major == assign->version_major &&
           box->version_minor == assign->version_minor && box->memory_mb == assign->memory_mb;
}

/* The parts that the box does not have yet, and the state that it then is in. */
static int give(struct jail *jail, const struct jail_request *request, enum attach_parts parts,
                enum box_state state)
{
    struct box *box = &jail->boxes[request->slot];
    struct jail_failure failure = {0};
    int r = attach(jail, box->pid_fd, &request->assign, parts, &failure);

    if (r)
        return box_fail(jail, request->slot, &failure);
    if (parts & ATTACH_RUNTIME)
        r = set_kind(jail, request->slot, &request->assign);
    if (r)
        return box_fail_step(jail, request->slot, JAIL_STEP_LIMITS, r);
    box->state = (uint8_t)state;
    return 0;
}

int box_stem(struct jail *jail, const struct jail_request *request)
{
    if (!box_is_for(jail, request, BOX_EMPTY))
        return 0;
    return give(jail, request, ATTACH_RUNTIME, BOX_STEM);
}

int box_assign(struct jail *jail, const struct jail_request *request)
{
    const struct box *box = &jail->boxes[request->slot];
    bool is_stem = box_is_for(jail, request, BOX_STEM);
    int r;

    if (!is_stem && !box_is_for(jail, request, BOX_EMPTY))
        return 0;
    if (is_stem && !is_of_kind(box, &request->assign))
        return err_new(-EPROTO);
    r = give(jail, request, is_stem ? ATTACH_FUNCTION : ATTACH_ALL, BOX_ASSIGNED);
    if (r || box->state != BOX_ASSIGNED)
        return r;
    return box_send_event(jail, request->slot, JAIL_BOX_ASSIGNED, NULL, 0);
}

/*
 * The init is past its function's init phase, during which CPU is not rationed.
 */
int box_settle(struct jail *jail, const struct jail_request *request)
{
    int r = 0;

    if (box_is_for(jail, request, BOX_ASSIGNED))
        r = cgroups_box_limit_cpu(&jail->cgroups, request->slot,
                                  jail->boxes[request->slot].memory_mb,
                                  jail->config->is_cpu_strict);
    return r ? box_fail_step(jail, request->slot, JAIL_STEP_LIMITS, r) : 0;
}

/* Reports. The init is our code, but it lives among hostile processes: nothing it says is taken on
 * trust. */

int box_on_control(struct jail *jail, uint32_t slot)
{
    struct box *box = &jail->boxes[slot];
    CLEANUP(close_fdp) int passed_fd = -1;
    int fds[FD_PASS_MAX];
    struct init_report report;
    ssize_t n;

    if (box->control_fd < 0)
        return 0; /* an event of the same batch closed it */
    n = fd_receive(box->control_fd, &report, sizeof(report), fds);
    passed_fd = n < 0 ? -1 : steal_fd(&fds[0]);
    if (n >= 0)
        fds_close(fds, FD_PASS_MAX);
    if (n == -EAGAIN)
        return 0; /* the event was for an earlier box of this slot */
    if (n != (ssize_t)sizeof(report)) {
        box_close_fd(&box->control_fd);
        return 0; /* its process ends too, and that is where the box fails */
    }
    if (box->state == BOX_FAILED || box->state == BOX_STOPPING)
        return 0;
    switch ((enum init_report_type)report.type) {
    case INIT_READY:
        return on_ready(jail, slot, passed_fd);
    case INIT_STARTED:
        return box_on_started(jail, slot, &report);
    case INIT_EXITED:
        return box_on_exited(jail, slot, &report);
    case INIT_EXTENSION:
        return box_on_extension(jail, slot, &report, passed_fd);
    case INIT_EXTENSIONS_STARTED:
        return box_on_extensions_started(jail, slot, &report);
    case INIT_SOCKET_MADE:
        return box_on_socket(jail, slot, passed_fd);
    case INIT_FAILED:
    case INIT_REPORT_TYPES:
        break;
    }
    return box_fail(jail, slot, &report.failure);
}

static int release(struct jail *jail, uint32_t slot)
{
    struct box *box = &jail->boxes[slot];
    int r;

    box_close_fd(&box->pid_fd);
    box_close_fd(&box->control_fd);
    box_close_fd(&box->log_fd);
    box_close_fd(&box->channel_fd);
    (void)cgroups_box_remove(&jail->cgroups,
                             slot); /* a folder that stays is used again with the slot */
    r = box_send_event(jail, slot, JAIL_BOX_GONE, NULL, 0);
    box->state = BOX_FREE;
    jail->boxes_alive--;
    return r;
}

int box_stop(struct jail *jail, const struct jail_request *request)
{
    struct box *box = &jail->boxes[request->slot];

    if (box->state == BOX_FREE || box->state == BOX_STOPPING ||
        box->generation != request->generation)
        return err_new(-EPROTO);
    box->state = BOX_STOPPING;
    if (box->pid_fd < 0)
        return release(jail, request->slot);
    /* The kernel ends everybody in the pid namespace with its init; the v2 freezer lets SIGKILL
     * through. */
    (void)cgroups_box_thaw(&jail->cgroups, request->slot);
    tmp_image_discard(box->pid);
    (void)pidfd_send_signal(box->pid_fd, SIGKILL, NULL, 0);
    return 0;
}

int box_on_pid(struct jail *jail, uint32_t slot)
{
    struct box *box = &jail->boxes[slot];
    siginfo_t info = {0};

    if (box->pid_fd < 0)
        return 0;
    if (waitid(P_PIDFD, (id_t)box->pid_fd, &info, WEXITED | WNOHANG) < 0)
        return err_new(-errno);
    if (info.si_pid == 0)
        return 0;
    (void)epoll_ctl(jail->epoll_fd, EPOLL_CTL_DEL, box->pid_fd, NULL);
    box_close_fd(&box->pid_fd);
    if (box->state == BOX_STOPPING)
        return release(jail, slot);
    return box_fail_step(jail, slot, JAIL_STEP_INIT_DIED, ECHILD);
}

int boxes_fail_creating(struct jail *jail)
{
    int r = 0;

    for (uint32_t slot = 0; !r && slot < jail->config->slots_max; slot++) {
        if (jail->boxes[slot].state == BOX_CREATING)
            r = box_fail_step(jail, slot, JAIL_STEP_TMP, EPIPE);
    }
    return r;
}

void boxes_kill(struct jail *jail)
{
    for (uint32_t slot = 0; slot < jail->config->slots_max; slot++) {
        struct box *box = &jail->boxes[slot];

        if (box->state == BOX_FREE || box->pid_fd < 0)
            continue;
        (void)cgroups_box_thaw(&jail->cgroups, slot);
        tmp_image_discard(box->pid);
        (void)pidfd_send_signal(box->pid_fd, SIGKILL, NULL, 0);
    }
    for (uint32_t slot = 0; slot < jail->config->slots_max; slot++) {
        struct box *box = &jail->boxes[slot];

        if (box->state == BOX_FREE)
            continue;
        if (box->pid_fd >= 0)
            (void)waitid(P_PIDFD, (id_t)box->pid_fd, NULL, WEXITED);
        (void)cgroups_box_remove(&jail->cgroups, slot);
        box->state = BOX_FREE;
    }
}
