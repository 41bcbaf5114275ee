/* SPDX-License-Identifier: Apache-2.0 */

/* The processes of a box: what the runtime is started with, orders to the init, its reports. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"
#include "jail/box.h"
#include "jail/box_internal.h"
#include "jail/interpreter.h"

struct arguments {
    char bytes[INIT_ARGUMENT_BYTES_MAX];
    size_t len;
    size_t variable_bytes; /* the last of them, which go in front of the function's environment */
};

__attribute__((format(printf, 2, 3))) static void add_argument(struct arguments *arguments,
                                                               const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(arguments->bytes + arguments->len, sizeof(arguments->bytes) - arguments->len,
                  format, args);
    va_end(args);
    arguments->len += (size_t)n + 1;
    must(arguments->len <= sizeof(arguments->bytes));
}

/*
 * Node's heap follows the memory that the function has, as AWS starts it: node itself would look at
 * the size of the machine. A tenth is for new objects, in two halves.
 */
static void add_node_arguments(struct arguments *arguments, uint32_t memory_mb)
{
    uint32_t new_mb = memory_mb / 10;

    add_argument(arguments, "--max-http-header-size=81920");
    add_argument(arguments, "--max-semi-space-size=%u", new_mb / 2);
    add_argument(arguments, "--max-old-space-size=%u", memory_mb - new_mb);
    add_argument(arguments, "/var/runtime/bootstrap.js");
}

/*
 * Without "site", which costs more than the rest of the start: the client makes up for what
 * functions see of it. No user folder, and no byte code is written, because there is no place for
 * it.
 */
static void add_python_arguments(struct arguments *arguments)
{
    add_argument(arguments, "-S");
    add_argument(arguments, "-s");
    add_argument(arguments, "-B");
    add_argument(arguments, "/var/runtime/bootstrap.py");
}

/*
 * RubyGems takes four times as long to load as the rest of the start: the client loads it when the
 * function needs it. The other two change the messages of errors that callers see.
 *
 * Ruby takes the encoding of its environment and arguments from the locale at its start, and few
 * hosts have the en_US.UTF-8 that functions are promised. The client takes the variable away.
 */
static void add_ruby_arguments(struct arguments *arguments)
{
    add_argument(arguments, "--disable=gems,did_you_mean,error_highlight");
    add_argument(arguments, "/var/runtime/bootstrap.rb");
    arguments->variable_bytes = arguments->len;
    add_argument(arguments, "LC_ALL=C.UTF-8");
    arguments->variable_bytes = arguments->len - arguments->variable_bytes;
}

/*
 * The JVM would look at the size of the machine: there is no control group that it could see. How
 * much of it is heap, and other things that JAVA_TOOL_OPTIONS may change, are in jvm.flags, because
 * the command line overrules that variable. Functions are promised a UTF-8 locale that few hosts
 * have.
 */
static void add_java_arguments(struct arguments *arguments, uint32_t memory_mb)
{
    add_argument(arguments, "-XX:MaxRAM=%um", memory_mb);
    add_argument(arguments, "-XX:Flags=/var/runtime/jvm.flags");
    add_argument(arguments, "-Dfile.encoding=UTF-8");
    add_argument(arguments, "-Dsun.jnu.encoding=UTF-8");
    add_argument(arguments, "-jar");
    add_argument(arguments, "/var/runtime/bootstrap.jar");
}

/* 0, or -ENOENT without an interpreter. PROVIDED has no arguments: the init looks for the
 * bootstrap. */
static int make_arguments(const struct jail *jail, const struct box *box,
                          struct arguments *arguments)
{
    struct interpreter interpreter;
    int r;

    arguments->len = 0;
    arguments->variable_bytes = 0;
    if (box->runtime == JAIL_RUNTIME_PROVIDED)
        return 0;
    r = interpreter_find(&interpreter, jail->root.box_fd, box->runtime, box->version_major,
                         box->version_minor);
    if (r)
        return r;
    add_argument(arguments, "%s", interpreter.path);
    if (box->runtime == JAIL_RUNTIME_NODE)
        add_node_arguments(arguments, box->memory_mb);
    else if (box->runtime == JAIL_RUNTIME_RUBY)
        add_ruby_arguments(arguments);
    else if (box->runtime == JAIL_RUNTIME_DOTNET)
        add_argument(arguments, "/var/runtime/bootstrap.exe");
    else if (box->runtime == JAIL_RUNTIME_JAVA)
        add_java_arguments(arguments, box->memory_mb);
    else
        add_python_arguments(arguments);
    return 0;
}

