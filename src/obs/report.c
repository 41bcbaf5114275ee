/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/report.h"

#include "base/clock.h"
#include "base/json_writer.h"

/* As durations are shown: hundredths of a millisecond, rounded; money-like figures never go through
 * floating point. */
static uint64_t hundredths_of(uint64_t ns)
{
    return (ns + 5000) / 10000;
}

/* From what is shown, so that the line adds up: 320.00 ms are 320, though it were a microsecond
 * more. */
uint64_t invocation_record_billed_ms(const struct invocation_record *record)
{
    uint64_t hundredths = hundredths_of(record->duration_ns) + hundredths_of(record->init_ns);
    uint64_t ms = (hundredths + 99) / 100;

    return ms ? ms : 1;
}

/* "3.01" */
static void put_ms2(struct buf *buf, uint64_t ns)
{
    uint64_t hundredths = hundredths_of(ns);

    (void)buf_append_u64(buf, hundredths / 100);
    (void)buf_append_char(buf, '.');
    (void)buf_append_char(buf, (char)('0' + hundredths / 10 % 10));
    (void)buf_append_char(buf, (char)('0' + hundredths % 10));
}

/* "3.012": with three decimals, for JSON. */
static void put_ms3(struct buf *buf, uint64_t ns)
{
    uint64_t us = (ns + 500) / 1000;

    (void)buf_printf(buf, "%llu.%03u", (unsigned long long)(us / 1000), (unsigned)(us % 1000));
}

static const char *status_text(enum report_status status)
{
    switch (status) {
    case REPORT_SUCCESS:
        return "success";
    case REPORT_TIMEOUT:
        return "timeout";
    case REPORT_ERROR:
        return "error";
    }
    return "error";
}

/* Opens {"time":…,"type":…,"record":{ ; false when the level filters the event. */
static bool json_open(struct buf *buf, struct report_format format, enum report_level level,
                      uint64_t now_ms, const char *type)
{
    char stamp[CLOCK_TEXT_BYTES];

    if (level < format.level)
        return false;
    (void)buf_printf(buf, "{\"time\":\"%s\",\"type\":\"platform.%s\",\"record\":{",
                     clock_format_z(stamp, now_ms), type);
    return true;
}

static void json_close(struct buf *buf)
{
    (void)buf_append_str(buf, STR("}}\n"));
}

static void json_text(struct buf *buf, const char *key, struct str value)
{
    json_append_quoted(buf, str_of(key));
    (void)buf_append_char(buf, ':');
    json_append_quoted(buf, value);
}

void report_init_start(struct buf *buf, struct report_format format, uint64_t now_ms,
                       const struct report_init *init)
{
    if (!format.json) {
        (void)buf_printf(buf, "INIT_START Runtime Version: %.*s\tRuntime Version ARN: %.*s\n",
                         STR_FMT(init->runtime_version), STR_FMT(init->runtime_version_arn));
        return;
    }
    if (!json_open(buf, format, REPORT_LEVEL_INFO, now_ms, "initStart"))
        return;
    json_text(buf, "initializationType", init->type);
    (void)buf_append_char(buf, ',');
    json_text(buf, "phase", init->phase);
    (void)buf_append_char(buf, ',');
    json_text(buf, "runtimeVersion", init->runtime_version);
    (void)buf_append_char(buf, ',');
    json_text(buf, "runtimeVersionArn", init->runtime_version_arn);
    (void)buf_append_char(buf, ',');
    json_text(buf, "functionName", init->function_name);
    (void)buf_append_char(buf, ',');
    json_text(buf, "functionVersion", init->function_version);
    (void)buf_append_char(buf, ',');
    json_text(buf, "instanceId", init->log_stream);
    (void)buf_printf(buf, ",\"instanceMaxMemory\":%llu",
                     (unsigned long long)init->memory_mb * 1024 * 1024);
    json_close(buf);
}

/* Of a traced invocation: the function's segment, and the header that leads to it. */
static void json_trace(struct buf *buf, const struct invocation_record *record)
{
    const struct trace_segments *segments = record->segments;

    if (!record->trace_id.len)
        return;
    (void)buf_append_str(buf, STR(",\"tracing\":{"));
    if (segments)
        (void)buf_printf(buf, "\"spanId\":\"%s\",", segments->function);
    (void)buf_append_str(buf, STR("\"type\":\"X-Amzn-Trace-Id\","));
    if (segments)
        (void)buf_printf(buf, "\"value\":\"Root=%.*s;Parent=%s;Sampled=1\"",
                         STR_FMT(segments->root), segments->service);
    else
        json_text(buf, "value", record->trace_id);
    (void)buf_append_char(buf, '}');
}

