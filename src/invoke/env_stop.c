/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The end of an environment's processes: first the runtime gets SIGTERM and a moment, then
 * extensions get SHUTDOWN and what is left of their time; who is still there then is killed. Where
 * nothing has registered, everything is killed at once.
 *
 *   NONE ──▶ RUNTIME ──▶ EXTENSIONS ──▶ KILL ──▶ (all gone) NONE
 *     └──────────┴───────────┴───────────▲
 */

#include "base/clock.h"
#include "base/must.h"
#include "invoke/env_internal.h"

enum {
    INTERNAL_LIMIT_MS = 500, /* with internal extensions only */
    EXTERNAL_LIMIT_MS = 2000,
    RUNTIME_SHARE_MS = 300,
    RUNTIME_SHARE_INTERNAL_MS = 500, /* internal extensions end with it */
};

static void stop_timer_start(struct env *env, uint64_t ms)
{
    must(uv_timer_start(&env->stop_timer, env_on_stop_timer, ms, 0) == 0);
}

static bool is_up(const struct env *env, unsigned process)
{
    return env->processes_up & 1U << process;
}

static void kill_all(struct env *env)
{
    env->stop = ENV_STOP_KILL;
    (void)sandbox_kill(env->sandbox, SANDBOX_PROCESS_ALL);
    stop_timer_start(env, ENV_START_LIMIT_MS);
}

/* What has not asked for SHUTDOWN, or is through with it, or has given up, is not waited for. */
static void kill_finished_extensions(struct env *env)
{
    const struct extensions *set = extensions_api_set(env->extensions);

    for (size_t i = 0; i < set->count; i++) {
        const struct extension *extension = &set->list[i];
        bool is_at_it = extension->state == EXTENSION_RUNNING || extension->shutdown_waits;

        if (extension->process && is_up(env, extension->process) &&
            (!(extension->events & EXTENSION_ON_SHUTDOWN) || !is_at_it))
            (void)sandbox_kill(env->sandbox, extension->process);
    }
}

static uint64_t left_ms(const struct env *env)
{
    uint64_t now_ns = clock_mono_ns();

    return now_ns < env->stop_end_ns ? (env->stop_end_ns - now_ns) / NS_PER_MS + 1 : 0;
}

static void shut_extensions_down(struct env *env)
{
    uint64_t ms = left_ms(env);

    env->stop = ENV_STOP_EXTENSIONS;
    env_drain_outputs(env);
    telemetry_flush(env->telemetry);
    extensions_api_shutdown(env->extensions, env->stop_reason, clock_real_ms() + ms);
    kill_finished_extensions(env);
    stop_timer_start(env, ms);
}

static void begin(struct env *env, bool has_internal, bool has_external)
{
    uint64_t limit_ms = has_external ? EXTERNAL_LIMIT_MS : INTERNAL_LIMIT_MS;

    env->stop_end_ns = clock_mono_ns() + limit_ms * NS_PER_MS;
    if (is_up(env, SANDBOX_PROCESS_RUNTIME)) {
        env->stop = ENV_STOP_RUNTIME;
        (void)sandbox_terminate(env->sandbox, SANDBOX_PROCESS_RUNTIME);
        stop_timer_start(env, has_internal ? RUNTIME_SHARE_INTERNAL_MS : RUNTIME_SHARE_MS);
    } else {
        shut_extensions_down(env);
    }
}

void env_stop(struct env *env, const char *reason)
{
    const struct extensions *set = extensions_api_set(env->extensions);
    bool has_internal = extensions_have(set, false);
    bool has_external = extensions_have(set, true);

    if (env->stop)
        return;
    if (!env->inv)
        (void)uv_timer_stop(&env->timer);
    env_thaw(env);
    session_reset(env->session); /* the event it may still answer is about to go */
    env->stop_reason = reason;
    if (!env->processes_up)
        env_on_stopped(env);
    else if (has_external || (has_internal && is_up(env, SANDBOX_PROCESS_RUNTIME)))
        begin(env, has_internal, has_external);
    else
        kill_all(env);
}

void env_stop_go_on(struct env *env)
{
    must(env->stop);
    if (!env->processes_up) {
        env->stop = ENV_STOP_NONE;
        (void)uv_timer_stop(&env->stop_timer);
        env_on_stopped(env);
    } else if (env->stop == ENV_STOP_RUNTIME && !is_up(env, SANDBOX_PROCESS_RUNTIME)) {
        shut_extensions_down(env);
    } else if (env->stop == ENV_STOP_EXTENSIONS) {
        kill_finished_extensions(env);
    }
}

void env_on_stop_timer(uv_timer_t *timer)
{
    struct env *env = timer->data;
    struct reason why = {0};

    if (env->stop == ENV_STOP_RUNTIME && is_up(env, SANDBOX_PROCESS_RUNTIME) && left_ms(env)) {
        (void)sandbox_kill(env->sandbox, SANDBOX_PROCESS_RUNTIME);
        stop_timer_start(env, left_ms(env));
    } else if (env->stop != ENV_STOP_KILL) {
        kill_all(env);
    } else if (env->state == ENV_LEAVING) {
        env_destroy(env);
    } else {
        reason_set(&why, "the sandbox did not stop in time");
        env_box_failed(env, &why);
    }
}
