#pragma once

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One API request from the moment its operation is known until it is answered, and the ways to
 * answer it. All of it lives on the loop thread.
 *
 * A handler gets the request with decoded and validated input. It answers exactly once, at once or
 * later, with one of api_reply, api_reply_payload or api_fault; the request and everything in its
 * arena is gone when that call returns. Until then the request stays valid, even when the client
 * has disconnected (the answer then goes nowhere).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/rand.h"
#include "base/str.h"
#include "http/header.h"

enum { API_EXTRA_HEADERS_MAX = 4 };

struct api_request;
struct api_service;
struct http_request;
struct model_fault;
struct model_operation;

/* Who asks. Account and region come from the credential scope; they are never empty. */
struct api_principal {
    struct str account;    /* 12 digits */
    struct str region;     /* "us-east-1" */
    struct str access_key; /* empty when the request was not signed */
};

/* A base64 member of a JSON body, decoded to a file while it arrived. The request owns it. */
struct api_blob {
    int fd;           /* open for reading and writing; the offset is undefined */
    const char *path; /* a name of its own in the upload folder; rename it to keep the file */
    uint64_t size;
    struct digest sha256;
};

struct api_request_ops;

struct api_request {
    struct arena arena;
    const struct api_service *service;
    const struct model_operation *operation;
    struct api_principal principal;
    char id[UUID_TEXT_BYTES]; /* x-amzn-RequestId */
    const void *input;        /* the operation's input structure, e.g. lambda_invocation_request */

    /* Private to api/. */
    const struct api_request_ops *ops; /* of who made the request */
    const struct http_request *http;   /* NULL: an internal call */
    struct http_header extra[API_EXTRA_HEADERS_MAX];
    size_t extra_count;
};

/* What the customer sees instead of an output. */
struct api_fault {
    const struct model_fault *kind;
    struct str message; /* absent: null */
    struct str reason;  /* "Reason" of TooManyRequestsException; absent: none */
    bool untyped;       /* the few answers that have no Type although their kind has one */
    bool type_is_null;  /* … or have one that is null */
};

/* How the maker of a request gets its end: the HTTP protocol, or an internal caller. */
struct api_request_ops {
    /* payload (malloc'd, may be NULL) replaces the output's payload member and is taken over. */
    void (*reply)(struct api_request *request, const void *output, char *payload, size_t len);
    void (*fault)(struct api_request *request, const struct api_fault *fault);
    /* The payload as a block that the handler owns; NULL: out of memory. */
    char *(*take_payload)(struct api_request *request, size_t *ret_len);
    /* An answer in pieces; NULL for an internal caller, who has no use for one. */
    void (*start)(struct api_request *request, const void *output);
    size_t (*piece)(struct api_request *request, struct str bytes);
    void (*on_writable)(struct api_request *request, void (*writable)(void *owner), void *owner);
    void (*end)(struct api_request *request);
};

/* A header of the request, for the few that the model does not name; absent when there is none. */
struct str api_request_header(const struct api_request *request, struct str name);

/*
 * A header of the answer that the model does not name, e.g. X-Amzn-Trace-Id. Both texts stay valid
 * until the answer (the arena is the place). An internal caller does not see it.
 */
void api_reply_header(struct api_request *request, struct str name, struct str value);

/*
 * The payload of the input (Invoke) as a malloc'd block that the caller owns, without copying it;
 * an empty one is a block too. The input's payload text is not valid any more. NULL when out of
 * memory.
 */
char *api_take_payload(struct api_request *request, size_t *ret_len);

/* Success. output is the operation's output structure (NULL when it has none); it is not kept. */
void api_reply(struct api_request *request, const void *output);

/* The same for an output whose payload is `len` bytes at `payload`, malloc'd and taken over. */
void api_reply_payload(struct api_request *request, const void *output, char *payload, size_t len);

/*
 * Success in pieces, for an operation whose output is an event stream: first status and headers
 * (after which there is no error answer any more), then the bytes as they come. api_reply_piece()
 * returns how many bytes wait for the client; above HTTP_WRITE_HIGH_BYTES the handler waits for
 * writable, which is called once per setting, also when the client has gone. The request is gone
 * after api_reply_end().
 */
void api_reply_start(struct api_request *request, const void *output);
size_t api_reply_piece(struct api_request *request, struct str bytes);
void api_reply_on_writable(struct api_request *request, void (*writable)(void *owner), void *owner);
void api_reply_end(struct api_request *request);

/* An error answer. A NULL format gives a null message. */
void api_fault(struct api_request *request, const struct model_fault *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with everything spelt out; the fault is not kept. */
void api_fault_send(struct api_request *request, const struct api_fault *fault);

/* What an unexpected failure (negative errno) becomes: 500, with the failure in the daemon's log.
 */
void api_fault_internal(struct api_request *request, int error);
