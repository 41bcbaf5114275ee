/* SPDX-License-Identifier: Apache-2.0 */

/* How the processes of an environment end, by themselves or by us, and what comes after. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/must.h"
#include "invoke/env_internal.h"
#include "invoke/log_pipe.h"
#include "sandbox/sandbox.h"

void env_become_down(struct env *env)
{
    if (env->output)
        log_pipe_drain(env->output);
    env->output = log_pipe_free(env->output);
    session_reset(env->session);
    env->state = ENV_DOWN;
    env_timer_start(env, env->context->idle_stop_ms);
}

void env_kill_runtime(struct env *env)
{
    env_thaw(env);
    session_reset(env->session); /* the event it may still answer is about to go */
    (void)sandbox_kill(env->sandbox, SANDBOX_PROCESS_ALL);
    env->state = ENV_RESETTING;
    env_timer_start(env, ENV_START_LIMIT_MS);
}

/* ---- how processes end ---- */

static void exit_text(const struct sandbox_exit *exit, char *text, size_t size)
{
    int status = exit->wait_status;
    const char *name;

    if (WIFSIGNALED(status)) {
        name = WTERMSIG(status) == SIGKILL ? "killed" : strsignal(WTERMSIG(status));
        (void)snprintf(text, size, "Runtime exited with error: signal: %s", name);
        for (char *c = text + sizeof("Runtime exited with error: signal: ") - 1; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
    } else if (WEXITSTATUS(status)) {
        (void)snprintf(text, size, "Runtime exited with error: exit status %d",
                       WEXITSTATUS(status));
    } else {
        (void)snprintf(text, size, "Runtime exited without providing a reason");
    }
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

/* The process ended in the middle of a run: by itself, or because we killed it for what it did. */
static void run_exited(struct env *env, const struct sandbox_exit *exit)
{
    bool is_ours = env->broken_type && WIFSIGNALED(exit->wait_status) && !is_out_of_memory(exit);
    const char *type = is_ours ? env->broken_type : exit_type(exit);
    char text[128];

    if (env->state == ENV_REINIT)
        env_report_suppressed_init(env, REPORT_ERROR, type);
    env_write_start(env);
    if (is_ours)
        (void)snprintf(text, sizeof(text), "%s", env->broken_what);
    else
        exit_text(exit, text, sizeof(text));
    if (!env->responded)
        env_respond_error(env, type, text);
    env_become_down(env);
    env_end_run(env, REPORT_ERROR, type);
    env_announce(env);
}

/* It came while the last process was dying: that is gone, and the limit of the run goes on. */
static void run_again(struct env *env)
{
    env_limit_go_on(env);
    env_run_reinit(env);
}

void env_on_process_exited(void *owner, unsigned process, const struct sandbox_exit *exit)
{
    struct env *env = owner;
    uint64_t start = env->starts;

    must(process == SANDBOX_PROCESS_RUNTIME);
    /* What it said before it ended counts: a result, an init error, log records. */
    env->exited = true;
    if (env->state == ENV_INIT || env->state == ENV_BUSY || env->state == ENV_REINIT)
        session_drain(env->session);
    if (env->starts != start)
        return; /* that ended the run, and the next one has begun with a new process */
    switch (env->state) {
    case ENV_STARTING:
    case ENV_INIT:
        env_first_init_failed(env, REPORT_ERROR, exit_type(exit));
        env_become_down(env);
        env_announce(env);
        return;
    case ENV_BUSY:
    case ENV_REINIT:
        run_exited(env, exit);
        return;
    case ENV_RESETTING:
        env_become_down(env);
        if (env->inv)
            run_again(env);
        else
            env_announce(env);
        return;
    case ENV_IDLE:
        env_become_down(env); /* nobody knows until the next invocation */
        return;
    case ENV_DOWN:
    case ENV_HOPELESS:
    case ENV_DEAD:
        return;
    }
}

void env_on_broken(void *owner, const char *error_type, const char *what)
{
    struct env *env = owner;

    env->doomed = true;
    env->broken_type = error_type;
    env->broken_what = what;
    /* If it is ending by itself the kill comes too late to change its status; the exit is the
     * event. */
    if (!env->exited && env->state != ENV_RESETTING)
        (void)sandbox_kill(env->sandbox, SANDBOX_PROCESS_ALL);
}