/* What the records of an invocation's events end with. */
static void json_origin(struct buf *buf, const struct invocation_record *record)
{
    json_trace(buf, record);
    if (!record->tenant_id.len)
        return;
    (void)buf_append_char(buf, ',');
    json_text(buf, "tenantId", record->tenant_id);
}

void report_start(struct buf *buf, struct report_format format, uint64_t now_ms,
                  const struct invocation_record *record)
{
    if (!format.json) {
        (void)buf_append_str(buf, STR("START RequestId: "));
        (void)buf_append_str(buf, record->request_id);
        (void)buf_append_str(buf, STR(" Version: "));
        (void)buf_append_str(buf, record->version);
        (void)buf_append_char(buf, '\n');
        return;
    }
    if (!json_open(buf, format, REPORT_LEVEL_INFO, now_ms, "start"))
        return;
    json_text(buf, "requestId", record->request_id);
    (void)buf_append_char(buf, ',');
    json_text(buf, "functionArn", record->function_arn);
    (void)buf_append_char(buf, ',');
    json_text(buf, "version", record->version);
    json_origin(buf, record);
    json_close(buf);
}

/* In events "failure" is ours; "error" is the function's, its runtime's or its extensions'. */
static void json_status(struct buf *buf, enum report_status status, struct str error_type)
{
    bool is_ours = status == REPORT_ERROR && str_starts_with(error_type, STR("Sandbox."));

    (void)buf_printf(buf, ",\"status\":\"%s\"", is_ours ? "failure" : status_text(status));
    if (status == REPORT_ERROR && error_type.len) {
        (void)buf_append_char(buf, ',');
        json_text(buf, "errorType", error_type);
    }
}

static enum report_level status_level(enum report_status status, enum report_level success)
{
    return status == REPORT_SUCCESS ? success : REPORT_LEVEL_WARN;
}

void report_end(struct buf *buf, struct report_format format,
                const struct invocation_record *record)
{
    if (format.json)
        return;
    (void)buf_append_str(buf, STR("END RequestId: "));
    (void)buf_append_str(buf, record->request_id);
    (void)buf_append_char(buf, '\n');
}

void report_logs_end(struct buf *buf, uint64_t now_ms, struct str request_id)
{
    (void)json_open(buf, (struct report_format){.json = true}, REPORT_LEVEL_INFO, now_ms, "end");
    json_text(buf, "requestId", request_id);
    json_close(buf);
}

void report_logs_fault(struct buf *buf, uint64_t now_ms, struct str text)
{
    char stamp[CLOCK_TEXT_BYTES];

    (void)buf_printf(buf, "{\"time\":\"%s\",\"type\":\"platform.fault\",\"record\":",
                     clock_format_z(stamp, now_ms));
    json_append_quoted(buf, text);
    (void)buf_append_str(buf, STR("}\n"));
}

/* A part of the invocation; the first one opens the list. */
static void json_span(struct buf *buf, const struct invocation_record *record, bool is_first,
                      const char *name, uint64_t from_ns, uint64_t to_ns)
{
    char stamp[CLOCK_TEXT_BYTES];

    (void)buf_printf(
        buf, "%s{\"name\":\"%s\",\"start\":\"%s\",\"durationMs\":", is_first ? ",\"spans\":[" : ",",
        name, clock_format_z(stamp, (record->begun_real_us + from_ns / 1000) / 1000));
    put_ms3(buf, to_ns > from_ns ? to_ns - from_ns : 0);
    (void)buf_append_char(buf, '}');
}

void report_runtime_done(struct buf *buf, struct report_format format, uint64_t now_ms,
                         const struct invocation_record *record)
{
    uint64_t ns = record->runtime_ns ? record->runtime_ns : record->duration_ns;

    if (!json_open(buf, format, status_level(record->status, REPORT_LEVEL_DEBUG), now_ms,
                   "runtimeDone"))
        return;
    json_text(buf, "requestId", record->request_id);
    json_status(buf, record->status, record->error_type);
    if (record->response_ns) {
        json_span(buf, record, true, "responseLatency", 0, record->first_byte_ns);
        json_span(buf, record, false, "responseDuration", record->first_byte_ns,
                  record->response_ns);
        if (record->runtime_ns)
            json_span(buf, record, false, "runtimeOverhead", record->response_ns,
                      record->runtime_ns);
        (void)buf_append_char(buf, ']');
    }
    (void)buf_append_str(buf, STR(",\"metrics\":{\"durationMs\":"));
    put_ms3(buf, ns);
    (void)buf_printf(buf, ",\"producedBytes\":%llu}", (unsigned long long)record->produced_bytes);
    json_origin(buf, record);
    json_close(buf);
}

