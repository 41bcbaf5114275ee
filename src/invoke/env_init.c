/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The init of an environment: extensions are started and register, then the runtime, which loads
 * the function; when all have asked for their first event it is over.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/must.h"
#include "invoke/env_internal.h"
#include "invoke/log_pipe.h"
#include "invoke/process_env.h"

void env_run_reinit(struct env *env)
{
    env->state = ENV_REINIT;
    if (env_start_processes(env) == 0) {
        env_log_init_start(&env->log, STR("invoke"));
    } else {
        env_respond_error(env, "Sandbox.Failure", "the runtime process could not be started");
        env_become_down(env);
        env_end_run(env, REPORT_ERROR, "Sandbox.Failure");
        env_announce(env);
    }
}

/* ---- processes start ---- */

static void on_output_line(void *owner, struct str line)
{
    struct env_output *output = owner;

    struct env *env = output->env;
    const struct env_output_event event = {
        .type = output == &env->outputs[SANDBOX_PROCESS_RUNTIME] ? SUBSCRIPTION_FUNCTION
                                                                 : SUBSCRIPTION_EXTENSION,
        .real_ms = clock_real_ms(),
        .message = line,
    };

    env_log_output(&env->log, &event);
}

static void on_output_record(void *owner, const struct runtime_log *record)
{
    struct env_output *output = owner;

    env_on_log(output->env, record);
}

static void open_output(struct env *env, unsigned number, int log_fd)
{
    static const struct log_pipe_ops lines = {.line = on_output_line};
    static const struct log_pipe_ops records = {.record = on_output_record};
    struct env_output *output = &env->outputs[number];

    must(!output->pipe);
    output->env = env;
    if (log_pipe_new(&output->pipe, env->context->loop, log_fd,
                     number == ENV_OUTPUT_RECORDS ? &records : &lines, output) < 0)
        output->pipe = NULL; /* what it prints is lost */
}

void env_drain_outputs(struct env *env)
{
    for (size_t i = 0; i < array_count(env->outputs); i++)
        if (env->outputs[i].pipe)
            log_pipe_drain(env->outputs[i].pipe);
}

static int start_runtime(struct env *env)
{
    env->processes_up |= 1U << SANDBOX_PROCESS_RUNTIME;
    return sandbox_runtime_start(env->sandbox, env->process_env.ptr, env->process_env.len);
}

static int start_extensions(struct env *env)
{
    CLEANUP(buf_deinit) struct buf environment = {0};

    process_env_build_extension(&environment, buf_str(&env->process_env));
    if (buf_failed(&environment))
        return err_new(-ENOMEM);
    return sandbox_extensions_start(env->sandbox, environment.ptr, environment.len);
}

int env_start_processes(struct env *env)
{
    env->doomed = false;
    env->broken_type = NULL;
    env->exited = false;
    env->runtime_started = false;
    env->runtime_waits = false;
    env->starts++;
    session_start(env->session, env->is_framed);
    /* Only layers bring extensions: without one there is nothing to wait for. */
    telemetry_reset(env->telemetry);
    extensions_api_reset(env->extensions, env->version->layer_count > 0);
    return env->version->layer_count ? start_extensions(env) : start_runtime(env);
}

static uint64_t init_limit_ms(const struct env *env)
{
    uint64_t own_ms = (uint64_t)env->version->timeout_s * 1000;

    if (!env->is_provisioned)
        return env->context->init_limit_ms;
    return own_ms > LIMIT_INIT_PROVISIONED_MS ? own_ms : LIMIT_INIT_PROVISIONED_MS;
}

static void begin_init(struct env *env)
{
    if (env->state != ENV_STARTING)
        return;
    env->state = ENV_INIT;
    env_limit_start(env, init_limit_ms(env));
}

void env_on_extension_started(void *owner, unsigned process, const char *name, int error,
                              int log_fd)
{
    struct env *env = owner;

    extensions_add(extensions_api_set(env->extensions), process, name, error);
    if (error)
        return;
    env->processes_up |= 1U << process;
    open_output(env, process, log_fd);
}

static bool is_launched(struct env *env, int outcome)
{
    const struct extensions *set = extensions_api_set(env->extensions);

    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].state == EXTENSION_LAUNCH_ERROR)
            return false;
    return outcome != SANDBOX_EXTENSIONS_TOO_MANY;
}

void env_on_extensions_started(void *owner, int outcome)
{
    struct env *env = owner;

    begin_init(env);
    if (env->stop)
        return;
    extensions_api_set(env->extensions)->is_disabled = outcome == SANDBOX_EXTENSIONS_DISABLED;
    extensions_api_launched(env->extensions);
    if (is_launched(env, outcome))
        env_on_extensions_changed(env);
    else
        env_fail(env, "Extension.LaunchError", "extensions could not be launched");
}

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

/* ---- the init is over ---- */

