/* SPDX-License-Identifier: Apache-2.0 */

/* How the processes of an environment end by themselves, and what that means. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "invoke/env_internal.h"
#include "invoke/log_pipe.h"

void env_become_down(struct env *env)
{
    env_drain_outputs(env);
    for (size_t i = 0; i < array_count(env->outputs); i++)
        env->outputs[i].pipe = log_pipe_free(env->outputs[i].pipe);
    session_reset(env->session);
    env->state = ENV_DOWN;
    env_timer_start(env, env->context->idle_stop_ms);
}

/* ---- how processes end ---- */

enum { SIGNAL_BYTES = 64 };

/* "killed", "segmentation fault" */
static const char *signal_name(const struct sandbox_exit *exit, char name[SIGNAL_BYTES])
{
    int number = WTERMSIG(exit->wait_status);

    (void)snprintf(name, SIGNAL_BYTES, "%s", number == SIGKILL ? "killed" : strsignal(number));
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return name;
}

static void exit_text(const struct sandbox_exit *exit, char *text, size_t size)
{
    int status = exit->wait_status;
    char name[SIGNAL_BYTES];

    if (WIFSIGNALED(status))
        (void)snprintf(text, size, "Runtime exited with error: signal: %s",
                       signal_name(exit, name));
    else if (WEXITSTATUS(status))
        (void)snprintf(text, size, "Runtime exited with error: exit status %d",
                       WEXITSTATUS(status));
    else
        (void)snprintf(text, size, "Runtime exited without providing a reason");
}

/* The kernel may have chosen a process that the runtime had started, and the runtime got over it.
 */
static bool is_out_of_memory(const struct sandbox_exit *exit)
{
    return exit->out_of_memory && WIFSIGNALED(exit->wait_status) &&
           WTERMSIG(exit->wait_status) == SIGKILL;
}

static const char *exit_type(const struct sandbox_exit *exit)
{
    return is_out_of_memory(exit) ? "Runtime.OutOfMemory" : "Runtime.ExitError";
}

void env_fail(struct env *env, const char *type, const char *message)
{
    switch (env->state) {
    case ENV_STARTING:
    case ENV_INIT:
        env_first_init_failed(env, REPORT_ERROR, type);
        env->state = ENV_RESETTING;
        break;
    case ENV_REINIT:
        env_report_suppressed_init(env, REPORT_ERROR, type);
        __attribute__((fallthrough));
    case ENV_BUSY:
        env_write_start(env);
        if (!env->responded)
            env_respond_error(env, type, message);
        env_give_up_run(env, REPORT_ERROR, type, "failure");
        return;
    case ENV_IDLE:
        env->doomed = true; /* nobody knows until the next invocation */
        break;
    case ENV_RESETTING:
    case ENV_DOWN:
    case ENV_HOPELESS:
    case ENV_LEAVING:
    case ENV_DEAD:
        break;
    }
    env_stop(env, "failure");
}

/* The runtime ended by itself, or because we killed it for what it did. */
static void runtime_failed(struct env *env, const struct sandbox_exit *exit)
{
    bool is_ours = env->broken_type && WIFSIGNALED(exit->wait_status) && !is_out_of_memory(exit);
    char text[128];

    exit_text(exit, text, sizeof(text));
    if (is_ours)
        env_fail(env, env->broken_type, env->broken_what);
    else
        env_fail(env, exit_type(exit), text);
}

static void on_runtime_exited(struct env *env, const struct sandbox_exit *exit)
{
    uint64_t start = env->starts;

    /* What it said before it ended counts: a result, an init error, log records. */
    env->exited = true;
    if (env->state == ENV_INIT || env->state == ENV_BUSY || env->state == ENV_REINIT)
        session_drain(env->session);
    if (env->starts != start)
        return; /* that ended the run, and the next one has begun with new processes */
    if (env->stop)
        env_stop_go_on(env);
    else if (env->state == ENV_BUSY && env->runtime_waits)
        return; /* it was done with the run, but extensions are not */
    else if (env->state != ENV_DOWN)
        runtime_failed(env, exit);
}

static void on_extension_exited(struct env *env, unsigned process, const struct sandbox_exit *exit)
{
    char name[SIGNAL_BYTES];
    char text[SIGNAL_BYTES + 16];

    (void)extensions_exited(extensions_api_set(env->extensions), process);
    if (env->stop) {
        env_stop_go_on(env);
        return;
    }
    if (WIFSIGNALED(exit->wait_status))
        (void)snprintf(text, sizeof(text), "signal: %s", signal_name(exit, name));
    else
        (void)snprintf(text, sizeof(text), "exit code %d", WEXITSTATUS(exit->wait_status));
    env_fail(env, "Extension.Crash", text);
}

void env_on_process_exited(void *owner, unsigned process, const struct sandbox_exit *exit)
{
    struct env *env = owner;

    env->processes_up &= ~(1U << process);
    if (process == SANDBOX_PROCESS_RUNTIME)
        on_runtime_exited(env, exit);
    else
        on_extension_exited(env, process, exit);
}

/* It called init/error or exit/error; its process is about to end. */
void env_on_extension_failed(void *owner, const struct extension *extension)
{
    struct env *env = owner;

    if (env->stop)
        env_stop_go_on(env);
    else
        env_fail(env,
                 extension->state == EXTENSION_INIT_ERROR ? "Extension.InitError"
                                                          : "Extension.ExitError",
                 "exit code 0");
}

void env_on_broken(void *owner, const char *error_type, const char *what)
{
    struct env *env = owner;

    env->doomed = true;
    env->broken_type = error_type;
    env->broken_what = what;
    /* If it is ending by itself the kill comes too late to change its status; the exit is the
     * event. */
    if (!env->exited && !env->stop)
        (void)sandbox_kill(env->sandbox, SANDBOX_PROCESS_RUNTIME);
}

/* It came while the last processes were dying: they are gone, and the limit of the run goes on. */
static void run_again(struct env *env)
{
    env_limit_go_on(env);
    env_run_reinit(env);
}

void env_on_stopped(struct env *env)
{
    bool is_known_to_pool = env->state == ENV_IDLE;

    if (env->state == ENV_LEAVING) {
        env_drain_outputs(env);
        env_destroy(env);
        return;
    }
    env_become_down(env);
    if (env->inv)
        run_again(env);
    else if (!is_known_to_pool)
        env_announce(env);
}
