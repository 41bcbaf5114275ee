/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What server.c (listeners, time-outs, the end), memory.c (pools), conn.c (input) and answer.c
 * (output) of the HTTP server share.
 *
 * Memory of a connection: struct http_conn for its whole life; an input buffer only while bytes are
 * there; a struct http_exchange from the first byte of a request to the end of its answer. Buffers
 * and exchanges come from small pools of the server, so that a connection in use costs no malloc
 * and an idle one holds none.
 */

#include <netinet/in.h>
#include <time.h>
#include <uv.h>

#include "base/list.h"
#include "http/answer_head.h"
#include "http/chunked.h"
#include "http/parser.h"
#include "http/server.h"

enum {
    HTTP_BUFFER_BYTES = 8192,       /* a head with a small body; from the pool */
    HTTP_BODY_BUFFER_BYTES = 65536, /* while a larger body is read */
    HTTP_POOL_COUNT = 64,
    HTTP_POOL_IDLE_MS = 1000, /* a pool unused for so long is emptied */
};

/* Input: bytes start..end are not consumed yet. */
struct http_buffer {
    char *ptr; /* owned; NULL: none */
    size_t cap;
    size_t start;
    size_t end;
};

/* One request and its answer. */
struct http_exchange {
    struct http_request req; /* first: the callee's view */
    struct http_exchange *next_free;

    struct http_buffer head_buffer; /* keeps the head when the body moved to a larger buffer */
    size_t pinned;                  /* bytes at the start of conn->in that hold the head */

    const struct http_body_ops *reader; /* a pending http_request_read() */
    void *reader_owner;
    void (*on_closed)(void *owner);
    void *on_closed_owner;
    void (*on_writable)(void *owner);
    void *on_writable_owner;

    struct buf trailers; /* lines behind a chunked body */

    bool answer_started;
    bool answer_has_body;
    bool answer_chunked;

    struct http_head head; /* last: its array is large and not cleared */
};

enum http_conn_state {
    HTTP_CONN_HEAD,   /* waits for a request, or is inside its head */
    HTTP_CONN_BUSY,   /* the request is with its callee */
    HTTP_CONN_FINISH, /* answered: output leaves, the rest of the body is thrown away */
    HTTP_CONN_LINGER, /* our side is shut down; input is thrown away until the client closes */
    HTTP_CONN_GONE,   /* the socket is closed; the request may still be with its callee */
};

struct http_conn {
    uv_tcp_t tcp;
    struct http_server *server;     /* outlives its connections */
    struct list link;               /* server->conns */
    struct list idle_link;          /* server->idle, longest idle first */
    struct list ready_link;         /* server->ready */
    struct http_exchange *exchange; /* owned; from the first byte of a request on */
    struct http_buffer in;
    struct http_chunked chunked;
    uint64_t body_left;   /* UINT64_MAX while a chunked body goes on */
    uint64_t skipped;     /* bytes of the body that nobody read */
    uint64_t deadline_ms; /* loop time; 0: none */
    size_t output_seen;   /* queued output when the deadline was set */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer;
    uint8_t state;
    bool with_callee : 1; /* the exchange's request has been handed out and not been answered */
    bool running : 1;     /* conn_run() is on the stack */
    bool reading : 1;
    bool keep_alive : 1;
    bool input_ended : 1;
    bool must_linger : 1;  /* the client may still be sending what we refused */
    bool continue_due : 1; /* "100 Continue" is expected and was not sent */
    bool had_request : 1;
    bool head_timed : 1; /* the deadline is that of the head which has begun */
    bool handle_closed : 1;
};

struct http_listener {
    uv_tcp_t tcp;
    struct http_server *server;
    struct list link;
    bool paused; /* a connection waits in libuv because there is no room for it */
};

/* Free pieces of one size, linked through themselves. */
struct http_pool {
    void *first;
    size_t count;
    bool used; /* since the last look */
};

struct http_server {
    struct http_server_options options;
    uv_timer_t timer;
    uv_idle_t runner; /* runs the ready connections in the next loop turn */
    struct list listeners;
    struct list conns;
    struct list idle;
    struct list ready;
    size_t conn_count;
    size_t open_count; /* those whose socket is open */
    size_t handle_count;
    uint64_t timer_due_ms; /* 0: not running */
    struct http_pool buffers;
    struct http_pool exchanges;
    uint16_t port;
    bool draining;
    bool freed; /* by its owner; goes with its last connection */
    bool closing;
    void (*drained)(void *owner);
    void *drained_owner;
    time_t date_s;
    char date[HTTP_DATE_BYTES];
};

/* memory.c; NULL and -ENOMEM when there is none */
struct http_exchange *http_exchange_new(struct http_server *server);
void http_exchange_free(struct http_server *server, struct http_exchange *exchange);
int http_buffer_new(struct http_server *server, size_t size, struct http_buffer *ret_buffer);
void http_buffer_free(struct http_server *server, struct http_buffer *buffer);
/* Empty the pools. */
void http_memory_drop(struct http_server *server);
/* Empty those that nobody used since the last call; true when there will be something to look at
 * again. */
bool http_memory_age(struct http_server *server);

/* server.c */
/* Run the connection from the loop, soon. */
void http_server_queue(struct http_server *server, struct http_conn *conn);
/* A connection set its deadline. */
void http_server_expect(struct http_server *server, uint64_t deadline_ms);
void http_server_forget(struct http_server *server, struct http_conn *conn);
const char *http_server_date(struct http_server *server);

/* conn.c */
int http_conn_accept(struct http_server *server, uv_stream_t *listener);
/* Close the socket now; a callee is told later. */
void http_conn_close(struct http_conn *conn);
/* Go on as far as possible: parse, hand out, deliver. */
void http_conn_run(struct http_conn *conn);
/* The same, but never inside the caller's call when it would call the callee. */
void http_conn_wake(struct http_conn *conn);
void http_conn_timeout(struct http_conn *conn);
/* The request has its answer (or will have none): the callee is done with it. */
void http_conn_answered(struct http_conn *conn);
/* The same, with the connection cut. */
void http_conn_abort(struct http_conn *conn);
/* The callee queued output: it has to make progress from now on. */
void http_conn_watch(struct http_conn *conn);
struct http_exchange *http_exchange_of(const struct http_request *req);

/* answer.c */
/* Answer without a callee, for example with 400, and close. */
void http_conn_refuse(struct http_conn *conn, unsigned status);
void http_conn_continue(struct http_conn *conn);
size_t http_conn_output(const struct http_conn *conn);