static void log_subscription(void *owner, const struct extension *extension,
                             const struct subscription *subscription)
{
    struct env *env = owner;

    env_log_subscription(&env->log, extension, subscription);
}

/* However it went: who was there, and how long it took. */
static void log_init_end(struct env *env, enum report_status status, const char *type)
{
    const struct extensions *set = extensions_api_set(env->extensions);
    bool is_first = env->state != ENV_REINIT;
    const struct env_log_init_end end = {
        .phase = is_first ? STR("init") : STR("invoke"),
        .status = status,
        .error_type = type,
        .ns = clock_mono_ns() - env->phase_ns,
        .is_logged = is_first || (env->init_report && status != REPORT_SUCCESS),
    };

    env_drain_outputs(env);
    for (size_t i = 0; i < set->count; i++)
        env_log_extension(&env->log, &set->list[i]);
    telemetry_each(env->telemetry, log_subscription, env);
    env_log_init_end(&env->log, &end);
}

/*
 * The init phase failed. Nobody is told: the first invocation repeats the init in its own time, and
 * gets the error if that fails again.
 */
void env_first_init_failed(struct env *env, enum report_status status, const char *type)
{
    log_init_end(env, status, type);
    env->init_report = true;
    if (env->sandbox)
        (void)sandbox_settle(env->sandbox); /* what comes now is the invocation's time */
}

void env_report_suppressed_init(struct env *env, enum report_status status, const char *type)
{
    log_init_end(env, status, type);
}

static bool is_initialising(const struct env *env)
{
    /* A custom runtime may be heard on the listener before the jail says that it was started. */
    return env->state == ENV_INIT || env->state == ENV_STARTING || env->state == ENV_REINIT;
}

static void check_init(struct env *env)
{
    struct extensions *set = extensions_api_set(env->extensions);

    /* A custom runtime may be heard on the listener before the jail says that it was started. It
     * gets no event until we have its output, which would miss in that event's log. */
    if (!env->runtime_started || !env->runtime_waits || !extensions_are_ready(set))
        return;
    set->is_closed = true;
    log_init_end(env, REPORT_SUCCESS, NULL);
    telemetry_close(env->telemetry);
    if (env->state == ENV_REINIT) {
        env->init_report = false;
        env_deliver(env);
        return;
    }
    env->init_ns = clock_mono_ns() - env->phase_ns;
    env->init_real_us = clock_real_us() - env->init_ns / 1000;
    env_become_idle(env);
    (void)sandbox_settle(env->sandbox);
    env_announce(env);
}

/* ---- the runtime is started ---- */

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

void env_on_runtime_started(void *owner, int channel_fd, int log_fd)
{
    struct env *env = owner;
    int r = 0;

    open_output(env, SANDBOX_PROCESS_RUNTIME, log_fd);
    if (!env->is_framed)
        open_output(env, ENV_OUTPUT_RECORDS, steal_fd(&channel_fd));
    if (env->stop) { /* it is being ended already */
        close_fdp(&channel_fd);
        return;
    }
    if (channel_fd >= 0)
        r = session_open_channel(env->session, channel_fd);
    if (r < 0) { /* the exit is the event to act upon */
        (void)sandbox_kill(env->sandbox, SANDBOX_PROCESS_RUNTIME);
        return;
    }
    begin_init(env);
    env->runtime_started = true;
    session_init(env->session, init_block(env));
    if (env->runtime_waits)
        check_init(env);
}

void env_on_extensions_changed(void *owner)
{
    struct env *env = owner;
    const struct extensions *set = extensions_api_set(env->extensions);
    bool is_runtime_up = env->processes_up & 1U << SANDBOX_PROCESS_RUNTIME;

    if (env->stop) {
        env_stop_go_on(env);
    } else if (env->state == ENV_BUSY) {
        env_check_done(env);
    } else if (is_initialising(env) && is_runtime_up) {
        check_init(env);
    } else if (is_initialising(env) && extensions_are_registered(set)) {
        if (start_runtime(env) < 0)
            env_fail(env, "Sandbox.Failure", "the runtime process could not be started");
    }
}

void env_on_session_ready(void *owner)
{
    struct env *env = owner;

    env->runtime_waits = true;
    extensions_api_set(env->extensions)->is_internal_closed = true;
    if (is_initialising(env))
        check_init(env);
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
        env->state = ENV_RESETTING;
        env_stop(env, "failure");
    } else if (env->state == ENV_REINIT) {
        env_report_suppressed_init(env, REPORT_ERROR, type);
        payload = malloc(body.len + 1);
        if (payload && body.len)
            memcpy(payload, body.ptr, body.len);
        env_respond(env, payload ? INVOCATION_FUNCTION_ERROR : INVOCATION_UNAVAILABLE, payload,
                    payload ? body.len : 0);
        env_give_up_run(env, REPORT_ERROR, type, "failure");
    }
}