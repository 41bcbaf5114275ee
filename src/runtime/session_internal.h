/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the session's state machine and its HTTP codec share; included in this folder only. */

#include "base/list.h"
#include "http/server.h"
#include "runtime/channel.h"
#include "runtime/session.h"

enum runtime_state {
    RUNTIME_ABSENT, /* no process, or one that is being killed: nothing is heard */
    RUNTIME_STARTED,
    RUNTIME_READY,
    RUNTIME_RUNNING,
    RUNTIME_RESPONDING,
    RUNTIME_ERRORING,
    RUNTIME_RESPONSE_SENT,
    RUNTIME_INIT_ERROR,
};

struct runtime_session {
    uv_loop_t *loop;
    const struct runtime_session_ops *ops;
    void *owner;
    enum runtime_state state;
    const struct runtime_event *event; /* borrowed; set in RUNNING … RESPONSE_SENT */
    uint32_t invocation;               /* number of the event on the channel */
    bool is_framed;                    /* the process talks over a channel, not HTTP */
    struct channel *channel;           /* owned; NULL for HTTP runtimes */
    struct buf stream;                 /* the pieces of a response that nobody takes as they come */
    bool is_streaming;                 /* somebody does */
    uint64_t streamed;                 /* bytes so far */
    bool held;                         /* see session_hold() */
    struct buf head;                   /* of the frame being made; its memory is reused */
    struct http_server *server;        /* owned; NULL until session_listen() */
    struct list parked;                /* struct runtime_api_wait: `next` calls that wait */
    struct list bodies;                /* struct runtime_api_body: results that are being read */
};

/* The state's name as the Runtime API prints it. */
const char *runtime_state_name(enum runtime_state state);

/* Steps of the machine; false when the present state does not allow them (nothing happens then). */
bool session_step_next(struct runtime_session *session);
bool session_step_init_error(struct runtime_session *session);
bool session_step_body(struct runtime_session *session, enum runtime_state body_state);
void session_step_sent(struct runtime_session *session);

/*
 * A response in pieces: begin, each piece, and the end (all the same for both codecs). The end
 * takes the error that a stream may close with: its type (absent: none) and base64 of its body.
 */
void session_stream_begin(struct runtime_session *session, struct str content_type);
void session_stream_piece(struct runtime_session *session, struct str bytes);
void session_stream_end(struct runtime_session *session, struct str error_type,
                        struct str error_body);

/* runtime/api.c */
int runtime_api_listen(struct runtime_session *session, int listener_fd);
void runtime_api_deliver(struct runtime_session *session); /* answer the parked `next` calls */
void runtime_api_go_on(struct runtime_session *session); /* no longer held: read on */
void runtime_api_drop(
    struct runtime_session *session); /* the process is gone: let waiting calls and bodies go */