static void text_report(struct buf *buf, const struct invocation_record *record)
{
    (void)buf_append_str(buf, STR("REPORT RequestId: "));
    (void)buf_append_str(buf, record->request_id);
    (void)buf_append_str(buf, STR("\tDuration: "));
    put_ms2(buf, record->duration_ns);
    (void)buf_append_str(buf, STR(" ms\tBilled Duration: "));
    (void)buf_append_u64(buf, invocation_record_billed_ms(record));
    (void)buf_append_str(buf, STR(" ms\tMemory Size: "));
    (void)buf_append_u64(buf, record->memory_mb);
    (void)buf_append_str(buf, STR(" MB\tMax Memory Used: "));
    (void)buf_append_u64(buf, record->memory_used_mb);
    (void)buf_append_str(buf, STR(" MB\t"));
    if (record->init_ns) {
        (void)buf_append_str(buf, STR("Init Duration: "));
        put_ms2(buf, record->init_ns);
        (void)buf_append_str(buf, STR(" ms\t"));
    }
    if (record->segments)
        (void)buf_printf(buf, "\nXRAY TraceId: %.*s\tSegmentId: %s\tSampled: true\t",
                         STR_FMT(record->segments->root), record->segments->function);
    if (record->status == REPORT_TIMEOUT)
        (void)buf_append_str(buf, STR("Status: timeout"));
    else if (record->status == REPORT_ERROR)
        (void)buf_printf(buf, "Status: error\tError Type: %.*s", STR_FMT(record->error_type));
    (void)buf_append_char(buf, '\n');
}

void report_report(struct buf *buf, struct report_format format, uint64_t now_ms,
                   const struct invocation_record *record)
{
    if (!format.json) {
        text_report(buf, record);
        return;
    }
    if (!json_open(buf, format, status_level(record->status, REPORT_LEVEL_INFO), now_ms, "report"))
        return;
    json_text(buf, "requestId", record->request_id);
    (void)buf_append_str(buf, STR(",\"metrics\":{\"durationMs\":"));
    put_ms3(buf, record->duration_ns);
    (void)buf_printf(buf, ",\"billedDurationMs\":%llu,\"memorySizeMB\":%u,\"maxMemoryUsedMB\":%u",
                     (unsigned long long)invocation_record_billed_ms(record), record->memory_mb,
                     record->memory_used_mb);
    if (record->init_ns) {
        (void)buf_append_str(buf, STR(",\"initDurationMs\":"));
        put_ms3(buf, record->init_ns);
    }
    (void)buf_append_char(buf, '}');
    json_status(buf, record->status, record->error_type);
    if (record->has_extensions && record->runtime_ns) {
        json_span(buf, record, true, "extensionOverhead", record->runtime_ns, record->duration_ns);
        (void)buf_append_char(buf, ']');
    }
    json_origin(buf, record);
    json_close(buf);
}

static void text_extension(struct buf *buf, const struct report_extension *extension)
{
    bool both = extension->wants_invoke && extension->wants_shutdown;

    (void)buf_printf(buf, "EXTENSION\tName: %.*s\tState: %.*s\tEvents: [%s%s%s]",
                     STR_FMT(extension->name), STR_FMT(extension->state),
                     extension->wants_invoke ? "INVOKE" : "", both ? "," : "",
                     extension->wants_shutdown ? "SHUTDOWN" : "");
    if (extension->error_type.len)
        (void)buf_printf(buf, "\tError Type: %.*s", STR_FMT(extension->error_type));
    (void)buf_append_char(buf, '\n');
}

