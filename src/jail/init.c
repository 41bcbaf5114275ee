/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/init.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/must.h"
#include "jail/extension_files.h"

enum { ENTRIES_MAX = 4096 };

struct init {
    pid_t pids[JAIL_PROCESS_COUNT]; /* 0: none */
    sigset_t waiting;               /* the mask while we wait: SIGCHLD gets through */
};

/* One order with its tail. Not on the stack: a page that was never touched costs nothing. */
static union {
    struct init_order order;
    char bytes[sizeof(struct init_order) + INIT_ARGUMENT_BYTES_MAX + JAIL_ENVIRONMENT_BYTES_MAX];
} inbox;

static char *arguments[INIT_ARGUMENTS_MAX + 2]; /* one more for a wrapper, one for NULL */
static char *environment[ENTRIES_MAX + 1];

static const char *const bootstraps[] = {"/var/task/bootstrap", "/opt/bootstrap"};

static void report(const struct init_report *what)
{
    /* The jail is gone when this fails; the next receive ends us. */
    (void)fd_send(INIT_CONTROL_FD, what, sizeof(*what), NULL, 0);
}

_Noreturn void init_fail(const struct jail_failure *failure)
{
    report(&(struct init_report){.type = INIT_FAILED, .failure = *failure});
    _exit(1);
}

/* NUL-ended texts one after the other, as a vector. The bytes end with a NUL (the jail checked it).
 */
static size_t split(char *bytes, size_t len, char **vector, size_t max)
{
    size_t count = 0;

    for (char *at = bytes; at < bytes + len && count < max; at += strlen(at) + 1)
        vector[count++] = at;
    vector[count] = NULL;
    return count;
}

static char *find_variable(const char *name)
{
    size_t len = strlen(name);

    for (char **e = environment; *e; e++) {
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
            return *e + len + 1;
    }
    return NULL;
}

/* A wrapper is started in front of a managed runtime's interpreter, which it gets as its arguments.
 */
static void insert_wrapper(size_t count)
{
    char *wrapper = find_variable("AWS_LAMBDA_EXEC_WRAPPER");

    if (!wrapper || !*wrapper)
        return;
    memmove(arguments + 1, arguments, (count + 1) * sizeof(arguments[0]));
    arguments[0] = wrapper;
}

static bool is_runnable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool prepare(const struct init_order *order)
{
    char *bytes = (char *)(inbox.bytes + sizeof(*order));
    size_t count = split(bytes, order->argument_bytes, arguments, INIT_ARGUMENTS_MAX);

    (void)split(bytes + order->argument_bytes, order->environment_bytes, environment, ENTRIES_MAX);
    if (count) {
        insert_wrapper(count);
        return true;
    }
    for (size_t i = 0; i < array_count(bootstraps); i++) {
        if (is_runnable(bootstraps[i])) {
            arguments[0] = (char *)(uintptr_t)bootstraps[i];
            arguments[1] = NULL;
            return true;
        }
    }
    return false;
}

/* What is executed, and with which descriptors. */
struct program {
    const char *folder;
    int log_fd;
    int channel_fd; /* or the pipe of log records; -1: neither */
    int channel_as; /* its number in the process */
};

/* Of the child of vfork that could not be executed: its memory is ours. */
static volatile int exec_error;

/*
 * In the child of vfork: our memory is still shared and we are stopped until exec, so it only calls
 * the kernel.
 */
static _Noreturn void become(const struct program *program)
{
    static const struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;

    (void)setsid();
    if (dup2(program->log_fd, STDOUT_FILENO) < 0 || dup2(program->log_fd, STDERR_FILENO) < 0)
        _exit(126);
    /* Without a channel number 3 stays our control socket and goes away with exec, being
     * close-on-exec. */
    if (program->channel_fd >= 0 && dup2(program->channel_fd, program->channel_as) < 0)
        _exit(126);
    (void)sigaction(SIGCHLD, &normal, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir(program->folder) == 0)
        (void)execve(arguments[0], arguments, environment);
    exec_error = errno;
    _exit(exec_error == ENOENT ? 127 : 126); /* as a shell would say it */
}

/* Ours, and so of all that we start. Lowering needs no privilege, and we have none. */
static void limit_processes(uint32_t count)
{
    const struct rlimit limit = {count, count};

    (void)setrlimit(RLIMIT_NPROC, &limit); /* fails only where the host's own is lower already */
}

