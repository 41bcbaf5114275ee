/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/env.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/must.h"
#include "invoke/env_log.h"
#include "invoke/invocation.h"
#include "invoke/log_pipe.h"
#include "invoke/process_env.h"
#include "invoke/runtime_name.h"
#include "obs/report.h"
#include "runtime/session.h"
#include "sandbox/sandbox.h"

enum {
    START_LIMIT_MS = 30000, /* a box that does not come up by then never will */
    ERROR_TYPE_BYTES = 128,
};

enum env_state {
    ENV_STARTING,
    ENV_INIT,
    ENV_IDLE,
    ENV_BUSY,
    ENV_RESETTING,
    ENV_DOWN,
    ENV_REINIT,
    ENV_HOPELESS,
    ENV_DEAD,
};

struct env {
    struct list node;     /* one of the pool's lists */
    struct list lru_node; /* the dispatch's list of idle envs */
    enum env_state state;
    const struct env_context *context; /* borrowed */
    struct function_version *version;  /* owned reference */
    const struct env_ops *ops;
    void *owner;
    struct sandbox *sandbox;         /* owned */
    struct runtime_session *session; /* owned */
    struct log_pipe *output;         /* owned; of the present runtime process */
    struct env_log log;
    struct buf process_env; /* of every runtime process in this box */
    uv_timer_t timer;       /* start, init and function time limits; idle times */
    bool known;             /* the pool has seen it available */
    bool frozen;
    bool is_framed; /* its runtime is a client of ours, with a channel */
    bool doomed;    /* the present runtime process is useless and will have been killed soon */
    const char *broken_type; /* what it did wrong; NULL: nothing that is not told by how it ends */
    const char *broken_what;
    bool exited;       /* the present runtime process has ended; what it said last is being read */
    uint64_t starts;   /* runtime processes so far */
    bool init_report;  /* the suppressed init of this run is to be reported when it fails */
    uint64_t phase_ns; /* begin of the init or of the run */
    uint64_t limit_ns; /* end of it */
    uint64_t init_ns;  /* duration of a good first init, until the first run reports it */
    /* The run: */
    struct invocation *inv; /* borrowed from the pool */
    struct runtime_event event;
    bool started;   /* START is written */
    bool responded; /* the sink has its answer */
    bool function_error;
    uint64_t started_real_ms;
    char error_type[ERROR_TYPE_BYTES]; /* of a failed init */
    struct reason hopeless;            /* why this function can never start */
};

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

void *env_owner(const struct env *env)
{
    return env->owner;
}

static void on_timer(uv_timer_t *timer);

static void timer_start(struct env *env, uint64_t ms)
{
    must(uv_timer_start(&env->timer, on_timer, ms, 0) == 0);
}

static void limit_start(struct env *env, uint64_t ms)
{
    env->phase_ns = clock_mono_ns();
    env->limit_ns = env->phase_ns + ms * NS_PER_MS;
    timer_start(env, ms);
}

/* Set the timer to what is left of the limit. */
static void limit_go_on(struct env *env)
{
    uint64_t now_ns = clock_mono_ns();

    timer_start(env, now_ns < env->limit_ns ? (env->limit_ns - now_ns) / NS_PER_MS + 1 : 0);
}

static void thaw(struct env *env)
{
    if (env->frozen)
        (void)sandbox_thaw(env->sandbox);
    env->frozen = false;
}

static uint32_t memory_used_mb(const struct env *env)
{
    uint64_t bytes = env->sandbox ? sandbox_memory_peak_bytes(env->sandbox) : 0;
    uint64_t mb = (bytes + (1 << 20) - 1) >> 20;

    if (mb == 0)
        mb = 1;
    return mb < env->version->memory_mb ? (uint32_t)mb : env->version->memory_mb;
}

/* ---- ends of a run ---- */

static void respond(struct env *env, enum invocation_outcome outcome, char *payload, size_t len)
{
    must(!env->responded);
    env->responded = true;
    env->function_error = outcome == INVOCATION_FUNCTION_ERROR;
    env->inv->sink->responded(env->inv, outcome, payload, len);
}

