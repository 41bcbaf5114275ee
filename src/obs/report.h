/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The record of one invocation, made once at its end, and the platform's lines of the log:
 * INIT_START, START, END, REPORT, INIT_REPORT, as text or as JSON events (spec: logging). The
 * REPORT line, and later metrics, traces and billing, are made from the record; nothing computes
 * these figures twice.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum report_status { REPORT_SUCCESS, REPORT_TIMEOUT, REPORT_ERROR };

enum { TRACE_SEGMENT_ID_BYTES = 17 }; /* 16 hexadecimal digits and a NUL */

/* What X-Ray knows of an invocation that is traced: a segment of the service, and in it one of the
 * function. */
struct trace_segments {
    struct str root;   /* "1-5f35ae12-0c0fec141ab77a00bc047aa2"; absent: it is not traced */
    struct str parent; /* the caller's segment; may be absent */
    char service[TRACE_SEGMENT_ID_BYTES];
    char function[TRACE_SEGMENT_ID_BYTES];
};

struct invocation_record {
    struct str request_id;
    struct str function_name;
    struct str function_arn;
    struct str version;
    uint64_t received_real_us; /* when the service had it */
    uint64_t begun_real_us;    /* when the event was delivered, or a suppressed init began */
    uint64_t duration_ns;      /* from then on, until the runtime's next call */
    uint64_t
        init_ns; /* of the init phase before this, the environment's first, invocation; 0: none */
    uint64_t init_real_us; /* its begin */
    uint32_t memory_mb;
    uint32_t memory_used_mb;
    enum report_status status;
    struct str error_type; /* with REPORT_ERROR */
    bool function_error;   /* the caller got an error, whatever status says */
    /* What it is made of, from the delivery on; 0: it never came so far. */
    uint64_t runtime_ns;     /* until the runtime was done; extensions may take longer */
    uint64_t first_byte_ns;  /* until the response began */
    uint64_t response_ns;    /* until the response was there */
    uint64_t produced_bytes; /* of the response */
    bool has_extensions;
    struct str tenant_id;                  /* may be absent */
    struct str trace_id;                   /* X-Amzn-Trace-Id; absent: not sampled */
    const struct trace_segments *segments; /* borrowed; NULL: not traced by the service */
    struct str error_cause; /* JSON of a runtime, not checked; absent: it told none */
};

/* ceil(duration + init) in milliseconds, at least 1. */
uint64_t invocation_record_billed_ms(const struct invocation_record *record);

/* Levels below which a JSON system event is not written; text lines are always written. */
enum report_level { REPORT_LEVEL_DEBUG, REPORT_LEVEL_INFO, REPORT_LEVEL_WARN };

struct report_format {
    bool json;
    enum report_level level; /* with json */
};

struct report_init {
    struct str type; /* as in report_init_end, the next one too */
    struct str phase;
    struct str runtime_version; /* "python:3.12" and what the host really has */
    struct str runtime_version_arn;
    struct str function_name;
    struct str function_version;
    struct str log_stream;
    uint32_t memory_mb;
};

struct report_extension {
    struct str name;
    struct str state; /* "Ready" */
    bool wants_invoke;
    bool wants_shutdown;
    struct str error_type; /* empty: none */
};

/*
 * Each appends one event with its newline to buf, or nothing when the format filters it. now_ms is
 * the time stamp of JSON events.
 */
void report_init_start(struct buf *buf, struct report_format format, uint64_t now_ms,
                       const struct report_init *init);
/* Of the record only who, what and the trace need be known. */
void report_start(struct buf *buf, struct report_format format, uint64_t now_ms,
                  const struct invocation_record *record);
/* The END line of text; nothing in JSON, where report_runtime_done() is instead of it. */
void report_end(struct buf *buf, struct report_format format,
                const struct invocation_record *record);
void report_report(struct buf *buf, struct report_format format, uint64_t now_ms,
                   const struct invocation_record *record);

void report_extension(struct buf *buf, struct report_format format, uint64_t now_ms,
                      const struct report_extension *extension);

/* How an init went. */
struct report_init_end {
    struct str type;  /* "on-demand", "provisioned-concurrency" */
    struct str phase; /* "init", or "invoke" for one that is repeated in an invocation */
    enum report_status status;
    struct str error_type;
    uint64_t ns;
};

/* INIT_REPORT; as text not of one on demand that went well. */
void report_init_report(struct buf *buf, struct report_format format, uint64_t now_ms,
                        const struct report_init_end *init);

/* Events that are not in the log of text. */
void report_init_runtime_done(struct buf *buf, struct report_format format, uint64_t now_ms,
                              const struct report_init_end *init);
void report_runtime_done(struct buf *buf, struct report_format format, uint64_t now_ms,
                         const struct invocation_record *record);
/* "platform.end" and "platform.fault", which only the Logs API knows. */
void report_logs_end(struct buf *buf, uint64_t now_ms, struct str request_id);
void report_logs_fault(struct buf *buf, uint64_t now_ms, struct str text);

struct report_subscription {
    struct str name; /* of the extension */
    bool is_logs;    /* of the Logs API, not the Telemetry API */
    bool platform;
    bool function;
    bool extension;
};
void report_subscription(struct buf *buf, struct report_format format, uint64_t now_ms,
                         const struct report_subscription *subscription);