/* vfork: a fork would copy page tables, and we have nothing to do until exec anyway. */
static pid_t spawn(const struct program *program)
{
    pid_t pid;

    exec_error = 0;
    pid = vfork();
    if (pid == 0)
        become(program);
    return pid;
}

static void complain(int log_fd, const char *text)
{
    (void)!write(log_fd, text, strlen(text)); /* the log is all there is to complain to */
}

static void complain_of_exec(int log_fd)
{
    complain(log_fd, "lambd: cannot run ");
    complain(log_fd, arguments[0]);
    complain(log_fd, exec_error == ENOENT    ? ": no such file\n"
                     : exec_error == EACCES  ? ": permission denied\n"
                     : exec_error == ENOEXEC ? ": not a program of this machine\n"
                                             : ": the kernel refuses\n");
}

/* e_machine of an ELF file; 0 when it is none. */
static uint32_t machine_of(const char *path)
{
    CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    Elf64_Ehdr head = {0}; /* as far as e_machine the same for 32 bits */

    if (fd < 0 || read(fd, &head, sizeof(head)) < (ssize_t)sizeof(Elf32_Ehdr) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return 0;
    if (head.e_ident[EI_DATA] == ELFDATA2MSB)
        return be16toh(head.e_machine);
    return le16toh(head.e_machine);
}

static void start_runtime(struct init *init, const struct init_order *order, int log_fd,
                          int channel_fd)
{
    const struct program program = {
        .folder = "/var/task",
        .log_fd = log_fd,
        .channel_fd = channel_fd,
        /* A client of ours takes the place of our control socket. */
        .channel_as =
            order->runtime == JAIL_RUNTIME_PROVIDED ? JAIL_LOG_RECORDS_FD : INIT_CONTROL_FD,
    };
    struct init_report answer = {.type = INIT_STARTED};
    pid_t pid;

    must(init->pids[JAIL_PROCESS_RUNTIME] == 0);
    if (!prepare(order)) {
        answer.failure.step = JAIL_STEP_BOOTSTRAP;
        report(&answer);
        return;
    }
    pid = spawn(&program);
    if (pid < 0) {
        answer.failure.step = JAIL_STEP_RUNTIME;
        answer.failure.error = (uint32_t)errno;
        pid = 0;
    } else if (exec_error == ENOEXEC && order->runtime == JAIL_RUNTIME_PROVIDED) {
        (void)waitpid(pid, NULL, 0);
        answer.failure.step = JAIL_STEP_BOOTSTRAP_FOREIGN;
        answer.failure.error = machine_of(arguments[0]);
        pid = 0;
    } else if (exec_error) {
        complain_of_exec(log_fd);
    }
    init->pids[JAIL_PROCESS_RUNTIME] = pid;
    report(&answer);
}

/* Its log is a pipe that we make, so that it belongs to the box's user. */
static void start_extension(struct init *init, uint32_t process, const char *name)
{
    static char path[sizeof(EXTENSIONS_FOLDER) + JAIL_TEXT_BYTES];
    struct init_report answer = {.type = INIT_EXTENSION, .extension.process = process};
    int fds[2] = {-1, -1};
    struct program program = {.folder = "/", .log_fd = -1, .channel_fd = -1};

    (void)snprintf(path, sizeof(path), EXTENSIONS_FOLDER "%s", name);
    memcpy(answer.extension.name, name, strlen(name) + 1);
    arguments[0] = path;
    arguments[1] = NULL;
    if (pipe2(fds, O_CLOEXEC) < 0) {
        answer.extension.error = (uint32_t)errno;
    } else {
        program.log_fd = fds[1];
        init->pids[process] = spawn(&program);
        if (init->pids[process] < 0)
            exec_error = errno;
        answer.extension.error = (uint32_t)exec_error;
    }
    if (answer.extension.error) {
        if (init->pids[process] > 0)
            (void)waitpid(init->pids[process], NULL, 0);
        init->pids[process] = 0;
    }
    (void)fd_send(INIT_CONTROL_FD, &answer, sizeof(answer), fds, answer.extension.error ? 0 : 1);
    fds_close(fds, array_count(fds));
}

static void start_extensions(struct init *init, const struct init_order *order)
{
    static struct extension_files files;
    struct init_report answer = {.type = INIT_EXTENSIONS_STARTED};

    (void)split((char *)inbox.bytes + sizeof(*order), order->environment_bytes, environment,
                ENTRIES_MAX);
    answer.launch = extension_files_list(&files);
    for (size_t i = 0; answer.launch == JAIL_LAUNCH_OK && i < files.count; i++)
        start_extension(init, (uint32_t)i + 1, files.names[i]);
    report(&answer);
}

/*
 * For the daemon to connect with to what listens in this network namespace: a socket stays in the
 * one that it was made in. It goes nowhere that we could not go ourselves.
 */
static void make_socket(void)
{
    const struct init_report answer = {.type = INIT_SOCKET_MADE};
    CLEANUP(close_fdp) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)fd_send(INIT_CONTROL_FD, &answer, sizeof(answer), &fd, fd < 0 ? 0 : 1);
}

