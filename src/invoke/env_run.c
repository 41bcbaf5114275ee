/* SPDX-License-Identifier: Apache-2.0 */

/* One run: the event goes to the runtime, its answer to the sink, the record to the log. */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/must.h"
#include "invoke/env_internal.h"
#include "invoke/trace_id.h"
#include "obs/xray.h"

static uint32_t memory_used_mb(const struct env *env)
{
    uint64_t bytes = env->sandbox ? sandbox_memory_peak_bytes(env->sandbox) : 0;
    uint64_t mb = (bytes + (1 << 20) - 1) >> 20;

    if (mb == 0)
        mb = 1;
    return mb < env->version->memory_mb ? (uint32_t)mb : env->version->memory_mb;
}

/* ---- ends of a run ---- */

void env_respond(struct env *env, enum invocation_outcome outcome, char *payload, size_t len)
{
    must(!env->responded);
    env->responded = true;
    env->is_held = false; /* whoever took this response has no say in the next */
    (void)uv_timer_stop(&env->pace_timer);
    env->function_error = outcome == INVOCATION_FUNCTION_ERROR;
    env->inv->sink->responded(env->inv, outcome, payload, len);
}

/* The answer of a run that the platform ended. */
void env_respond_error(struct env *env, const char *type, const char *message)
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
    env_log_fault(&env->log, str_of(text));
    if (payload)
        env_respond(env, INVOCATION_FUNCTION_ERROR, payload, len);
    else
        env_respond(env, INVOCATION_UNAVAILABLE, NULL, 0);
}

static uint64_t since_begin(const struct env *env, uint64_t ns)
{
    return ns > env->phase_ns ? ns - env->phase_ns : 0;
}

static struct invocation_record make_record(const struct env *env, enum report_status status,
                                            const char *error_type)
{
    const struct extensions *set = extensions_api_set(env->extensions);
    uint64_t now_ns = clock_mono_ns();
    uint64_t end_ns = status == REPORT_TIMEOUT ? env->limit_ns : now_ns;

    return (struct invocation_record){
        .request_id = str_of(env->inv->request_id),
        .function_name = env->version->name,
        .function_arn = env->inv->invoked_arn,
        .version = env->version->version,
        .received_real_us = env->inv->received_real_us,
        .begun_real_us = clock_real_us() - (now_ns - env->phase_ns) / 1000,
        .duration_ns = end_ns - env->phase_ns,
        .init_ns = env->init_ns,
        .init_real_us = env->init_real_us,
        .memory_mb = env->version->memory_mb,
        .status = status,
        .error_type = str_of(error_type),
        .function_error = env->function_error,
        .runtime_ns = since_begin(env, env->runtime_done_ns),
        .first_byte_ns = since_begin(env, env->first_byte_ns),
        .response_ns = since_begin(env, env->responded_ns),
        .produced_bytes = env->produced_bytes,
        .has_extensions = set->count > 0,
        .tenant_id = env->inv->tenant_id,
        .trace_id = trace_id_is_sampled(env->inv->trace_id) ? env->inv->trace_id : STR_NONE,
        .segments = invocation_segments(env->inv),
        .error_cause = buf_str(&env->error_cause),
    };
}

void env_write_start(struct env *env)
{
    struct invocation_record record;

    if (env->started)
        return;
    env->started = true;
    env->started_real_ms = clock_real_ms();
    record = make_record(env, REPORT_SUCCESS, NULL);
    env_log_start(&env->log, &record);
}

/* Everything about the run is known: log its end and give it back. The caller sets the next state
 * before. */
void env_end_run(struct env *env, enum report_status status, const char *error_type)
{
    struct invocation *inv = env->inv;
    struct invocation_record record;

    must(env->responded);
    env_write_start(env);
    env_drain_outputs(env);
    record = make_record(env, status, error_type);
    record.memory_used_mb = memory_used_mb(env);
    if (!env->runtime_done_ns)
        env_log_runtime_done(&env->log, &record);
    env_log_end(&env->log, &record);
    xray_send(env->context->xray, &record);
    env->init_ns = 0;
    env->inv = NULL;
    env->log.tail = NULL;
    inv->hold = NULL;
    inv->sink->ended(inv, &record);
    buf_deinit(&env->error_cause);
    env->ops->ended(env->owner, env, inv);
}

/* A streamed response waits for two: its sink, and its pace. */
static void hold_apply(struct env *env)
{
    session_hold(env->session, env->is_held || uv_is_active((uv_handle_t *)&env->pace_timer));
}

static void hold(void *runner, bool held)
{
    struct env *env = runner;

    env->is_held = held;
    hold_apply(env);
}

static void on_pace(uv_timer_t *timer)
{
    hold_apply(timer->data);
}

static void pace(struct env *env, size_t bytes)
{
    uint64_t wait_ns =
        stream_pace_take(&env->pace, env->context->stream_bytes_per_s, bytes, clock_mono_ns());

    if (wait_ns == 0)
        return;
    must(uv_timer_start(&env->pace_timer, on_pace, (wait_ns + NS_PER_MS - 1) / NS_PER_MS, 0) == 0);
    hold_apply(env);
}