/* The answer of a run that the platform ended. */
static void respond_error(struct env *env, const char *type, const char *message)
{
    char text[REASON_BYTES_MAX + 64];
    struct json_writer json;
    struct buf buf = {0};
    char *payload;
    size_t len = 0;

    (void)snprintf(text, sizeof(text), "RequestId: %s Error: %s", env->inv->request_id, message);
    json_writer_init(&json, &buf);
    json_write_object_begin(&json);
    json_write_member(&json, STR("errorType"), str_of(type));
    json_write_member(&json, STR("errorMessage"), str_of(text));
    json_write_object_end(&json);
    payload = buf_steal(&buf, &len);
    if (payload)
        respond(env, INVOCATION_FUNCTION_ERROR, payload, len);
    else
        respond(env, INVOCATION_UNAVAILABLE, NULL, 0);
}

static struct invocation_record make_record(const struct env *env, enum report_status status,
                                            const char *error_type)
{
    uint64_t end_ns = clock_mono_ns();

    if (status == REPORT_TIMEOUT)
        end_ns = env->limit_ns;
    return (struct invocation_record){
        .request_id = str_of(env->inv->request_id),
        .function_arn = env->inv->invoked_arn,
        .version = env->version->version,
        .started_real_ms = env->started_real_ms,
        .duration_ns = end_ns - env->phase_ns,
        .init_ns = env->init_ns,
        .memory_mb = env->version->memory_mb,
        .memory_used_mb = memory_used_mb(env),
        .status = status,
        .error_type = str_of(error_type),
        .function_error = env->function_error,
    };
}

static void write_start(struct env *env)
{
    if (env->started)
        return;
    env->started = true;
    env->started_real_ms = clock_real_ms();
    env_log_start(&env->log, str_of(env->inv->request_id), env->inv->invoked_arn);
}

/* Everything about the run is known: log its end and give it back. The caller sets the next state
 * before. */
static void end_run(struct env *env, enum report_status status, const char *error_type)
{
    struct invocation *inv = env->inv;
    struct invocation_record record;

    must(env->responded);
    write_start(env);
    if (env->output)
        log_pipe_drain(env->output);
    record = make_record(env, status, error_type);
    env_log_end(&env->log, &record);
    env->init_ns = 0;
    env->inv = NULL;
    env->log.tail = NULL;
    inv->sink->ended(inv, &record);
    env->ops->ended(env->owner, env, inv);
}

/* Tell the pool that env_run() may be called, unless it has let this env go meanwhile. */
static void announce(struct env *env)
{
    if (env_is_available(env) && !env->inv)
        env->ops->available(env->owner, env);
}

static void become_idle(struct env *env)
{
    env->state = ENV_IDLE;
    if (env->context->idle_freeze_ms != UINT64_MAX)
        timer_start(env, env->context->idle_freeze_ms);
    else
        timer_start(env, env->context->idle_stop_ms);
}

static void become_down(struct env *env)
{
    if (env->output)
        log_pipe_drain(env->output);
    env->output = log_pipe_free(env->output);
    session_reset(env->session);
    env->state = ENV_DOWN;
    timer_start(env, env->context->idle_stop_ms);
}

static void kill_runtime(struct env *env)
{
    thaw(env);
    session_reset(env->session); /* the event it may still answer is about to go */
    (void)sandbox_runtime_kill(env->sandbox);
    env->state = ENV_RESETTING;
    timer_start(env, START_LIMIT_MS);
}

static void die(struct env *env, const struct reason *why)
{
    env->state = ENV_DEAD;
    (void)uv_timer_stop(&env->timer);
    env->ops->dead(env->owner, env, why);
}

/* ---- a failed init ---- */

/*
 * The init phase failed. Nobody is told: the first invocation repeats the init in its own time, and
 * gets the error if that fails again.
 */
