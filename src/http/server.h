/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP/1.1 server: listeners, connections and requests. One server serves one kind of user (the
 * public API, or the listener inside one sandbox); all live on one loop thread and nothing blocks.
 * The process must ignore SIGPIPE.
 *
 * Strict: what could be read differently by another parser (both Content-Length and
 * Transfer-Encoding, bare LF, blanks before a colon, obs-fold, repeated or signed lengths, …) is
 * refused with 400 and the connection is closed. See http/parser.h and http/chunked.h.
 *
 * Life of a request: ops->request is called when the header block is complete. From then on the
 * request belongs to the callee until it has called http_respond(), http_response_end() or
 * http_response_abort(), whatever happens to the client meanwhile: a client that goes away is
 * reported once through `closed` (if set), and everything sent after that is dropped. A client that
 * only shuts down its sending side counts as gone. The body is pulled: nothing is read from the
 * socket beyond a small buffer until the callee asks with http_request_read(); a body that nobody
 * asked for is skipped (up to LIMIT_HTTP_SKIP_BYTES) after the answer, and a longer one ends the
 * connection. 100-continue is sent at the first http_request_read(). Pipelined requests are handed
 * out one after the other.
 *
 * Callbacks come from the loop only, never from inside a call of the callee; all of them may
 * answer, read, write or free the server.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "http/header.h"

struct http_server;
struct http_conn;

struct http_request {
    struct arena
        arena; /* for the callee; lives until the answer is complete, as do all texts here */
    struct str method;
    struct str target; /* as sent */
    struct str path;   /* up to the '?', percent-encoding as sent */
    struct str query;  /* after the '?', absent without one */
    struct str host;   /* Host header, absent without one (HTTP/1.0) */
    struct http_header *headers;
    size_t header_count;
    bool http_1_0;
    bool has_body;           /* one with at least a byte, or chunked */
    uint64_t content_length; /* UINT64_MAX: chunked */
    struct sockaddr_storage peer;
    void *owner;            /* free for the callee */
    struct http_conn *conn; /* private to http/ */
};

struct http_server_ops {
    void (*request)(void *owner, struct http_request *req);
};

struct http_server_options {
    uv_loop_t *loop;
    size_t connections_max; /* beyond it the longest idle one is closed, or new ones wait */
    size_t header_bytes_max;
    uint64_t header_timeout_ms; /* connect → first byte → end of header block; 0: none */
    uint64_t idle_timeout_ms;   /* between requests; 0: none */
    /* No progress while the callee waits for a body, or while an answer is written; 0: none. The
     * callee itself may take as long as it wants. */
    uint64_t body_timeout_ms;
    const struct http_server_ops *ops;
    void *owner;
};

int http_server_new(struct http_server **ret_server, const struct http_server_options *options);
/*
 * Closes listeners and connections at once. No new request comes after it; those still with their
 * callee stay valid until answered, and are told (`failed`, `closed`) in a later turn of the loop,
 * which has to run until all is closed. NULL is accepted.
 */
struct http_server *http_server_free(struct http_server *server);

/* Listen on "127.0.0.1:4566", "[::1]:80"; port 0 picks one. Several are allowed. */
int http_server_listen(struct http_server *server, struct str address, struct reason *why);
/*
 * The same on a bound stream socket that was made elsewhere, for example in another network
 * namespace. It is owned from now on, also after a failure.
 */
int http_server_adopt(struct http_server *server, int listener_fd);
/* The port of the first listener. */
uint16_t http_server_port(const struct http_server *server);
/*
 * Drain: stop accepting, close idle connections, answer what runs with "Connection: close". drained
 * is called when the last connection has ended.
 */
void http_server_drain(struct http_server *server, void (*drained)(void *owner), void *owner);
/*
 * Close the connections there are, those too that wait to be accepted, and go on listening: for a
 * listener whose clients are known to be dead.
 */
void http_server_hang_up(struct http_server *server);
size_t http_server_connections(const struct http_server *server);

/* First header of that name (case-insensitive); absent when there is none. */
struct str http_request_header(const struct http_request *req, struct str name);
/* The same for the trailer fields behind a chunked body, once data was called with len 0. */
struct str http_request_trailer(const struct http_request *req, struct str name);

/*
 * Ask for body bytes. data is called with a piece (valid during the call) once some are there, or
 * with len 0 at the end of the body; one call per http_request_read(). failed: the client went away
 * or broke the framing or was too slow; no further body comes, but the request must still be
 * answered (the answer goes nowhere). Where both are due, failed comes before closed.
 */
struct http_body_ops {
    void (*data)(void *owner, const char *bytes, size_t len);
    void (*failed)(void *owner);
};
void http_request_read(struct http_request *req, const struct http_body_ops *ops, void *owner);

/* Called at most once, from the loop, when the client goes away before the answer is complete. */
void http_request_on_closed(struct http_request *req, void (*closed)(void *owner), void *owner);

/*
 * The whole answer. Headers are copied; Content-Length, Date and Connection are added (and left out
 * of `headers`, except that "Connection: close" is obeyed). No header can break out of its line.
 * body is copied when it cannot be written at once. The request is gone after the call. Status 204
 * and 304 take no body; for HEAD only its length is sent.
 */
void http_respond(struct http_request *req, unsigned status, const struct http_header *headers,
                  size_t header_count, struct str body);
/* The same, but takes over a malloc'd body (freed when sent), so that megabytes are never copied.
 */
void http_respond_owned(struct http_request *req, unsigned status,
                        const struct http_header *headers, size_t header_count, char *body,
                        size_t len);

/*
 * An answer in pieces, chunked (for HTTP/1.0: until the connection closes). http_response_write
 * returns the number of bytes not yet taken by the socket; when it is above HTTP_WRITE_HIGH_BYTES
 * the caller waits for writable before it writes more. writable is called once per setting, when at
 * most half of that is queued, or when the client has gone. http_response_end finishes, and the
 * request is gone; abort cuts the connection instead, so that the client sees a broken answer (it
 * may also be used without a start).
 */
enum { HTTP_WRITE_HIGH_BYTES = 262144 };
void http_response_start(struct http_request *req, unsigned status,
                         const struct http_header *headers, size_t header_count);
size_t http_response_write(struct http_request *req, struct str bytes);
void http_response_on_writable(struct http_request *req, void (*writable)(void *owner),
                               void *owner);
void http_response_end(struct http_request *req);
void http_response_abort(struct http_request *req);
