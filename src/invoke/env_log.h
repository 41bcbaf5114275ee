/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The log of one environment: its stream in the log store, the platform's lines in the function's
 * format, and the tail that the present invocation's caller may have asked for. What is written
 * before the first invocation (INIT_START and the output of the init) belongs to that invocation's
 * tail too.
 */

#include "base/buf.h"
#include "invoke/log_level.h"
#include "invoke/log_tail.h"
#include "obs/report.h"

struct extension;
struct function_version;
struct log_store;
struct log_stream;
struct runtime_name;

struct env_log {
    struct log_stream *stream;        /* owned; NULL: nothing is kept */
    struct function_version *version; /* borrowed from the env */
    struct report_format format;
    enum log_level least;       /* of the function's own events that are kept; NONE: all */
    struct buf line;            /* the platform line being made; its memory is reused */
    struct log_tail *tail;      /* borrowed from the running invocation; NULL: none */
    struct log_tail *init_tail; /* owned, until the first invocation */
    char stream_name[160];
};

int env_log_init(struct env_log *log, struct log_store *store, struct function_version *version);
void env_log_deinit(struct env_log *log);

/*
 * One event of the function or its runtime. It is dropped when its level is too low for the
 * function's configuration. NONE: it is the one that the message names.
 */
void env_log_line(struct env_log *log, uint64_t real_ms, struct str message, enum log_level level);

/* An invocation begins; tail (may be NULL) collects from now on. */
void env_log_begin_run(struct env_log *log, struct log_tail *tail);

void env_log_init_start(struct env_log *log, const struct runtime_name *name);
void env_log_start(struct env_log *log, struct str request_id, struct str invoked_arn);
/* END and REPORT. */
void env_log_end(struct env_log *log, const struct invocation_record *record);
/* An extension at the end of the init. */
void env_log_extension(struct env_log *log, const struct extension *extension);
void env_log_init_report(struct env_log *log, uint64_t ns, struct str phase,
                         enum report_status status, struct str error_type);

/*
 * The error type as platform events show it: kept when it looks like (Runtime|Function).Name,
 * otherwise Function.Unknown or Runtime.Unknown (spec: runtime-api 2.3). type has room for 128
 * bytes.
 */
void env_log_error_type(struct str reported, char *type);