static void first_init_failed(struct env *env, enum report_status status, const char *type)
{
    uint64_t ns = clock_mono_ns() - env->phase_ns;

    if (env->output)
        log_pipe_drain(env->output);
    env_log_init_report(&env->log, ns, STR("init"), status, str_of(type));
    env->init_report = true;
}

static void report_suppressed_init(struct env *env, enum report_status status, const char *type)
{
    uint64_t ns = clock_mono_ns() - env->phase_ns;

    if (env->output)
        log_pipe_drain(env->output);
    if (env->init_report)
        env_log_init_report(&env->log, ns, STR("invoke"), status, str_of(type));
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
        report_suppressed_init(env, REPORT_ERROR, type);
    write_start(env);
    if (is_ours)
        (void)snprintf(text, sizeof(text), "%s", env->broken_what);
    else
        exit_text(exit, text, sizeof(text));
    if (!env->responded)
        respond_error(env, type, text);
    become_down(env);
    end_run(env, REPORT_ERROR, type);
    announce(env);
}

static int start_runtime(struct env *env)
{
    env->doomed = false;
    env->broken_type = NULL;
    env->exited = false;
    env->starts++;
    session_start(env->session, env->is_framed);
    return sandbox_runtime_start(env->sandbox, env->process_env.ptr, env->process_env.len);
}

static void run_reinit(struct env *env)
{
    env->state = ENV_REINIT;
    if (start_runtime(env) < 0) {
        respond_error(env, "Sandbox.Failure", "the runtime process could not be started");
        become_down(env);
        end_run(env, REPORT_ERROR, "Sandbox.Failure");
        announce(env);
    }
}

/* It came while the last process was dying: that is gone, and the limit of the run goes on. */
static void run_again(struct env *env)
{
    limit_go_on(env);
    run_reinit(env);
}

static void on_runtime_exited(void *owner, const struct sandbox_exit *exit)
{
    struct env *env = owner;
    uint64_t start = env->starts;

    /* What it said before it ended counts: a result, an init error, log records. */
    env->exited = true;
    if (env->state == ENV_INIT || env->state == ENV_BUSY || env->state == ENV_REINIT)
        session_drain(env->session);
    if (env->starts != start)
        return; /* that ended the run, and the next one has begun with a new process */
    switch (env->state) {
    case ENV_STARTING:
    case ENV_INIT:
        first_init_failed(env, REPORT_ERROR, exit_type(exit));
        become_down(env);
        announce(env);
        return;
    case ENV_BUSY:
    case ENV_REINIT:
        run_exited(env, exit);
        return;
    case ENV_RESETTING:
        become_down(env);
        if (env->inv)
            run_again(env);
        else
            announce(env);
        return;
    case ENV_IDLE:
        become_down(env); /* nobody knows until the next invocation */
        return;
    case ENV_DOWN:
    case ENV_HOPELESS:
    case ENV_DEAD:
        return;
    }
}

/* ---- the runtime process starts ---- */

static void on_output_line(void *owner, struct str line)
{
    struct env *env = owner;

    env_log_line(&env->log, clock_real_ms(), line);
}

static const struct log_pipe_ops output_ops = {on_output_line};

static void on_ready(void *owner, int listener_fd)
{
    struct env *env = owner;
    struct reason why = {0};
    int r = session_listen(env->session, listener_fd);

    if (r < 0 && env->state == ENV_STARTING) {
        reason_set_errno(&why, r, "cannot serve the sandbox's listener");
        die(env, &why);
    }
}

static void on_runtime_started(void *owner, int channel_fd, int log_fd)
{
    struct env *env = owner;
    int r = 0;

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
        (void)sandbox_runtime_kill(env->sandbox); /* the exit is the event to act upon */
        return;
    }
    if (env->state == ENV_STARTING) {
        env->state = ENV_INIT;
        limit_start(env, LIMIT_INIT_MS);
    }
    session_init(env->session, buf_str(&env->process_env));
}

/* ---- what the runtime says ---- */

