/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "invoke/env_internal.h"
#include "invoke/log_pipe.h"
#include "invoke/process_env.h"
#include "invoke/runtime_name.h"
#include "runtime/answer.h"
#include "runtime/metadata.h"

/* ---- small helpers ---- */

bool env_is_available(const struct env *env)
{
    return env->state == ENV_IDLE || env->state == ENV_DOWN || env->state == ENV_HOPELESS;
}

bool env_is_running(const struct env *env)
{
    return env->inv != NULL;
}

bool env_is_new(const struct env *env)
{
    return !env->known;
}

bool env_is_resetting(const struct env *env)
{
    return env->state == ENV_RESETTING && env->stop == ENV_STOP_KILL;
}

bool env_is_awaited(const struct env *env)
{
    return env->awaited;
}

void env_set_awaited(struct env *env, bool is_awaited)
{
    env->awaited = is_awaited;
}

bool env_is_provisioned(const struct env *env)
{
    return env->is_provisioned;
}

bool env_has_failed_init(const struct env *env)
{
    return env->init_report;
}

void env_set_known(struct env *env)
{
    env->known = true;
}

struct list *env_node(struct env *env)
{
    return &env->node;
}

struct env *env_of_node(struct list *node)
{
    return container_of(node, struct env, node);
}

struct list *env_lru_node(struct env *env)
{
    return &env->lru_node;
}

struct env *env_of_lru_node(struct list *node)
{
    return container_of(node, struct env, lru_node);
}

uint64_t env_thaw_bytes(const struct env *env)
{
    return env->frozen ? sandbox_thaw_bytes(env->sandbox) : 0;
}

void *env_owner(const struct env *env)
{
    return env->owner;
}

static void on_timer(uv_timer_t *timer);

void env_timer_start(struct env *env, uint64_t ms)
{
    must(uv_timer_start(&env->timer, on_timer, ms, 0) == 0);
}

void env_limit_start(struct env *env, uint64_t ms)
{
    env->phase_ns = clock_mono_ns();
    env->limit_ns = env->phase_ns + ms * NS_PER_MS;
    env_timer_start(env, ms);
}

/* Set the timer to what is left of the limit. */
void env_limit_go_on(struct env *env)
{
    uint64_t now_ns = clock_mono_ns();

    env_timer_start(env, now_ns < env->limit_ns ? (env->limit_ns - now_ns) / NS_PER_MS + 1 : 0);
}

void env_thaw(struct env *env)
{
    if (env->frozen)
        (void)sandbox_thaw(env->sandbox);
    env->frozen = false;
}

/* ---- states ---- */

/* Tell the pool that env_run() may be called, unless it has let this env go meanwhile. */
void env_announce(struct env *env)
{
    if (env_is_available(env) && !env->inv)
        env->ops->available(env->owner, env);
}

void env_become_idle(struct env *env)
{
    env->state = ENV_IDLE;
    if (env->context->idle_freeze_ms != UINT64_MAX)
        env_timer_start(env, env->context->idle_freeze_ms);
    else
        env_timer_start(env, env->context->idle_stop_ms);
}

void env_die(struct env *env, const struct reason *why)
{
    env->state = ENV_DEAD;
    (void)uv_timer_stop(&env->timer);
    env->ops->dead(env->owner, env, why);
}

void env_on_log(void *owner, const struct runtime_log *log)
{
    struct env *env = owner;

    const struct env_output_event event = {
        .type = SUBSCRIPTION_FUNCTION,
        .real_ms = log->real_ms,
        .level = (enum log_level)log->level,
        .message = log->message,
    };

    env_log_output(&env->log, &event);
}

static void on_foreign_request(void *owner, struct http_request *req)
{
    struct env *env = owner;

    const struct metadata metadata = {str_of(env->metadata_token), env->version->region};

    if (extensions_api_request(env->extensions, req) || telemetry_request(env->telemetry, req) ||
        metadata_request(&metadata, req))
        return;
    if (env->state == ENV_LEAVING)
        answer_internal_error(req); /* nobody is there to act for it */
    else
        env->ops->api_request(env->owner, env, req);
}

static void on_socket_wanted(void *owner)
{
    struct env *env = owner;

    (void)sandbox_socket(env->sandbox); /* without a box nobody needs one */
}