/* The pipe belongs to the box's user, so that opening /dev/stdout works in there. */
static int make_pipe(const struct jail *jail, uint32_t slot, int *ret_our_fd, int *ret_box_fd)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_new(-errno);
    *ret_our_fd = fds[0];
    *ret_box_fd = fds[1];
    if (jail->ids.has_own &&
        fchown(fds[1], ids_uid(&jail->ids, slot), ids_gid(&jail->ids, slot)) < 0)
        return err_new(-errno);
    return fd_set_nonblocking(fds[0], true);
}

/*
 * A pipe for what is printed, and beside it a channel for managed runtimes and a pipe of log
 * records for the others. Our ends do not block.
 */
static int make_streams(const struct jail *jail, uint32_t slot, int box_fds[2])
{
    struct box *box = &jail->boxes[slot];
    int fds[2];
    int r;

    r = make_pipe(jail, slot, &box->log_fd, &box_fds[0]);
    if (r)
        return r;
    if (box->runtime == JAIL_RUNTIME_PROVIDED)
        return make_pipe(jail, slot, &box->channel_fd, &box_fds[1]);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return err_new(-errno);
    box->channel_fd = fds[0];
    box_fds[1] = fds[1];
    return fd_set_nonblocking(box->channel_fd, true);
}

/*
 * Processes and threads: a function of 128 MB sees a limit of 742 (recorded), which is the kernel's
 * own for so little memory, one for every quarter of a megabyte; the service's own limit is 1024.
 */
static uint32_t processes_max(const struct box *box)
{
    enum { SMALLEST_MB = 128, OF_SMALLEST = 742, PER_MB = 4 };
    uint32_t mb = box->memory_mb > SMALLEST_MB ? box->memory_mb : SMALLEST_MB;
    uint32_t count = OF_SMALLEST + (mb - SMALLEST_MB) * PER_MB;

    return count < LIMIT_SANDBOX_PROCESSES ? count : LIMIT_SANDBOX_PROCESSES;
}

static int send_start(struct jail *jail, const struct jail_request *request,
                      const struct init_order *order, const struct arguments *arguments,
                      const int box_fds[2])
{
    /* Static, because it is large and there is one thread; cleared, because every box is a copy of
     * us. */
    static char
        bytes[sizeof(struct init_order) + INIT_ARGUMENT_BYTES_MAX + JAIL_ENVIRONMENT_BYTES_MAX];
    size_t len = sizeof(*order) + order->argument_bytes + order->environment_bytes;
    int r;

    memcpy(bytes, order, sizeof(*order));
    memcpy(bytes + sizeof(*order), arguments->bytes, arguments->len);
    memcpy(bytes + sizeof(*order) + arguments->len, request + 1, request->environment_bytes);
    r = fd_send(jail->boxes[request->slot].control_fd, bytes, len, box_fds,
                box_fds[0] < 0   ? 0
                : box_fds[1] < 0 ? 1
                                 : 2);
    explicit_bzero(bytes, len);
    return r;
}

int box_start(struct jail *jail, const struct jail_request *request)
{
    struct box *box = &jail->boxes[request->slot];
    struct arguments arguments;
    struct init_order order = {.type = INIT_START,
                               .runtime = box->runtime,
                               .processes_max = processes_max(box),
                               .environment_bytes = request->environment_bytes};
    int box_fds[2] = {-1, -1};
    int r;

    if (!box_is_for(jail, request, BOX_ASSIGNED) && !box_is_for(jail, request, BOX_STEM))
        return 0;
    if (box->processes_up & 1U << JAIL_PROCESS_RUNTIME)
        return err_new(-EPROTO);
    if (make_arguments(jail, box, &arguments))
        return box_fail_step(jail, request->slot, JAIL_STEP_INTERPRETER, ENOENT);
    order.argument_bytes = (uint32_t)(arguments.len - arguments.variable_bytes);
    order.environment_bytes += (uint32_t)arguments.variable_bytes;
    r = make_streams(jail, request->slot, box_fds);
    if (!r)
        r = send_start(jail, request, &order, &arguments, box_fds);
    fds_close(box_fds, array_count(box_fds));
    if (r)
        return box_fail_step(jail, request->slot, JAIL_STEP_RUNTIME, r);
    box->processes_up |= 1U << JAIL_PROCESS_RUNTIME;
    return 0;
}

int box_start_extensions(struct jail *jail, const struct jail_request *request)
{
    static const struct arguments none;
    struct box *box = &jail->boxes[request->slot];
    const struct init_order order = {.type = INIT_START_EXTENSIONS,
                                     .processes_max = processes_max(box),
                                     .environment_bytes = request->environment_bytes};
    const int no_fds[2] = {-1, -1};
    int r;

    if (!box_is_for(jail, request, BOX_ASSIGNED))
        return 0;
    /* The runtime may be up: a stem cell's waits for its INIT. */
    if (box->processes_up & ~(1U << JAIL_PROCESS_RUNTIME) || box->is_launching)
        return err_new(-EPROTO);
    r = send_start(jail, request, &order, &none, no_fds);
    if (r)
        return box_fail_step(jail, request->slot, JAIL_STEP_RUNTIME, r);
    box->is_launching = true;
    return 0;
}

