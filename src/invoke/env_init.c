/* SPDX-License-Identifier: Apache-2.0 */

/* The init of an environment: a runtime process is started, loads the function, and asks for its
 * first event; or it fails to. */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/must.h"
#include "invoke/env_internal.h"
#include "invoke/log_pipe.h"
#include "sandbox/sandbox.h"

/* ---- a failed init ---- */

/*
 * The init phase failed. Nobody is told: the first invocation repeats the init in its own time, and
 * gets the error if that fails again.
 */
void env_first_init_failed(struct env *env, enum report_status status, const char *type)
{
    uint64_t ns = clock_mono_ns() - env->phase_ns;

    if (env->output)
        log_pipe_drain(env->output);
    env_log_init_report(&env->log, ns, STR("init"), status, str_of(type));
    env->init_report = true;
}

void env_report_suppressed_init(struct env *env, enum report_status status, const char *type)
{
    uint64_t ns = clock_mono_ns() - env->phase_ns;

    if (env->output)
        log_pipe_drain(env->output);
    if (env->init_report)
        env_log_init_report(&env->log, ns, STR("invoke"), status, str_of(type));
}

int env_start_runtime(struct env *env)
{
    env->doomed = false;
    env->broken_type = NULL;
    env->exited = false;
    env->starts++;
    session_start(env->session, env->is_framed);
    return sandbox_runtime_start(env->sandbox, env->process_env.ptr, env->process_env.len);
}

void env_run_reinit(struct env *env)
{
    env->state = ENV_REINIT;
    if (env_start_runtime(env) < 0) {
        env_respond_error(env, "Sandbox.Failure", "the runtime process could not be started");
        env_become_down(env);
        env_end_run(env, REPORT_ERROR, "Sandbox.Failure");
        env_announce(env);
    }
}
/* ---- the runtime process starts ---- */

static void on_output_line(void *owner, struct str line)
{
    struct env *env = owner;

    env_log_line(&env->log, clock_real_ms(), line);
}

static const struct log_pipe_ops output_ops = {on_output_line};

void env_on_ready(void *owner, int listener_fd)
{
    struct env *env = owner;
    struct reason why = {0};
    int r = session_listen(env->session, listener_fd);

    if (r < 0 && env->state == ENV_STARTING) {
        reason_set_errno(&why, r, "cannot serve the sandbox's listener");
        env_die(env, &why);
    }
}

/* What INIT says. A wrapper may have changed the environment that the process was started with, and
 * that is then the one. */
static struct str init_block(const struct env *env)
{
    for (size_t i = 0; i < env->version->env_count; i++)
        if (str_eq(env->version->env[i].name, STR("AWS_LAMBDA_EXEC_WRAPPER")) &&
            env->version->env[i].value.len > 0)
            return STR("");
    return buf_str(&env->process_env);
}

static uint64_t init_limit_ms(const struct env *env)
{
    uint64_t own_ms = (uint64_t)env->version->timeout_s * 1000;

    if (!env->is_provisioned)
        return LIMIT_INIT_MS;
    return own_ms > LIMIT_INIT_PROVISIONED_MS ? own_ms : LIMIT_INIT_PROVISIONED_MS;
}

void env_on_runtime_started(void *owner, int channel_fd, int log_fd)
{
    struct env *env = owner;
    bool is_early = env->early;
    int r = 0;

    env->early = false;
    must(!env->output);
    if (log_pipe_new(&env->output, env->context->loop, log_fd, &output_ops, env) < 0)
        env->output = NULL;
    if (env->state == ENV_RESETTING) { /* it is being killed already */
        close_fdp(&channel_fd);
        return;
    }
    if (channel_fd >= 0)
        r = session_open_channel(env->session, channel_fd);
    if (r < 0) {
        (void)sandbox_kill(env->sandbox,
                           SANDBOX_PROCESS_ALL); /* the exit is the event to act upon */
        return;
    }
    if (env->state == ENV_STARTING) {
        env->state = ENV_INIT;
        env_limit_start(env, init_limit_ms(env));
    }
    session_init(env->session, init_block(env));
    if (is_early)
        env_on_session_ready(env);
}

void env_on_session_ready(void *owner)
{
    struct env *env = owner;

    /* A custom runtime may be heard on the listener before the jail says that it was started. It
     * gets no event until we have its output, which would miss in that event's log. */
    if (!env->output) {
        env->early = true;
        return;
    }
    log_pipe_drain(env->output);
    if (env->state == ENV_INIT) {
        env->init_ns = clock_mono_ns() - env->phase_ns;
        env_become_idle(env);
        (void)sandbox_settle(env->sandbox);
        env_announce(env);
    } else if (env->state == ENV_REINIT) {
        env->init_report = false;
        env_deliver(env);
    }
}

void env_on_init_error(void *owner, struct str error_type, struct str body)
{
    struct env *env = owner;
    char type[ENV_ERROR_TYPE_BYTES];
    char *payload;

    env_log_error_type(error_type, type);
    /* A custom runtime may be heard on the listener before the jail says that it was started. */
    if (env->state == ENV_INIT || env->state == ENV_STARTING) {
        env_first_init_failed(env, REPORT_ERROR, type);
        env_kill_runtime(env);
    } else if (env->state == ENV_REINIT) {
        env_report_suppressed_init(env, REPORT_ERROR, type);
        payload = malloc(body.len + 1);
        if (payload && body.len)
            memcpy(payload, body.ptr, body.len);
        env_respond(env, payload ? INVOCATION_FUNCTION_ERROR : INVOCATION_UNAVAILABLE, payload,
                    payload ? body.len : 0);
        env_kill_runtime(env);
        env_end_run(env, REPORT_ERROR, type);
    }
}