static bool is_nobody_up(const struct init *init)
{
    for (size_t i = 0; i < JAIL_PROCESS_COUNT; i++)
        if (init->pids[i])
            return false;
    return true;
}

/*
 * When the last of those that we started has ended, so does everything they left behind. kill(-1)
 * reaches all processes here but ourselves, in one go under the kernel's lock, so a fork bomb
 * cannot slip through.
 */
static void finish(struct init *init, uint32_t process, int wait_status)
{
    const struct init_report answer = {
        .type = INIT_EXITED, .process = process, .wait_status = wait_status};

    init->pids[process] = 0;
    if (is_nobody_up(init)) {
        (void)kill(-1, SIGKILL);
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
            ;
    }
    report(&answer);
}

static void reap(struct init *init)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (uint32_t i = 0; i < JAIL_PROCESS_COUNT; i++) {
            if (pid == init->pids[i]) {
                finish(init, i, status);
                break;
            }
        }
    }
}

/* A process that has ended meanwhile needs none; its report is on its way. */
static void send_signal(const struct init *init, const struct init_order *order)
{
    pid_t pid = order->process < JAIL_PROCESS_COUNT ? init->pids[order->process] : -1;

    if (is_nobody_up(init) || pid == 0)
        return;
    if (order->process == JAIL_PROCESS_ALL)
        (void)kill(-1, SIGKILL);
    else if (order->signal == JAIL_SIGNAL_TERMINATE)
        (void)kill(pid, SIGTERM);
    else
        (void)kill(-pid, SIGKILL); /* with what shares its group, which nobody else does */
}

static void obey(struct init *init, const struct init_order *order, int fds[FD_PASS_MAX])
{
    switch ((enum init_order_type)order->type) {
    case INIT_GO:
        break;
    case INIT_START:
        limit_processes(order->processes_max);
        start_runtime(init, order, fds[0], fds[1]);
        break;
    case INIT_START_EXTENSIONS:
        limit_processes(order->processes_max);
        start_extensions(init, order);
        break;
    case INIT_SIGNAL:
        send_signal(init, order);
        break;
    case INIT_SOCKET:
        make_socket();
        break;
    case INIT_FREEZE:
        (void)kill(-1, SIGSTOP);
        break;
    case INIT_THAW:
        (void)kill(-1, SIGCONT);
        break;
    }
    fds_close(fds, FD_PASS_MAX);
    /* Credentials of the function were in there, and a later runtime of this box must not inherit
     * more. */
    if (order->type == INIT_START || order->type == INIT_START_EXTENSIONS)
        explicit_bzero(inbox.bytes,
                       sizeof(*order) + order->argument_bytes + order->environment_bytes);
}

static void receive(struct init *init)
{
    int fds[FD_PASS_MAX];
    ssize_t n = fd_receive(INIT_CONTROL_FD, inbox.bytes, sizeof(inbox), fds);

    if (n < (ssize_t)sizeof(struct init_order))
        _exit(0); /* the jail has gone, or let go of us: the kernel kills everything else here */
    obey(init, &inbox.order, fds);
}

static void on_child(int signal_number)
{
    (void)signal_number; /* its only use is to interrupt ppoll() */
}

_Noreturn void init_run(void)
{
    static const struct sigaction child = {.sa_handler = on_child};
    struct pollfd control = {.fd = INIT_CONTROL_FD, .events = POLLIN};
    struct init init = {0};
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &blocked, NULL);
    (void)sigemptyset(&init.waiting);
    (void)sigaction(SIGCHLD, &child, NULL);
    for (;;) {
        int n = ppoll(&control, 1, NULL, &init.waiting);

        reap(&init);
        if (n > 0)
            receive(&init);
    }
}