void report_extension(struct buf *buf, struct report_format format, uint64_t now_ms,
                      const struct report_extension *extension)
{
    bool both = extension->wants_invoke && extension->wants_shutdown;

    if (!format.json) {
        text_extension(buf, extension);
        return;
    }
    if (!json_open(buf, format, extension->error_type.len ? REPORT_LEVEL_WARN : REPORT_LEVEL_INFO,
                   now_ms, "extension"))
        return;
    json_text(buf, "name", extension->name);
    (void)buf_append_char(buf, ',');
    json_text(buf, "state", extension->state);
    (void)buf_printf(buf, ",\"events\":[%s%s%s]", extension->wants_invoke ? "\"INVOKE\"" : "",
                     both ? "," : "", extension->wants_shutdown ? "\"SHUTDOWN\"" : "");
    if (extension->error_type.len) {
        (void)buf_append_char(buf, ',');
        json_text(buf, "errorType", extension->error_type);
    }
    json_close(buf);
}

static void text_init_report(struct buf *buf, const struct report_init_end *init)
{
    (void)buf_append_str(buf, STR("INIT_REPORT Init Duration: "));
    put_ms2(buf, init->ns);
    (void)buf_printf(buf, " ms\tPhase: %.*s", STR_FMT(init->phase));
    if (init->status != REPORT_SUCCESS)
        (void)buf_printf(buf, "\tStatus: %s", status_text(init->status));
    if (init->status == REPORT_ERROR)
        (void)buf_printf(buf, "\tError Type: %.*s", STR_FMT(init->error_type));
    (void)buf_append_char(buf, '\n');
}

static void json_init_end(struct buf *buf, const struct report_init_end *init)
{
    json_text(buf, "initializationType", init->type);
    (void)buf_append_char(buf, ',');
    json_text(buf, "phase", init->phase);
    json_status(buf, init->status, init->error_type);
    if (init->status == REPORT_TIMEOUT) /* unlike that of an invocation */
        (void)buf_append_str(buf, STR(",\"errorType\":\"Runtime.Unknown\""));
}

void report_init_runtime_done(struct buf *buf, struct report_format format, uint64_t now_ms,
                              const struct report_init_end *init)
{
    if (!json_open(buf, format, status_level(init->status, REPORT_LEVEL_DEBUG), now_ms,
                   "initRuntimeDone"))
        return;
    json_init_end(buf, init);
    json_close(buf);
}

void report_init_report(struct buf *buf, struct report_format format, uint64_t now_ms,
                        const struct report_init_end *init)
{
    bool on_demand = str_eq(init->type, STR("on-demand"));

    if (!format.json) {
        if (init->status != REPORT_SUCCESS || !on_demand)
            text_init_report(buf, init);
        return;
    }
    if (!json_open(buf, format,
                   status_level(init->status, on_demand ? REPORT_LEVEL_DEBUG : REPORT_LEVEL_INFO),
                   now_ms, "initReport"))
        return;
    json_init_end(buf, init);
    (void)buf_append_str(buf, STR(",\"metrics\":{\"durationMs\":"));
    put_ms3(buf, init->ns);
    (void)buf_append_char(buf, '}');
    json_close(buf);
}

/* The types, joined and quoted as the format wants them. */
static void put_types(struct buf *buf, const struct report_subscription *subscription,
                      const char *const names[3], const char *joint)
{
    const bool has[3] = {subscription->platform, subscription->function, subscription->extension};
    bool is_first = true;

    for (size_t i = 0; i < 3; i++) {
        if (!has[i])
            continue;
        (void)buf_printf(buf, "%s%s", is_first ? "" : joint, names[i]);
        is_first = false;
    }
}

void report_subscription(struct buf *buf, struct report_format format, uint64_t now_ms,
                         const struct report_subscription *subscription)
{
    static const char *const titles[] = {"Platform", "Function", "Extension"};
    static const char *const words[] = {"\"platform\"", "\"function\"", "\"extension\""};

    if (!format.json) {
        (void)buf_printf(buf, "%s\tName: %.*s\tState: Subscribed\tTypes: [",
                         subscription->is_logs ? "LOGS" : "TELEMETRY", STR_FMT(subscription->name));
        put_types(buf, subscription, titles, ", ");
        (void)buf_append_str(buf, STR("]\n"));
        return;
    }
    if (!json_open(buf, format, REPORT_LEVEL_INFO, now_ms,
                   subscription->is_logs ? "logsSubscription" : "telemetrySubscription"))
        return;
    json_text(buf, "name", subscription->name);
    (void)buf_append_str(buf, STR(",\"state\":\"Subscribed\",\"types\":["));
    put_types(buf, subscription, words, ",");
    (void)buf_append_char(buf, ']');
    json_close(buf);
}