static void tell(const struct jail *jail, const struct jail_request *request,
                 const struct init_order *order)
{
    /* When this fails the init is dead, which its pidfd reports. */
    if (box_is_for(jail, request, BOX_ASSIGNED))
        (void)fd_send(jail->boxes[request->slot].control_fd, order, sizeof(*order), NULL, 0);
}

int box_signal(struct jail *jail, const struct jail_request *request)
{
    const struct init_order order = {
        .type = INIT_SIGNAL, .signal = request->order.signal, .process = request->order.process};

    tell(jail, request, &order);
    return 0;
}

int box_freeze(struct jail *jail, const struct jail_request *request)
{
    const struct init_order order = {.type = request->is_frozen ? INIT_FREEZE : INIT_THAW};

    tell(jail, request, &order);
    return 0;
}

int box_socket(struct jail *jail, const struct jail_request *request)
{
    const struct init_order order = {.type = INIT_SOCKET};

    tell(jail, request, &order);
    return 0;
}

/* Reports */

int box_on_started(struct jail *jail, uint32_t slot, const struct init_report *report)
{
    struct box *box = &jail->boxes[slot];
    int fds[2] = {box->log_fd, box->channel_fd};
    int r;

    if (report->failure.step)
        return box_fail(jail, slot, &report->failure);
    if (!(box->processes_up & 1U << JAIL_PROCESS_RUNTIME) || box->log_fd < 0)
        return box_fail_step(jail, slot, JAIL_STEP_RUNTIME, EPROTO);
    r = box_send_event(jail, slot, JAIL_RUNTIME_STARTED, fds, fds[1] >= 0 ? 2 : 1);
    box_close_fd(&box->log_fd);
    box_close_fd(&box->channel_fd);
    return r;
}

int box_on_extension(struct jail *jail, uint32_t slot, const struct init_report *report, int log_fd)
{
    struct box *box = &jail->boxes[slot];
    struct jail_event event = {.type = JAIL_EXTENSION_STARTED,
                               .slot = slot,
                               .generation = box->generation,
                               .extension = report->extension};
    uint32_t process = report->extension.process;

    if (!box->is_launching || process == JAIL_PROCESS_RUNTIME || process >= JAIL_PROCESS_COUNT ||
        (log_fd < 0) != (report->extension.error != 0))
        return box_fail_step(jail, slot, JAIL_STEP_RUNTIME, EPROTO);
    event.extension.name[JAIL_TEXT_BYTES - 1] = '\0';
    if (!report->extension.error)
        box->processes_up |= 1U << process;
    return jail_send(jail, &event, &log_fd, log_fd < 0 ? 0 : 1);
}

int box_on_extensions_started(struct jail *jail, uint32_t slot, const struct init_report *report)
{
    struct box *box = &jail->boxes[slot];
    const struct jail_event event = {.type = JAIL_EXTENSIONS_STARTED,
                                     .slot = slot,
                                     .generation = box->generation,
                                     .launch = report->launch};

    if (!box->is_launching || report->launch >= JAIL_LAUNCH_OUTCOMES)
        return box_fail_step(jail, slot, JAIL_STEP_RUNTIME, EPROTO);
    box->is_launching = false;
    return jail_send(jail, &event, NULL, 0);
}

int box_on_exited(struct jail *jail, uint32_t slot, const struct init_report *report)
{
    struct box *box = &jail->boxes[slot];
    uint64_t oom_kills = cgroups_box_oom_kills(&jail->cgroups, slot);
    struct jail_event event = {
        .type = JAIL_PROCESS_EXITED, .slot = slot, .generation = box->generation};

    if (report->process >= JAIL_PROCESS_COUNT)
        return box_fail_step(jail, slot, JAIL_STEP_RUNTIME, EPROTO);
    event.exited.process = report->process;
    event.exited.wait_status = report->wait_status;
    event.exited.is_out_of_memory = oom_kills != box->oom_kills;
    box->oom_kills = oom_kills;
    box->processes_up &= (uint16_t) ~(1U << report->process);
    return jail_send(jail, &event, NULL, 0);
}

int box_on_socket(struct jail *jail, uint32_t slot, int fd)
{
    return box_send_event(jail, slot, JAIL_BOX_SOCKET_MADE, &fd, fd < 0 ? 0 : 1);
}
