/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The log of one environment: its stream in the log store, the platform's lines in the function's
 * format, and the tail that the present invocation's caller may have asked for. What the init
 * printed belongs to the first invocation's tail, too; INIT_START belongs to none.
 */

#include "base/buf.h"
#include "invoke/log_level.h"
#include "invoke/log_tail.h"
#include "obs/report.h"
#include "runtime/subscription.h"

struct extension;
struct function_version;
struct log_store;
struct log_stream;
struct telemetry;

struct env_log {
    struct log_stream *stream;        /* owned; NULL: nothing is kept */
    struct function_version *version; /* borrowed from the env */
    struct report_format format;
    enum log_level least; /* of the function's own events that are kept; NONE: all */
    struct str initialization_type;
    struct telemetry *telemetry; /* borrowed from the env; NULL until there is one */
    struct buf line;             /* the platform line being made; its memory is reused */
    struct log_tail *tail;       /* borrowed from the running invocation; NULL: none */
    struct log_tail *init_tail;  /* owned, until the first invocation */
    char stream_name[160];
};

/* initialization_type: "on-demand" or another constant text. */
int env_log_init(struct env_log *log, struct log_store *store, struct function_version *version,
                 struct str initialization_type);
void env_log_deinit(struct env_log *log);

/* One event of what the function or an extension prints. */
struct env_output_event {
    enum subscription_type type;
    uint64_t real_ms;
    enum log_level level; /* NONE: the one that the message names */
    struct str message;
};

/* To the log, unless its level is too low for the function's configuration, and to all who have
 * subscribed. */
void env_log_output(struct env_log *log, const struct env_output_event *event);

/* Why the function cannot be run, where its caller does not see all of it. */
void env_log_reason(struct env_log *log, struct str reason);

/* An invocation begins; tail (may be NULL) collects from now on. */
void env_log_begin_run(struct env_log *log, struct log_tail *tail);

/* The platform's events: to the log in its format, and to those who have subscribed. phase: "init",
 * or "invoke" for one that is repeated in an invocation. */
void env_log_init_start(struct env_log *log, struct str phase);
void env_log_start(struct env_log *log, const struct invocation_record *record);
/* The runtime's part is over. */
void env_log_runtime_done(struct env_log *log, const struct invocation_record *record);
/* The platform ends the run; text is what its caller is told. */
void env_log_fault(struct env_log *log, struct str text);
/* END and REPORT. */
void env_log_end(struct env_log *log, const struct invocation_record *record);
/* An extension, and what it has subscribed to, at the end of the init. */
void env_log_extension(struct env_log *log, const struct extension *extension);
void env_log_subscription(struct env_log *log, const struct extension *extension,
                          const struct subscription *subscription);

struct env_log_init_end {
    struct str phase;
    enum report_status status;
    const char *error_type; /* with REPORT_ERROR */
    uint64_t ns;
    bool is_logged; /* in the log, too */
};
void env_log_init_end(struct env_log *log, const struct env_log_init_end *end);

/*
 * The error type as platform events show it: kept when it looks like (Runtime|Function).Name,
 * otherwise Function.Unknown or Runtime.Unknown (spec: runtime-api 2.3). type has room for 128
 * bytes.
 */
void env_log_error_type(struct str reported, char *type);
