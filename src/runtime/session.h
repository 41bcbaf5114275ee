/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The conversation with the runtime process of one sandbox: one state machine (spec: runtime-api,
 * section 3) with two codecs, the framed channel for our own clients and the Runtime API over HTTP
 * for custom runtimes. The session outlives runtime processes: session_reset() shuts it while one
 * is killed, session_start() opens it for the next.
 *
 *   Absent ──session_start──▶ Started
 *   Started ──next──▶ Ready ──event──▶ Running ──response/error──▶ Responding
 *      │                ▲                                               │ body read
 *      │                └───────────────next─────────────── ResponseSent ◀┘
 *      └──init/error──▶ InitError
 *
 * Loop thread only. Ops are never called from inside session_* calls other than session_drain().
 * Everything a runtime sends is hostile until checked here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/str.h"

struct http_request;
struct runtime_session;

/* What is delivered to the runtime. Everything is borrowed until the session is idle again or
 * reset. */
struct runtime_event {
    struct str request_id;
    struct str function_arn;
    struct str trace_id;
    struct str client_context; /* JSON text */
    struct str cognito_identity;
    struct str tenant_id;
    uint64_t deadline_real_ms;
    struct str payload;
    bool wants_stream; /* a response in pieces is passed on as it comes, else collected */
};

struct runtime_log {
    uint64_t real_ms;
    bool json;
    unsigned level; /* 0 none, 1 TRACE … 6 FATAL */
    struct str message;
};

/* What a runtime tells about an error beside it. */
struct runtime_error {
    struct str type;
    struct str cause; /* JSON for X-Ray, not checked; may be absent */
};

struct runtime_session_ops {
    /* Init is over: the runtime has asked for its first event. */
    void (*ready)(void *owner);
    void (*init_error)(void *owner, struct str error_type, struct str body);
    /* The result, or an error, begins to come. */
    void (*responding)(void *owner);
    /*
     * The result comes in pieces (only when the event wants it so); content_type may be absent. The
     * end is one of the three below, response with no bytes when all went well.
     */
    void (*stream_start)(void *owner, struct str content_type);
    void (*stream_piece)(void *owner, struct str bytes);
    /* The result; payload is malloc'd and the callee's. */
    void (*response)(void *owner, char *payload, size_t len);
    void (*response_too_large)(void *owner);
    /* The function's error; payload is what its caller gets, malloc'd and the callee's. */
    void (*error)(void *owner, const struct runtime_error *error, char *payload, size_t len);
    /* The runtime asked for the next event: the invocation is over. */
    void (*done)(void *owner);
    void (*log)(void *owner, const struct runtime_log *log);
    /*
     * The runtime cannot be talked to any more (it left, or broke the protocol): kill what is left
     * of it. error_type (constant; NULL: the process's end says enough) and what tell why the
     * invocation failed.
     */
    void (*broken)(void *owner, const char *error_type, const char *what);
    /* A request on the listener that is none of the Runtime API; must be answered by the callee. */
    void (*foreign_request)(void *owner, struct http_request *req);
};

int session_new(struct runtime_session **ret_session, uv_loop_t *loop,
                const struct runtime_session_ops *ops, void *owner);
struct runtime_session *session_free(struct runtime_session *session);

/* Serve the Runtime API on a socket that listens inside the sandbox. Both own their descriptor,
 * also on failure. */
int session_listen(struct runtime_session *session, int listener_fd);
/*
 * A new runtime process is about to be started; those before it are dead, and heard no more.
 * is_framed: it will have a channel, and HTTP /runtime/ routes answer 403.
 */
void session_start(struct runtime_session *session, bool is_framed);
/* Talk to a newly started runtime process over its channel. */
int session_open_channel(struct runtime_session *session, int channel_fd);

/* Send the process environment (NUL-ended KEY=VALUE entries, borrowed until ready or reset) to a
 * channel runtime. */
void session_init(struct runtime_session *session, struct str environment);
/* Deliver an event; the session must be ready. */
void session_invoke(struct runtime_session *session, const struct runtime_event *event);

/*
 * Take no further piece of a streamed response until released, so that the runtime waits. Some tens
 * of kilobytes that were read already may still come.
 */
void session_hold(struct runtime_session *session, bool held);

/* Handle what the runtime has sent and the loop has not seen yet (before a process end is acted
 * upon). */
void session_drain(struct runtime_session *session);
/* The runtime process has ended, or will at once: forget the event, hear nothing until
 * session_start(). */
void session_reset(struct runtime_session *session);