static void deliver(struct env *env)
{
    struct invocation *inv = env->inv;
    uint64_t now_ns = clock_mono_ns();
    uint64_t left_ns = env->limit_ns > now_ns ? env->limit_ns - now_ns : 0;

    write_start(env);
    env->state = ENV_BUSY;
    env->event = (struct runtime_event){
        .request_id = str_of(inv->request_id),
        .function_arn = inv->invoked_arn,
        .trace_id = inv->trace_id,
        .client_context = inv->client_context,
        .cognito_identity = inv->cognito_identity,
        .tenant_id = inv->tenant_id,
        .deadline_real_ms = env->started_real_ms + left_ns / NS_PER_MS,
        .payload = str_make(inv->payload, inv->payload_len),
    };
    session_invoke(env->session, &env->event);
}

static void on_session_ready(void *owner)
{
    struct env *env = owner;

    if (env->output)
        log_pipe_drain(env->output);
    /* A custom runtime may be heard on the listener before the jail says that it was started. */
    if (env->state == ENV_INIT || env->state == ENV_STARTING) {
        env->init_ns = clock_mono_ns() - env->phase_ns;
        become_idle(env);
        announce(env);
    } else if (env->state == ENV_REINIT) {
        env->init_report = false;
        deliver(env);
    }
}

static void on_init_error(void *owner, struct str error_type, struct str body)
{
    struct env *env = owner;
    char type[ERROR_TYPE_BYTES];
    char *payload;

    env_log_error_type(error_type, type);
    /* A custom runtime may be heard on the listener before the jail says that it was started. */
    if (env->state == ENV_INIT || env->state == ENV_STARTING) {
        first_init_failed(env, REPORT_ERROR, type);
        kill_runtime(env);
    } else if (env->state == ENV_REINIT) {
        report_suppressed_init(env, REPORT_ERROR, type);
        payload = malloc(body.len + 1);
        if (payload && body.len)
            memcpy(payload, body.ptr, body.len);
        respond(env, payload ? INVOCATION_FUNCTION_ERROR : INVOCATION_UNAVAILABLE, payload,
                payload ? body.len : 0);
        kill_runtime(env);
        end_run(env, REPORT_ERROR, type);
    }
}

static void on_response(void *owner, char *payload, size_t len)
{
    struct env *env = owner;

    must(env->state == ENV_BUSY);
    respond(env, INVOCATION_OK, payload, len);
}

static void on_error(void *owner, struct str error_type, char *payload, size_t len)
{
    struct env *env = owner;

    (void)error_type; /* for metrics; the caller sees the payload only */
    must(env->state == ENV_BUSY);
    respond(env, INVOCATION_FUNCTION_ERROR, payload, len);
}

static void on_response_too_large(void *owner)
{
    static const char text[] = "{\"errorType\":\"Function.ResponseSizeTooLarge\",\"errorMessage\":"
                               "\"Response payload size exceeded maximum allowed payload size "
                               "(6291556 bytes).\"}";
    struct env *env = owner;
    char *payload = strdup(text);

    must(env->state == ENV_BUSY);
    respond(env, payload ? INVOCATION_FUNCTION_ERROR : INVOCATION_UNAVAILABLE, payload,
            payload ? sizeof(text) - 1 : 0);
}

static void on_done(void *owner)
{
    struct env *env = owner;

    must(env->state == ENV_BUSY);
    if (env->exited)
        become_down(env);
    else
        become_idle(env);
    end_run(env, REPORT_SUCCESS, NULL);
    announce(env);
}

static void on_log(void *owner, const struct runtime_log *log)
{
    struct env *env = owner;

    env_log_line(&env->log, log->real_ms, log->message);
}

static void on_broken(void *owner, const char *error_type, const char *what)
{
    struct env *env = owner;

    env->doomed = true;
    env->broken_type = error_type;
    env->broken_what = what;
    /* If it is ending by itself the kill comes too late to change its status; the exit is the
     * event. */
    if (!env->exited && env->state != ENV_RESETTING)
        (void)sandbox_runtime_kill(env->sandbox);
}

