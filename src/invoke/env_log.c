/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/env_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/rand.h"
#include "catalog/function.h"
#include "catalog/runtime_version.h"
#include "invoke/runtime_name.h"
#include "obs/log_store.h"
#include "runtime/extensions.h"
#include "runtime/telemetry.h"
#include "sandbox/architecture.h"
#include "sandbox/interpreter.h"

enum { ERROR_TYPE_BYTES = 128 };

static enum report_level system_level(struct str level)
{
    if (str_eq(level, STR("DEBUG")))
        return REPORT_LEVEL_DEBUG;
    return str_eq(level, STR("WARN")) ? REPORT_LEVEL_WARN : REPORT_LEVEL_INFO;
}

static enum log_level application_level(const struct function_version *version)
{
    return version->log_format == FUNCTION_LOG_JSON
               ? log_level_of_name(version->log_level_application)
               : LOG_LEVEL_NONE;
}

/* "2025/01/31/[$LATEST]<32 hex>", with the function's name before the bracket in a group that it
 * chose itself. */
static void make_stream_name(struct env_log *log)
{
    const struct function_version *version = log->version;
    char date[CLOCK_TEXT_BYTES];
    char default_group[128];
    char id[33];
    bool own_group;

    (void)snprintf(default_group, sizeof(default_group), "/aws/lambda/%.*s",
                   STR_FMT(version->name));
    own_group = version->log_group.len && !str_eq(version->log_group, str_of(default_group));
    (void)snprintf(log->stream_name, sizeof(log->stream_name), "%s/%.*s[%.*s]%s",
                   clock_format_date(date, clock_real_ms()), own_group ? (int)version->name.len : 0,
                   version->name.ptr, STR_FMT(version->version), rand_hex(id, 16));
}

int env_log_init(struct env_log *log, struct log_store *store, struct function_version *version,
                 struct str initialization_type)
{
    int r;

    *log = (struct env_log){
        .version = version,
        .initialization_type = initialization_type,
        .format = {.json = version->log_format == FUNCTION_LOG_JSON,
                   .level = system_level(version->log_level_system)},
        .least = application_level(version),
    };
    make_stream_name(log);
    log->init_tail = calloc(1, sizeof(*log->init_tail));
    if (!log->init_tail)
        return err_new(-ENOMEM);
    log->tail = log->init_tail;
    r = log_stream_open(&log->stream, store, version->account, version->region, version->name,
                        str_of(log->stream_name));
    return r < 0 ? err_pass(r) : 0;
}

void env_log_deinit(struct env_log *log)
{
    log->stream = log_stream_close(log->stream);
    buf_deinit(&log->line);
    free(log->init_tail);
    log->init_tail = NULL;
    log->tail = NULL;
}

/* Into the log, but into no tail. */
static void write_stream(struct env_log *log, uint64_t real_ms, struct str message)
{
    if (log->stream)
        log_stream_write(log->stream, real_ms, message);
}

static void write_tail(struct env_log *log, struct str message)
{
    if (!log->tail)
        return;
    log_tail_append(log->tail, message);
    if (!str_ends_with(message, STR("\n")))
        log_tail_append(log->tail, STR("\n"));
}

static void write_line(struct env_log *log, uint64_t real_ms, struct str message)
{
    write_stream(log, real_ms, message);
    write_tail(log, message);
}

static void write_output(struct env_log *log, const struct env_output_event *event)
{
    if (log->stream)
        log_stream_write_output(log->stream, event->real_ms, event->message);
    write_tail(log, event->message);
}

static void put_output(struct env_log *log, const struct env_output_event *event, bool is_loud)
{
    if (is_loud)
        write_output(log, event);
    if (log->telemetry && telemetry_wants(log->telemetry, event->type))
        telemetry_line(log->telemetry, event->type, event->real_ms, event->message,
                       log->format.json);
}

/* Writes the time at which it came into an object that says none, as its last member. */
static void put_stamped(struct env_log *log, const struct env_output_event *event,
                        const struct log_event_facts *facts)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    struct env_output_event stamped = *event;
    struct str members = str_sub(event->message, 1, facts->stamp_at);
    char stamp[CLOCK_TEXT_BYTES];

    (void)buf_append_str(&text, str_sub(event->message, 0, facts->stamp_at));
    (void)buf_printf(&text, "%s\"timestamp\":\"%s\"", str_trim(members).len ? "," : "",
                     clock_format_z(stamp, event->real_ms));
    (void)buf_append_str(&text, str_sub(event->message, facts->stamp_at, event->message.len));
    stamped.message = buf_str(&text);
    put_output(log, buf_failed(&text) ? event : &stamped, facts->level >= log->least);
}

