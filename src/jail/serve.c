/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The jail's loop: one epoll, requests from the daemon, reports from inits, ended processes.
 * Level-triggered; one message per event and turn, so that a busy daemon does not starve the boxes.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "jail/box.h"
#include "jail/errand.h"
#include "jail/jail.h"
#include "jail/tmp_maker.h"

enum { EVENTS_PER_TURN = 64, SOURCE_SHIFT = 32 };

int jail_send(struct jail *jail, const struct jail_event *event, const int *fds, size_t fd_count)
{
    int r = fd_send(jail->sock, event, sizeof(*event), fds, fd_count);

    /* A peer that has closed is an ordinary end, not a failure. */
    if (r == -EPIPE || r == -ECONNRESET) {
        jail->is_ending = true;
        return 0;
    }
    return r;
}

int jail_watch(struct jail *jail, int fd, enum jail_source source, uint32_t slot)
{
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = (uint64_t)source << SOURCE_SHIFT | slot};

    return epoll_ctl(jail->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? err_new(-errno) : 0;
}

static int dispatch(struct jail *jail, const struct jail_request *request, int passed_fd)
{
    switch ((enum jail_request_type)request->type) {
    case JAIL_BOX_NEW:
        return box_new(jail, request);
    case JAIL_BOX_ASSIGN:
        return box_assign(jail, request);
    case JAIL_BOX_STEM:
        return box_stem(jail, request);
    case JAIL_RUNTIME_START:
        return box_start(jail, request);
    case JAIL_EXTENSIONS_START:
        return box_start_extensions(jail, request);
    case JAIL_BOX_SETTLE:
        return box_settle(jail, request);
    case JAIL_BOX_SOCKET:
        return box_socket(jail, request);
    case JAIL_PROCESS_SIGNAL:
        return box_signal(jail, request);
    case JAIL_BOX_FREEZE:
        return box_freeze(jail, request);
    case JAIL_BOX_STOP:
        return box_stop(jail, request);
    case JAIL_UNPACK:
    case JAIL_CODE_REMOVE:
        return errand_start(jail, request, passed_fd);
    }
    return err_new(-EPROTO);
}

/*
 * A message that an honest daemon would not send means that it is not ours to command any more: all
 * boxes go.
 */
static int on_request(struct jail *jail)
{
    static union {
        struct jail_request request;
        char bytes[sizeof(struct jail_request) + JAIL_ENVIRONMENT_BYTES_MAX];
    } inbox;
    int fds[FD_PASS_MAX];
    size_t fd_count = 0;
    ssize_t n = fd_receive(jail->sock, inbox.bytes, sizeof(inbox), fds);
    int r;

    if (n == 0 || n == -ECONNRESET) {
        jail->is_ending = true;
        return 0;
    }
    if (n < 0)
        return err_pass((int)n);
    while (fd_count < FD_PASS_MAX && fds[fd_count] >= 0)
        fd_count++;
    r = jail_request_check(&inbox.request, (size_t)n, fd_count, jail->config->slots_max);
    if (!r)
        r = dispatch(jail, &inbox.request, fds[0]);
    fds_close(fds, FD_PASS_MAX);
    /* A function's environment holds credentials, and every later box starts as a copy of this
     * process. */
    explicit_bzero(inbox.bytes, (size_t)n);
    return r;
}

/* It never speaks: it was killed, and boxes wait for it in vain. */
static int on_tmp_maker_gone(struct jail *jail)
{
    int r = boxes_fail_creating(jail);

    return r ? r : tmp_maker_start(jail);
}

static int on_event(struct jail *jail, uint64_t data)
{
    uint32_t slot = (uint32_t)data;

    switch ((enum jail_source)(data >> SOURCE_SHIFT)) {
    case JAIL_SOURCE_DAEMON:
        return on_request(jail);
    case JAIL_SOURCE_CONTROL:
        return box_on_control(jail, slot);
    case JAIL_SOURCE_PID:
        return box_on_pid(jail, slot);
    case JAIL_SOURCE_ERRAND:
        return errand_on_event(jail, slot);
    case JAIL_SOURCE_KEEPER:
        network_on_keeper_gone(jail);
        return 0;
    case JAIL_SOURCE_TMP_MAKER:
        return on_tmp_maker_gone(jail);
    }
    return 0;
}

int jail_serve(struct jail *jail)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int r = 0;

    while (!r && !jail->is_ending) {
        int count = epoll_wait(jail->epoll_fd, events, EVENTS_PER_TURN, -1);

        if (count < 0 && errno != EINTR)
            r = err_new(-errno);
        for (int i = 0; !r && i < count; i++)
            r = on_event(jail, events[i].data.u64);
    }
    boxes_kill(jail);
    errands_kill(jail);
    return r;
}