static void on_foreign_request(void *owner, struct http_request *req)
{
    struct env *env = owner;

    env->ops->api_request(env->owner, env, req);
}

static const struct runtime_session_ops session_ops = {
    .ready = on_session_ready,
    .init_error = on_init_error,
    .response = on_response,
    .response_too_large = on_response_too_large,
    .error = on_error,
    .done = on_done,
    .log = on_log,
    .broken = on_broken,
    .foreign_request = on_foreign_request,
};

/* ---- the box ends ---- */

/* It can never start; the first invocation gets the reason. */
static void become_hopeless(struct env *env)
{
    env->state = ENV_HOPELESS;
    first_init_failed(env, REPORT_ERROR, "Runtime.InvalidEntrypoint");
    timer_start(env, env->context->idle_stop_ms);
    announce(env);
}

static void on_failed(void *owner, int outcome, const struct reason *why)
{
    struct env *env = owner;

    if (env->state == ENV_STARTING && outcome != SANDBOX_FAILED_HOST &&
        outcome != SANDBOX_FAILED_GONE) {
        env->hopeless = *why;
        become_hopeless(env);
        return;
    }
    if (env->inv) {
        session_reset(env->session);
        if (!env->responded)
            respond_error(env, "Sandbox.Failure", why->text);
        end_run(env, REPORT_ERROR, "Sandbox.Failure");
    }
    die(env, why);
}

static const struct sandbox_ops sandbox_ops = {
    .ready = on_ready,
    .runtime_started = on_runtime_started,
    .runtime_exited = on_runtime_exited,
    .failed = on_failed,
};

/* ---- time ---- */

static void timed_out(struct env *env)
{
    char text[64];

    if (env->state == ENV_REINIT)
        report_suppressed_init(env, REPORT_TIMEOUT, NULL);
    write_start(env);
    (void)snprintf(text, sizeof(text), "Task timed out after %u.00 seconds",
                   env->version->timeout_s);
    if (!env->responded)
        respond_error(env, "Sandbox.Timedout", text);
    kill_runtime(env);
    end_run(env, REPORT_TIMEOUT, NULL);
}

static void idle_timer(struct env *env)
{
    if (env->frozen || env->context->idle_freeze_ms == UINT64_MAX) {
        die(env, NULL);
        return;
    }
    (void)sandbox_freeze(
        env->sandbox); /* one that cannot be frozen is stopped in time all the same */
    env->frozen = true;
    timer_start(env, env->context->idle_stop_ms);
}

/* The time of the run is over; but libuv counts from the begin of the loop turn, and may be early.
 */
static void limit_reached(struct env *env)
{
    if (clock_mono_ns() < env->limit_ns)
        limit_go_on(env);
    else
        timed_out(env);
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
        __attribute__((fallthrough));
    case ENV_RESETTING:
        reason_set(&why, "the sandbox did not start or stop in time");
        die(env, &why);
        return;
    case ENV_INIT:
        first_init_failed(env, REPORT_TIMEOUT, NULL);
        kill_runtime(env);
        return;
    case ENV_IDLE:
        idle_timer(env);
        return;
    case ENV_DOWN:
    case ENV_HOPELESS:
        die(env, NULL);
        return;
    case ENV_BUSY: /* these have an invocation */
    case ENV_REINIT:
    case ENV_DEAD:
        return;
    }
}

/* ---- running ---- */

static void run_hopeless(struct env *env)
{
    env_log_init_report(&env->log, clock_mono_ns() - env->phase_ns, STR("invoke"), REPORT_ERROR,
                        STR("Runtime.InvalidEntrypoint"));
    write_start(env);
    respond_error(env, "Runtime.InvalidEntrypoint", env->hopeless.text);
    end_run(env, REPORT_ERROR, "Runtime.InvalidEntrypoint");
    die(env, &env->hopeless);
}