void env_log_output(struct env_log *log, const struct env_output_event *event)
{
    struct log_event_facts facts = {.level = event->level};

    /* Extensions have no levels; and clients that tell one have seen to the time, too. */
    if (event->type != SUBSCRIPTION_FUNCTION || log->least == LOG_LEVEL_NONE) {
        put_output(log, event, true);
        return;
    }
    if (event->level == LOG_LEVEL_NONE)
        facts = log_event_look(event->message);
    if (facts.stamp_at)
        put_stamped(log, event, &facts);
    else
        put_output(log, event, facts.level >= log->least);
}

void env_log_reason(struct env_log *log, struct str reason)
{
    write_line(log, clock_real_ms(), reason);
}

void env_log_begin_run(struct env_log *log, struct log_tail *tail)
{
    if (log->init_tail && tail)
        *tail = *log->init_tail;
    free(log->init_tail);
    log->init_tail = NULL;
    log->tail = tail;
}

/* Write what a report_* call has put into the line, if its level let it. */
static void flush(struct env_log *log, uint64_t now_ms)
{
    if (log->line.len && !buf_failed(&log->line))
        write_line(log, now_ms, buf_str(&log->line));
    buf_clear(&log->line);
}

/* Functions run on the host's architecture; those that ask for another one are told. */
static void add_architecture(const struct function_version *version, char *text, size_t size)
{
    struct utsname name;
    const char *host = architecture_of_host(&name);
    size_t len = strlen(text);

    if (!str_eq(version->architecture, str_of(host)))
        (void)snprintf(text + len, size - len, " (on the host's %s)", host);
}

/* "python:3.12", and what the host really runs when that is another version. */
static void runtime_label(const struct runtime_name *name, char *text, size_t size)
{
    struct sandbox_interpreter found;

    (void)snprintf(text, size, "%s", name->label);
    if (name->family == RUNTIME_OTHER || name->family == RUNTIME_PROVIDED ||
        !sandbox_interpreter_find(&found, name->sandbox, name->major, name->minor) ||
        sandbox_interpreter_is(&found, name->sandbox, name->major, name->minor))
        return;
    (void)snprintf(text, size, "%s (run by the host's %s)", name->label, found.path);
}

/* ---- the platform's events ---- */

static const struct report_format everything = {.json = true, .level = REPORT_LEVEL_DEBUG};

static bool is_wanted(const struct env_log *log)
{
    return log->telemetry && telemetry_wants(log->telemetry, SUBSCRIPTION_PLATFORM);
}

/* Give subscribers the event that was just made. */
static void publish(struct env_log *log, unsigned audience)
{
    if (log->line.len && !buf_failed(&log->line))
        telemetry_platform(log->telemetry, audience, buf_str(&log->line));
    buf_clear(&log->line);
}

void env_log_init_start(struct env_log *log, struct str phase)
{
    uint64_t now_ms = clock_real_ms();
    char label[192];
    char arn[RUNTIME_VERSION_ARN_BYTES];
    struct runtime_name name;
    struct report_init init;

    runtime_name_parse(&name, log->version->runtime);
    runtime_label(&name, label, sizeof(label));
    add_architecture(log->version, label, sizeof(label));
    init = (struct report_init){
        .type = log->initialization_type,
        .phase = phase,
        .runtime_version = str_of(label),
        .runtime_version_arn =
            str_of(runtime_version_arn(log->version->region, log->version->runtime, arn)),
        .function_name = log->version->name,
        .function_version = log->version->version,
        .log_stream = str_of(log->stream_name),
        .memory_mb = log->version->memory_mb,
    };
    /* The log knows the first one only, and tails know none: what they tell begins with START, or
     * with what the init printed (recorded). */
    if (str_eq(phase, STR("init"))) {
        report_init_start(&log->line, log->format, now_ms, &init);
        if (log->line.len && !buf_failed(&log->line))
            write_stream(log, now_ms, buf_str(&log->line));
        buf_clear(&log->line);
    }
    if (is_wanted(log)) {
        report_init_start(&log->line, everything, now_ms, &init);
        publish(log, TELEMETRY_FOR_TELEMETRY);
    }
}

void env_log_start(struct env_log *log, const struct invocation_record *record)
{
    uint64_t now_ms = clock_real_ms();

    report_start(&log->line, log->format, now_ms, record);
    flush(log, now_ms);
    if (is_wanted(log)) {
        report_start(&log->line, everything, now_ms, record);
        publish(log, TELEMETRY_FOR_ALL);
    }
}