static void on_socket_made(void *owner, int fd)
{
    struct env *env = owner;

    telemetry_give_socket(env->telemetry, fd);
}

static const struct telemetry_ops telemetry_ops = {on_socket_wanted};

static const struct extensions_api_ops extensions_ops = {
    .changed = env_on_extensions_changed,
    .failed = env_on_extension_failed,
};

static const struct runtime_session_ops session_ops = {
    .ready = env_on_session_ready,
    .init_error = env_on_init_error,
    .responding = env_on_responding,
    .stream_start = env_on_stream_start,
    .stream_piece = env_on_stream_piece,
    .response = env_on_response,
    .response_too_large = env_on_response_too_large,
    .error = env_on_error,
    .done = env_on_done,
    .log = env_on_log,
    .broken = env_on_broken,
    .foreign_request = on_foreign_request,
};

/* ---- the box ends ---- */

/* It can never start; the first invocation gets the reason. */
static void become_hopeless(struct env *env)
{
    env->state = ENV_HOPELESS;
    env_first_init_failed(env, REPORT_ERROR, "Runtime.InvalidEntrypoint");
    env_timer_start(env, env->context->idle_stop_ms);
    env_announce(env);
}

void env_box_failed(struct env *env, const struct reason *why)
{
    env->box_gone = true;
    env->processes_up = 0;
    env->stop = ENV_STOP_NONE;
    (void)uv_timer_stop(&env->stop_timer);
    if (env->state == ENV_LEAVING) {
        env_destroy(env);
        return;
    }
    if (env->inv) {
        session_reset(env->session);
        if (!env->responded)
            env_respond_error(env, "Sandbox.Failure", why->text);
        env_end_run(env, REPORT_ERROR, "Sandbox.Failure");
    }
    env_die(env, why);
}

static void on_failed(void *owner, int outcome, const struct reason *why)
{
    struct env *env = owner;
    bool is_hopeless = outcome == SANDBOX_FAILED_NO_INTERPRETER ||
                       outcome == SANDBOX_FAILED_NO_BOOTSTRAP ||
                       outcome == SANDBOX_FAILED_FOREIGN_BOOTSTRAP;

    /* With extensions the runtime is started when the init has begun. */
    if (is_hopeless && (env->state == ENV_STARTING || env->state == ENV_INIT)) {
        env->box_gone = true;
        env->processes_up = 0;
        env->hopeless = *why;
        if (outcome == SANDBOX_FAILED_FOREIGN_BOOTSTRAP)
            env_log_reason(&env->log, str_of(why->text));
        become_hopeless(env);
    } else {
        env_box_failed(env, why);
    }
}

static const struct sandbox_ops sandbox_ops = {
    .ready = env_on_ready,
    .runtime_started = env_on_runtime_started,
    .extension_started = env_on_extension_started,
    .extensions_started = env_on_extensions_started,
    .process_exited = env_on_process_exited,
    .socket_made = on_socket_made,
    .failed = on_failed,
};

/* ---- time ---- */

static void idle_timer(struct env *env)
{
    if (env->frozen || env->context->idle_freeze_ms == UINT64_MAX) {
        env_die(env, NULL);
        return;
    }
    (void)sandbox_freeze(
        env->sandbox); /* one that cannot be frozen is stopped in time all the same */
    env->frozen = true;
    env_timer_start(env, env->context->idle_stop_ms);
}

/* The time of the run is over; but libuv counts from the begin of the loop turn, and may be early.
 */
static void limit_reached(struct env *env)
{
    if (clock_mono_ns() < env->limit_ns)
        env_limit_go_on(env);
    else
        env_timed_out(env);
}

static void on_timer(uv_timer_t *timer)
{
    struct env *env = timer->data;
    struct reason why = {0};

    if (env->inv) {
        limit_reached(env);
        return;
    }
    switch (env->state) {
    case ENV_STARTING:
        if (env->hopeless.text[0]) {
            become_hopeless(env);
            return;
        }
        reason_set(&why, "the sandbox did not start in time");
        env_die(env, &why);
        return;
    case ENV_INIT:
        env_first_init_failed(env, REPORT_TIMEOUT, NULL);
        env->state = ENV_RESETTING;
        env_stop(env, "timeout");
        return;
    case ENV_IDLE:
        idle_timer(env);
        return;
    case ENV_DOWN:
    case ENV_HOPELESS:
        env_die(env, NULL);
        return;
    case ENV_BUSY: /* these have an invocation */
    case ENV_REINIT:
    case ENV_RESETTING: /* env->stop_timer counts */
    case ENV_LEAVING:
    case ENV_DEAD:
        return;
    }
}

