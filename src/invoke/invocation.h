/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One run of a function, whatever brought it: an Invoke call, later an event source or the
 * asynchronous queue. Its maker fills it and submits it to the dispatch, which owns it from then
 * on; the sink hears the answer and the end. Loop thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/rand.h"
#include "base/str.h"
#include "catalog/function.h"
#include "invoke/log_tail.h"
#include "obs/report.h"

struct catalog;
struct concurrency_version;
struct invocation;

enum invocation_outcome {
    INVOCATION_OK,
    INVOCATION_FUNCTION_ERROR, /* the payload is the error object */
    INVOCATION_UNAVAILABLE,    /* lambd could not run it; the payload is a sentence for people */
    INVOCATION_THROTTLED,      /* there was no room for it; no payload */
};

struct invocation_sink {
    /*
     * Both NULL: answers in pieces are collected. Else such an answer is told as it comes;
     * `responded` is its end, with no bytes when all went well. invocation_hold() slows it down.
     * content_type may be absent.
     */
    void (*stream_started)(struct invocation *inv, struct str content_type);
    void (*stream_piece)(struct invocation *inv, struct str bytes);
    /* The answer, once. payload is malloc'd and the sink's. The function may still be running. */
    void (*responded)(struct invocation *inv, enum invocation_outcome outcome, char *payload,
                      size_t len);
    /* All is done and logged, after `responded`; the invocation is freed when this returns. record
     * is NULL when the function never ran. */
    void (*ended)(struct invocation *inv, const struct invocation_record *record);
};

struct invocation {
    struct list node;      /* in its pool's queue, while it waits */
    struct list wait_node; /* of all that wait, in order */
    uint64_t waiting_ns;   /* since when */
    struct arena arena;
    struct function_version *version; /* owned reference */
    char request_id[UUID_TEXT_BYTES];
    struct str invoked_arn; /* as the caller qualified it; in the arena or the version's, like the
                               next four */
    struct str trace_id;
    struct str client_context;
    struct str cognito_identity;
    struct str tenant_id;
    char *payload; /* owned, malloc'd; never NULL */
    size_t payload_len;
    struct log_tail *tail; /* owned; NULL: nobody wants it */
    const struct invocation_sink *sink;
    void *sink_owner;
    uint64_t received_real_us;
    struct trace_segments segments; /* when it is traced */
    uint64_t loops; /* how often the event has come to this function before (lineage.h) */
    struct concurrency_version *concurrency; /* private, like the following: what it counts in */
    void (*hold)(void *runner, bool held);   /* NULL: nothing runs */
    void *runner;                            /* where it waits or runs */
};

/* Takes a reference to version. request_id: UUID_TEXT_BYTES, copied; NULL: a new one. NULL when out
 * of memory. */
struct invocation *invocation_new(struct function_version *version, const char *request_id);
/*
 * Sets trace_id to that header with this function in its lineage, and loops. When it is sampled and
 * the function's tracing is active, segments is set, and trace_id leads to that of the function. 0
 * or -ENOMEM.
 */
int invocation_set_trace(struct invocation *inv, struct str trace);
/* NULL: it is not traced. */
const struct trace_segments *invocation_segments(const struct invocation *inv);
/* Is it one more round of a loop that the function's settings do not allow? 1, 0 or a failure. */
int invocation_is_loop(const struct invocation *inv, struct catalog *catalog);
/* Take no further piece of the answer until released; the function waits. */
void invocation_hold(const struct invocation *inv, bool held);
struct invocation *invocation_free(struct invocation *inv);
CLEANUP_DEFINE(struct invocation, invocation_free)