void env_log_runtime_done(struct env_log *log, const struct invocation_record *record)
{
    uint64_t now_ms = clock_real_ms();

    if (log->format.json) {
        report_runtime_done(&log->line, log->format, now_ms, record);
        flush(log, now_ms);
    }
    if (is_wanted(log)) {
        report_runtime_done(&log->line, everything, now_ms, record);
        publish(log, TELEMETRY_FOR_TELEMETRY | TELEMETRY_FOR_LOGS_2);
    }
}

void env_log_fault(struct env_log *log, struct str text)
{
    if (!is_wanted(log))
        return;
    report_logs_fault(&log->line, clock_real_ms(), text);
    publish(log, TELEMETRY_FOR_LOGS);
}

void env_log_end(struct env_log *log, const struct invocation_record *record)
{
    uint64_t now_ms = clock_real_ms();

    report_end(&log->line, log->format, record);
    flush(log, now_ms);
    report_report(&log->line, log->format, now_ms, record);
    flush(log, now_ms);
    if (is_wanted(log)) {
        report_logs_end(&log->line, now_ms, record->request_id);
        publish(log, TELEMETRY_FOR_LOGS);
        report_report(&log->line, everything, now_ms, record);
        publish(log, TELEMETRY_FOR_ALL);
    }
}

void env_log_extension(struct env_log *log, const struct extension *extension)
{
    uint64_t now_ms = clock_real_ms();
    const struct report_extension event = {
        .name = str_of(extension->name),
        .state = str_of(extension_state_name(extension->state)),
        .wants_invoke = extension->events & EXTENSION_ON_INVOKE,
        .wants_shutdown = extension->events & EXTENSION_ON_SHUTDOWN,
        .error_type = str_of(extension->error_type),
    };

    report_extension(&log->line, log->format, now_ms, &event);
    flush(log, now_ms);
    if (is_wanted(log)) {
        report_extension(&log->line, everything, now_ms, &event);
        publish(log, TELEMETRY_FOR_ALL);
    }
}

void env_log_subscription(struct env_log *log, const struct extension *extension,
                          const struct subscription *subscription)
{
    uint64_t now_ms = clock_real_ms();
    bool is_logs = subscription->api == SUBSCRIPTION_LOGS;
    const struct report_subscription event = {
        .name = str_of(extension->name),
        .is_logs = is_logs,
        .platform = subscription->types & SUBSCRIPTION_PLATFORM,
        .function = subscription->types & SUBSCRIPTION_FUNCTION,
        .extension = subscription->types & SUBSCRIPTION_EXTENSION,
    };

    report_subscription(&log->line, log->format, now_ms, &event);
    flush(log, now_ms);
    report_subscription(&log->line, everything, now_ms, &event);
    publish(log, is_logs ? TELEMETRY_FOR_LOGS : TELEMETRY_FOR_TELEMETRY);
}

void env_log_init_end(struct env_log *log, const struct env_log_init_end *end)
{
    uint64_t now_ms = clock_real_ms();
    const struct report_init_end init = {
        .type = log->initialization_type,
        .phase = end->phase,
        .status = end->status,
        .error_type = str_of(end->error_type),
        .ns = end->ns,
    };

    if (end->is_logged && log->format.json) {
        report_init_runtime_done(&log->line, log->format, now_ms, &init);
        flush(log, now_ms);
    }
    if (end->is_logged) {
        report_init_report(&log->line, log->format, now_ms, &init);
        flush(log, now_ms);
    }
    if (is_wanted(log)) {
        report_init_runtime_done(&log->line, everything, now_ms, &init);
        publish(log, TELEMETRY_FOR_TELEMETRY);
        report_init_report(&log->line, everything, now_ms, &init);
        publish(log, TELEMETRY_FOR_TELEMETRY);
    }
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_known_type(struct str type)
{
    size_t dot = str_find(type, '.');
    struct str family = str_sub(type, 0, dot);
    struct str name = str_sub(type, dot + 1, type.len);

    if (!str_eq(family, STR("Runtime")) && !str_eq(family, STR("Function")))
        return false;
    if (name.len < 2 || name.ptr[0] < 'A' || name.ptr[0] > 'Z')
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!is_letter(name.ptr[i]))
            return false;
    return true;
}

void env_log_error_type(struct str reported, char *type)
{
    const char *other =
        str_starts_with(reported, STR("Function.")) ? "Function.Unknown" : "Runtime.Unknown";

    if (!is_known_type(reported) || !str_to_cstr(reported, type, ERROR_TYPE_BYTES))
        (void)snprintf(type, ERROR_TYPE_BYTES, "%s", other);
}