/* ---- running ---- */

static void run_hopeless(struct env *env)
{
    const struct env_log_init_end end = {
        .phase = STR("invoke"),
        .status = REPORT_ERROR,
        .error_type = "Runtime.InvalidEntrypoint",
        .ns = clock_mono_ns() - env->phase_ns,
        .is_logged = true,
    };

    env_log_init_end(&env->log, &end);
    env_write_start(env);
    env_respond_error(env, "Runtime.InvalidEntrypoint", env->hopeless.text);
    env_end_run(env, REPORT_ERROR, "Runtime.InvalidEntrypoint");
    env_die(env, &env->hopeless);
}

void env_run(struct env *env, struct invocation *inv)
{
    must(env_is_available(env));
    must(!env->inv);
    env->inv = inv;
    env->started = false;
    env->responded = false;
    env->function_error = false;
    env->first_byte_ns = env->responded_ns = env->runtime_done_ns = 0;
    env->produced_bytes = 0;
    env->error_type[0] = '\0';
    env->is_streamed = false;
    env_log_begin_run(&env->log, inv->tail);
    env_thaw(env);
    env_limit_start(env, (uint64_t)env->version->timeout_s * 1000);
    if (env->state == ENV_IDLE && env->doomed)
        env->state = ENV_RESETTING; /* its exit, which is on the way, starts the next process */
    else if (env->state == ENV_IDLE)
        env_deliver(env);
    else if (env->state == ENV_DOWN)
        env_run_reinit(env);
    else
        run_hopeless(env);
}

/* ---- life ---- */

/* stem_environment is the memory of a part of the spec. */
static void make_spec(const struct function_version *version, const struct runtime_name *name,
                      struct buf *stem_environment, struct sandbox_spec *ret_spec)
{
    process_env_build_stem(stem_environment, version);
    *ret_spec = (struct sandbox_spec){
        .runtime = name->sandbox,
        .version_major = name->major,
        .version_minor = name->minor,
        .memory_mb = version->memory_mb,
        .tmp_mb = version->tmp_mb,
        .code = version->code,
        .layer_count = version->layer_count,
    };
    memcpy(ret_spec->layers, version->layers, sizeof(ret_spec->layers));
    if (!buf_failed(stem_environment))
        ret_spec->stem_environment = buf_str(stem_environment);
}

static int build_process_env(struct env *env)
{
    struct process_env_options options = {
        .log_stream = str_of(env->log.stream_name),
        .initialization_type = env->log.initialization_type,
        .metadata_token = str_of(rand_uuid(env->metadata_token)),
        .xray_daemon = env->context->xray_daemon,
        .endpoint_url = env->context->endpoint_url,
    };

    process_env_build(&env->process_env, env->version, &options);
    return buf_failed(&env->process_env) ? err_new(-ENOMEM) : 0;
}

static int start_sandbox(struct env *env, const struct runtime_name *name, struct reason *why)
{
    CLEANUP(buf_deinit) struct buf stem_environment = {0};
    struct sandbox_spec spec;

    make_spec(env->version, name, &stem_environment, &spec);
    spec.keeps_memory = env->is_provisioned;
    env->is_framed = spec.runtime != SANDBOX_RUNTIME_PROVIDED;
    return sandbox_new(&env->sandbox, env->context->sandboxes, &spec, &sandbox_ops, env, why);
}

void env_expect(const struct env_context *context, const struct function_version *version)
{
    CLEANUP(buf_deinit) struct buf stem_environment = {0};
    struct runtime_name name;
    struct sandbox_spec spec;

    runtime_name_parse(&name, version->runtime);
    if (name.family == RUNTIME_OTHER)
        return;
    make_spec(version, &name, &stem_environment, &spec);
    sandbox_expect(context->sandboxes, &spec);
}

