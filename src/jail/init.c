/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/must.h"

enum { ENTRIES_MAX = 4096 };

struct init {
    pid_t runtime_pid; /* 0: none */
    sigset_t waiting;  /* the mask while we wait: SIGCHLD gets through */
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

static void say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text)); /* the log is all there is to complain to */
}

/*
 * In the child of vfork: our memory is still shared and we are stopped until exec, so it only calls
 * the kernel. The shell's exit statuses say why it could not be run.
 */
static _Noreturn void become_runtime(int log_fd, int channel_fd)
{
    static const struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;
    int error;

    (void)setsid();
    if (dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
        _exit(126);
    /* For a custom runtime number 3 stays our control socket and goes away with exec, being
     * close-on-exec. */
    if (channel_fd >= 0 && dup2(channel_fd, INIT_CONTROL_FD) < 0)
        _exit(126);
    (void)sigaction(SIGCHLD, &normal, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/var/task") == 0)
        (void)execve(arguments[0], arguments, environment);
    error = errno;
    say("lambd: cannot run ");
    say(arguments[0]);
    say(error == ENOENT    ? ": no such file\n"
        : error == EACCES  ? ": permission denied\n"
        : error == ENOEXEC ? ": not a program of this machine\n"
                           : ": the kernel refuses\n");
    _exit(error == ENOENT ? 127 : 126);
}

static void start_runtime(struct init *init, const struct init_order *order, int log_fd,
                          int channel_fd)
{
    struct init_report answer = {.type = INIT_STARTED};

    must(init->runtime_pid == 0);
    if (!prepare(order)) {
        answer.failure.step = JAIL_STEP_BOOTSTRAP;
        report(&answer);
        return;
    }
    /* vfork: a fork would copy page tables, and we have nothing to do until exec anyway. */
    init->runtime_pid = vfork();
    if (init->runtime_pid == 0)
        become_runtime(log_fd, channel_fd);
    if (init->runtime_pid < 0) {
        answer.failure.step = JAIL_STEP_RUNTIME;
        answer.failure.error = (uint32_t)errno;
        init->runtime_pid = 0;
    }
    report(&answer);
}

/*
 * The runtime has ended: so does everything it left behind. kill(-1) reaches all processes here but
 * ourselves, in one go under the kernel's lock, so a fork bomb cannot slip through.
 */
static void finish_runtime(struct init *init, int wait_status)
{
    const struct init_report answer = {.type = INIT_EXITED, .wait_status = wait_status};

    (void)kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    init->runtime_pid = 0;
    report(&answer);
}

static void reap(struct init *init)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == init->runtime_pid)
            finish_runtime(init, status);
    }
}

static void send_signal(const struct init *init, uint32_t which)
{
    if (!init->runtime_pid)
        return; /* it ended meanwhile; the report is on its way */
    if (which == JAIL_SIGNAL_TERMINATE)
        (void)kill(init->runtime_pid, SIGTERM);
    else
        (void)kill(-1, SIGKILL);
}

static void obey(struct init *init, const struct init_order *order, int fds[FD_PASS_MAX])
{
    switch ((enum init_order_type)order->type) {
    case INIT_GO:
        break;
    case INIT_START:
        start_runtime(init, order, fds[0], fds[1]);
        break;
    case INIT_SIGNAL:
        send_signal(init, order->signal);
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
    if (order->type == INIT_START)
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
