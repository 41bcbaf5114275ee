/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One call that runs a function and waits for it: what Invoke and InvokeWithResponseStream share.
 * It lies in the request's arena and goes with its answer.
 */

#include <stdbool.h>
#include <stddef.h>

#include "api/lambda/names.h"
#include "base/str.h"
#include "invoke/invocation.h"
#include "invoke/target.h"

struct api_request;
struct lambda_service;

/* What the operations' inputs have in common. */
struct invoke_input {
    struct str function_name;
    struct str qualifier;
    struct str log_type;
    struct str client_context; /* base64 */
    struct str tenant_id;
};

struct invoke_call {
    struct api_request *request;
    struct lambda_service *service;
    const struct invocation_sink *sink; /* its owner is the call */
    /* The run's answer is there: outcome, payload and len, which it takes over. */
    void (*answer)(struct invoke_call *call, const struct invocation *inv);
    struct function_ref ref;
    struct str tenant_id;
    bool wants_tail;
    struct str client_context; /* decoded JSON text */
    struct invoke_target target;
    /* The answer, kept until the end of the run when the tail belongs to it: */
    enum invocation_outcome outcome;
    char *payload;
    size_t len;
    const void *accepted; /* what is answered when an event is on disk */
    /* An answer in pieces: */
    const struct invocation *inv; /* while it can be held back */
    bool has_started;
    bool is_broken; /* a piece is missing */
};

/* NULL: the request has been answered. */
struct invoke_call *invoke_call_new(struct api_request *request, struct lambda_service *service,
                                    const struct invoke_input *input,
                                    const struct invocation_sink *sink);
/* Nothing is run: does the function exist? Answers. */
void invoke_call_dry_run(struct invoke_call *call, const void *output);
/* For sinks: answer() is called at once, or at the end of the run when the log's tail is wanted. */
void invoke_call_responded(struct invocation *inv, enum invocation_outcome outcome, char *payload,
                           size_t len);
void invoke_call_ended(struct invocation *inv, const struct invocation_record *record);
/* Whether the function exists, and the payload is not too large, is answered at once; output (a
 * constant) when the event is on disk. */
void invoke_call_enqueue(struct invoke_call *call, const void *output);
/* The sink answers, or an error is answered at once. */
void invoke_call_run(struct invoke_call *call);

/* The call's trace id, which the answer shows, too; absent when out of memory. version: of which
 * the function's tracing decides whether it is sampled; NULL: it does not. */
struct str invoke_call_trace(struct invoke_call *call, const struct function_version *version);
/* The payload as it came, malloc'd; of an empty one an empty object. NULL when out of memory. */
char *invoke_call_take_payload(struct invoke_call *call, size_t *ret_len);
/* Unlike other operations, Invoke names $LATEST when no qualifier was given. */
void invoke_call_not_found(struct invoke_call *call);
void invoke_call_throttled(struct invoke_call *call, struct str reason);
/* The outcome is that it was not run: invoke_call_refuse() answers with the reason, and frees it.
 */
bool invoke_call_was_refused(const struct invoke_call *call);
void invoke_call_refuse(struct invoke_call *call);
/* Base64 of the log's end; absent when out of memory. */
struct str invoke_call_tail(struct invoke_call *call, const struct log_tail *tail);