static int start(struct env *env, struct reason *why)
{
    const struct extensions_function function = {
        .account = env->version->account,
        .name = env->version->name,
        .version = env->version->version,
        .handler = env->version->handler,
    };
    struct runtime_name name;
    int r;

    runtime_name_parse(&name, env->version->runtime);
    r = env_log_init(&env->log, env->context->logs, env->version,
                     env->is_provisioned ? STR("provisioned-concurrency") : STR("on-demand"));
    if (r < 0)
        return err_pass(r);
    r = build_process_env(env);
    if (r < 0)
        return err_pass(r);
    r = session_new(&env->session, env->context->loop, &session_ops, env);
    if (r < 0)
        return err_pass(r);
    r = extensions_api_new(&env->extensions, &function, &extensions_ops, env);
    if (r < 0)
        return err_pass(r);
    r = telemetry_new(&env->telemetry, env->context->loop, extensions_api_set(env->extensions),
                      &telemetry_ops, env);
    if (r < 0)
        return err_pass(r);
    env->log.telemetry = env->telemetry;
    if (name.family == RUNTIME_OTHER) {
        env_log_init_start(&env->log, STR("init"));
        reason_set(&env->hopeless, "this version of lambd cannot run %.*s functions yet",
                   STR_FMT(env->version->runtime));
        env_limit_start(env, 0); /* said from the loop, not from here */
        return 0;
    }
    r = start_sandbox(env, &name, why);
    if (r < 0)
        return err_pass(r);
    r = env_start_processes(env);
    if (r < 0)
        return err_pass(r);
    env_log_init_start(&env->log, STR("init"));
    env_limit_start(env, ENV_START_LIMIT_MS);
    return 0;
}

int env_new(struct env **ret_env, const struct env_options *options, struct reason *why)
{
    struct env *env = calloc(1, sizeof(*env));
    int r;

    if (!env)
        return err_new(-ENOMEM);
    list_init(&env->node);
    list_init(&env->lru_node);
    env->context = options->context;
    env->version = function_version_ref(options->version);
    env->ops = options->ops;
    env->owner = options->owner;
    env->is_provisioned = options->is_provisioned;
    must(uv_timer_init(options->context->loop, &env->timer) == 0);
    must(uv_timer_init(options->context->loop, &env->stop_timer) == 0);
    must(uv_timer_init(options->context->loop, &env->pace_timer) == 0);
    env->timer.data = env;
    env->stop_timer.data = env;
    env->pace_timer.data = env;
    r = start(env, why);
    if (r < 0) {
        (void)env_free(env);
        return err_pass(r);
    }
    *ret_env = env;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct env *env = handle->data;

    if (--env->handles_open == 0)
        free(env);
}

void env_destroy(struct env *env)
{
    bool was_leaving = env->state == ENV_LEAVING;
    const struct env_context *context = env->context;

    env->state = ENV_DEAD;
    list_remove(&env->node);
    list_remove(&env->lru_node);
    for (size_t i = 0; i < array_count(env->outputs); i++)
        env->outputs[i].pipe = log_pipe_free(env->outputs[i].pipe);
    env->log.telemetry = NULL;
    env->telemetry = telemetry_free(env->telemetry);
    env->extensions = extensions_api_free(env->extensions);
    env->session = session_free(env->session);
    env->sandbox = sandbox_free(env->sandbox);
    env_log_deinit(&env->log);
    buf_deinit(&env->process_env);
    env->version = function_version_unref(env->version);
    env->handles_open = 3;
    uv_close((uv_handle_t *)&env->timer, on_handle_closed);
    uv_close((uv_handle_t *)&env->stop_timer, on_handle_closed);
    uv_close((uv_handle_t *)&env->pace_timer, on_handle_closed);
    if (was_leaving)
        context->left(context->left_owner);
}

/* Is there anybody who may want to know that it ends? */
static bool has_extensions(struct env *env)
{
    const struct extensions *set = extensions_api_set(env->extensions);

    return env->processes_up && (extensions_have(set, true) || extensions_have(set, false));
}

struct env *env_free(struct env *env)
{
    if (!env)
        return NULL;
    must(!env->inv);
    if (!env->extensions || env->box_gone || !has_extensions(env)) {
        env_destroy(env);
        return NULL;
    }
    list_remove(&env->lru_node);
    list_remove(&env->node);
    list_push_back(env->context->leaving, &env->node);
    env->state = ENV_LEAVING;
    sandbox_leave(env->sandbox);
    env_stop(env, "spindown");
    return NULL;
}

void env_kill(struct env *env)
{
    must(env->state == ENV_LEAVING);
    env_destroy(env);
}