void env_deliver(struct env *env)
{
    struct invocation *inv = env->inv;
    uint64_t now_ns = clock_mono_ns();
    uint64_t left_ns = env->limit_ns > now_ns ? env->limit_ns - now_ns : 0;

    env_write_start(env);
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
        .wants_stream = inv->sink->stream_started != NULL,
    };
    inv->hold = hold;
    inv->runner = env;
    env->runtime_waits = false;
    session_invoke(env->session, &env->event);
    extensions_api_invoke(env->extensions, &(struct extensions_invoke){
                                               .request_id = env->event.request_id,
                                               .function_arn = env->event.function_arn,
                                               .trace_id = env->event.trace_id,
                                               .deadline_real_ms = env->event.deadline_real_ms,
                                           });
}

void env_on_responding(void *owner)
{
    struct env *env = owner;

    env->first_byte_ns = clock_mono_ns();
}

/* The runtime has given its answer. */
static void note_response(struct env *env, size_t len)
{
    env->responded_ns = clock_mono_ns();
    env->produced_bytes += len;
}

void env_on_stream_start(void *owner, struct str content_type)
{
    struct env *env = owner;

    must(env->state == ENV_BUSY && !env->responded);
    env->is_streamed = true;
    env->pace = (struct stream_pace){0};
    env->inv->sink->stream_started(env->inv, content_type);
}

void env_on_stream_piece(void *owner, struct str bytes)
{
    struct env *env = owner;

    must(env->state == ENV_BUSY && !env->responded);
    env->produced_bytes += bytes.len;
    env->inv->sink->stream_piece(env->inv, bytes);
    pace(env, bytes.len);
}

void env_on_response(void *owner, char *payload, size_t len)
{
    struct env *env = owner;

    must(env->state == ENV_BUSY);
    note_response(env, len);
    env_respond(env, INVOCATION_OK, payload, len);
}

void env_on_error(void *owner, const struct runtime_error *error, char *payload, size_t len)
{
    struct env *env = owner;

    must(env->state == ENV_BUSY);
    env_log_error_type(error->type, env->error_type);
    if (invocation_segments(env->inv))
        (void)buf_append_str(&env->error_cause, error->cause); /* without memory there is none */
    note_response(env, len);
    env_respond(env, INVOCATION_FUNCTION_ERROR, payload, len);
}

void env_on_response_too_large(void *owner)
{
    struct env *env = owner;
    char *payload = NULL;
    int len = asprintf(&payload,
                       "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload "
                       "size (%d bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}",
                       env->is_streamed ? LIMIT_STREAM_BYTES : LIMIT_RESPONSE_BYTES);

    must(env->state == ENV_BUSY);
    env_log_error_type(STR("Function.ResponseSizeTooLarge"), env->error_type);
    if (len < 0)
        env_respond(env, INVOCATION_UNAVAILABLE, NULL, 0);
    else
        env_respond(env, INVOCATION_FUNCTION_ERROR, payload, (size_t)len);
}

void env_on_done(void *owner)
{
    struct env *env = owner;
    struct invocation_record record;

    must(env->state == ENV_BUSY);
    env->runtime_waits = true;
    env->runtime_done_ns = clock_mono_ns();
    env_drain_outputs(env);
    record = env->error_type[0] ? make_record(env, REPORT_ERROR, env->error_type)
                                : make_record(env, REPORT_SUCCESS, NULL);
    env_log_runtime_done(&env->log, &record);
    env_check_done(env);
}

void env_check_done(struct env *env)
{
    if (!env->runtime_waits || !extensions_are_idle(extensions_api_set(env->extensions)))
        return;
    if (env->exited) {
        env_give_up_run(env, REPORT_SUCCESS, NULL, "failure");
        return;
    }
    env_become_idle(env);
    env_end_run(env, REPORT_SUCCESS, NULL);
    env_announce(env);
}

void env_give_up_run(struct env *env, enum report_status status, const char *error_type,
                     const char *reason)
{
    env->state = ENV_RESETTING;
    (void)uv_timer_stop(&env->timer);
    /* The sooner it begins the sooner the env can be used again. Without processes it would be over
     * at once, and the next run begin. */
    if (env->processes_up)
        env_stop(env, reason);
    env_end_run(env, status, error_type);
    env_stop(env, reason);
}

void env_timed_out(struct env *env)
{
    char text[64];

    if (env->state == ENV_REINIT)
        env_report_suppressed_init(env, REPORT_TIMEOUT, NULL);
    env_write_start(env);
    (void)snprintf(text, sizeof(text), "Task timed out after %u.00 seconds",
                   env->version->timeout_s);
    if (!env->responded)
        env_respond_error(env, "Sandbox.Timedout", text);
    env_give_up_run(env, REPORT_TIMEOUT, NULL, "timeout");
}
