/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Calls to the Lambda API of a daemon, one at a time and blocking: this is a command line program.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

struct client;
struct request_body;
struct target;

enum { CLIENT_PATH_BYTES_MAX = 2048, CLIENT_HEADERS_MAX = 4 };

struct client_call {
    const char *method;
    const char *path;                        /* percent-encoded, with the query if there is one */
    struct request_body *body;               /* NULL: none */
    const char *headers[CLIENT_HEADERS_MAX]; /* "Name: value", ends with NULL */
    bool progress;                           /* show a progress line while sending */
};

/* What came back. Valid until client_answer_deinit(). */
struct client_answer {
    long status;
    uint64_t took_us; /* from the connection attempt to the last byte */
    struct buf body;
    struct buf error_type;     /* X-Amzn-ErrorType, without what follows a colon */
    struct buf function_error; /* X-Amz-Function-Error */
    struct buf log_result;     /* X-Amz-Log-Result, base64 */
};

void client_answer_deinit(struct client_answer *answer);

/* NULL (with the reason said) when it cannot be made. The target is borrowed and must outlive the
 * client. */
struct client *client_new(const struct target *target);
struct client *client_free(struct client *client);
CLEANUP_DEFINE(struct client, client_free)

/*
 * Send and wait for the whole answer. CLI_OK: some answer came, ret_answer is written (and owned by
 * the caller); otherwise an exit code, and it has been said why.
 */
int client_send(struct client *client, const struct client_call *call,
                struct client_answer *ret_answer);

/*
 * The same, and an answer other than 2xx is said and turned into CLI_REFUSED. ret_document may be
 * NULL; otherwise it gets the body as a JSON document (owned by the caller, NULL when the body is
 * empty).
 */
int client_request(struct client *client, const struct client_call *call, json_t **ret_document);

/* Say an API error for people: "ResourceNotFoundException: Function not found: …". */
void client_complain(const struct client_answer *answer);

/* "/2015-03-31/functions/<name percent-encoded><suffix>"; false (and said) when it is too long. */
bool client_function_path(char path[CLIENT_PATH_BYTES_MAX], const char *name, const char *suffix);
/* Append "?key=value" (or "&…"), value percent-encoded; false (and said) when it does not fit. */
bool client_add_query(char path[CLIENT_PATH_BYTES_MAX], const char *key, const char *value);