void env_run(struct env *env, struct invocation *inv)
{
    must(env_is_available(env));
    must(!env->inv);
    env->inv = inv;
    env->started = false;
    env->responded = false;
    env->function_error = false;
    env_log_begin_run(&env->log, inv->tail);
    thaw(env);
    limit_start(env, (uint64_t)env->version->timeout_s * 1000);
    if (env->state == ENV_IDLE && env->doomed)
        env->state = ENV_RESETTING; /* its exit, which is on the way, starts the next process */
    else if (env->state == ENV_IDLE)
        deliver(env);
    else if (env->state == ENV_DOWN)
        run_reinit(env);
    else
        run_hopeless(env);
}

/* ---- life ---- */

static void make_spec(const struct function_version *version, const struct runtime_name *name,
                      struct sandbox_spec *ret_spec)
{
    *ret_spec = (struct sandbox_spec){
        .runtime = name->sandbox,
        .version_major = name->major,
        .version_minor = name->minor,
        .memory_mb = version->memory_mb,
        .tmp_mb = version->tmp_mb,
        .network = SANDBOX_NETWORK_NONE,
        .code = version->code,
        .layer_count = version->layer_count,
    };
    memcpy(ret_spec->layers, version->layers, sizeof(ret_spec->layers));
}

static int build_process_env(struct env *env)
{
    struct process_env_options options = {
        .log_stream = str_of(env->log.stream_name),
        .initialization_type = STR("on-demand"),
        .endpoint_url = env->context->endpoint_url,
    };

    process_env_build(&env->process_env, env->version, &options);
    return buf_failed(&env->process_env) ? err_new(-ENOMEM) : 0;
}

static int start(struct env *env, struct reason *why)
{
    struct runtime_name name;
    struct sandbox_spec spec;
    int r;

    runtime_name_parse(&name, env->version->runtime);
    r = env_log_init(&env->log, env->context->logs, env->version);
    if (r < 0)
        return err_pass(r);
    r = build_process_env(env);
    if (r < 0)
        return err_pass(r);
    r = session_new(&env->session, env->context->loop, &session_ops, env);
    if (r < 0)
        return err_pass(r);
    if (name.family == RUNTIME_OTHER) {
        env_log_init_start(&env->log, &name);
        reason_set(&env->hopeless, "this version of lambd cannot run %.*s functions yet",
                   STR_FMT(env->version->runtime));
        limit_start(env, 0); /* said from the loop, not from here */
        return 0;
    }
    make_spec(env->version, &name, &spec);
    env->is_framed = spec.runtime != SANDBOX_RUNTIME_PROVIDED;
    r = sandbox_new(&env->sandbox, env->context->sandboxes, &spec, &sandbox_ops, env, why);
    if (r < 0)
        return err_pass(r);
    env_log_init_start(&env->log, &name);
    r = start_runtime(env);
    if (r < 0)
        return err_pass(r);
    limit_start(env, START_LIMIT_MS);
    return 0;
}

int env_new(struct env **ret_env, const struct env_context *context,
            struct function_version *version, const struct env_ops *ops, void *owner,
            struct reason *why)
{
    struct env *env = calloc(1, sizeof(*env));
    int r;

    if (!env)
        return err_new(-ENOMEM);
    list_init(&env->node);
    list_init(&env->lru_node);
    env->context = context;
    env->version = function_version_ref(version);
    env->ops = ops;
    env->owner = owner;
    must(uv_timer_init(context->loop, &env->timer) == 0);
    env->timer.data = env;
    r = start(env, why);
    if (r < 0) {
        (void)env_free(env);
        return err_pass(r);
    }
    *ret_env = env;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct env *env_free(struct env *env)
{
    if (!env)
        return NULL;
    must(!env->inv);
    env->state = ENV_DEAD;
    list_remove(&env->node);
    list_remove(&env->lru_node);
    env->output = log_pipe_free(env->output);
    env->session = session_free(env->session);
    env->sandbox = sandbox_free(env->sandbox);
    env_log_deinit(&env->log);
    buf_deinit(&env->process_env);
    env->version = function_version_unref(env->version);
    uv_close((uv_handle_t *)&env->timer, on_timer_closed);
    return NULL;
}
