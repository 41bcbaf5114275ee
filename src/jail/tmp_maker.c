/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/tmp_maker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "jail/init.h"
#include "jail/jail.h"
#include "jail/tmp_image.h"

enum { CHILDREN_MAX = 16 };

struct tmp_order {
    uint32_t tmp_mb;
};

/* A failure is the box's: its init says that there could be no /tmp. */
static void answer(const struct tmp_images *images, int template_fd, int control_fd)
{
    CLEANUP(close_fdp)
    int mount_fd = template_fd < 0 ? template_fd : tmp_image_mount(images, template_fd);
    const struct init_order go = {.type = INIT_GO,
                                  .tmp_error = mount_fd < 0 ? (uint32_t)-mount_fd : 0};

    /* When this fails the init is dead already. */
    (void)fd_send(control_fd, &go, sizeof(go), &mount_fd, mount_fd < 0 ? 0 : 1);
}

/* One that was killed has not answered its box: the jail hears of it when we end as well. */
static void reap(unsigned *children)
{
    int status = 0;

    while (*children && waitpid(-1, &status, *children < CHILDREN_MAX ? WNOHANG : 0) > 0) {
        if (status)
            _exit(1);
        (*children)--;
    }
}

/* Without a child to be had the maker does the work itself. */
static void serve(struct tmp_images *images, const struct tmp_order *order, int control_fd,
                  unsigned *children)
{
    int template_fd = tmp_images_template(images, order->tmp_mb);
    pid_t pid;

    reap(children);
    pid = fork();
    if (pid <= 0)
        answer(images, template_fd, control_fd);
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        (*children)++;
}

static void on_child(int signal)
{
    (void)signal; /* only to end the ppoll() */
}

/* Until there is an order; children that have ended are buried meanwhile. */
static void wait_for_order(int sock, unsigned *children, const sigset_t *waiting)
{
    struct pollfd pfd = {.fd = sock, .events = POLLIN};

    do
        reap(children);
    while (ppoll(&pfd, 1, NULL, waiting) < 0 && errno == EINTR);
}

static _Noreturn void run(struct tmp_images *images, int sock)
{
    static const struct sigaction child = {.sa_handler = on_child};
    sigset_t blocked, waiting;
    struct tmp_order order;
    unsigned children = 0;
    int fds[FD_PASS_MAX];

    (void)prctl(PR_SET_NAME, "lambd-tmp", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* The signal is taken nowhere but in ppoll(), or it could come right before. */
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &blocked, &waiting);
    (void)sigaction(SIGCHLD, &child, NULL);
    for (;;) {
        wait_for_order(sock, &children, &waiting);
        if (fd_receive(sock, &order, sizeof(order), fds) != (ssize_t)sizeof(order))
            _exit(0);
        serve(images, &order, fds[0], &children);
        fds_close(fds, FD_PASS_MAX);
    }
}

/* 0 or -errno. */
static int fork_maker(struct jail *jail, struct tmp_images *images)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    pid = fork();
    if (pid == 0) {
        int kept[] = {jail->root.code_fd, images->control_fd, pair[1]};

        fds_keep(kept, array_count(kept));
        run(images, pair[1]);
    }
    (void)close(pair[1]);
    if (pid < 0) {
        close_fdp(&pair[0]);
        return -errno;
    }
    jail->tmp_maker_pid = pid;
    jail->tmp_maker_sock = pair[0];
    return 0;
}

/* One that was there has ended: its socket said so. */
static void bury(struct jail *jail)
{
    close_fdp(&jail->tmp_maker_sock);
    jail->tmp_maker_sock = -1;
    if (jail->tmp_maker_pid)
        (void)waitpid(jail->tmp_maker_pid, NULL, 0);
    jail->tmp_maker_pid = 0;
}

int tmp_maker_start(struct jail *jail)
{
    static struct tmp_images images;
    int r;

    bury(jail);
    if (jail->ids.is_rootless || !jail->ids.has_own)
        return -EPERM;
    r = tmp_images_open(&images, jail->root.code_fd);
    if (r)
        return r;
    r = fork_maker(jail, &images);
    close_fdp(&images.control_fd);
    if (r)
        return r;
    return jail_watch(jail, jail->tmp_maker_sock, JAIL_SOURCE_TMP_MAKER, 0);
}

int tmp_maker_ask(int maker_sock, int control_fd, uint32_t tmp_mb)
{
    const struct tmp_order order = {.tmp_mb = tmp_mb};

    return fd_send(maker_sock, &order, sizeof(order), &control_fd, 1);
}
