/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the body of one request, in the way its operation needs:
 *   document   collected, to be parsed as JSON afterwards;
 *   spooled    a document of which the blob members go to files, each replaced by a placeholder;
 *   payload    collected as it is; checked to be JSON while it arrives when the operation asks for
 * that. Pulls from the HTTP request, so a slow disk slows the client down. Loop thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/buf.h"
#include "base/str.h"

struct api_blob;
struct api_body;
struct http_request;
struct model_operation;

enum { API_BODY_BLOBS_MAX = 4 };

enum api_body_result {
    API_BODY_COMPLETE,
    API_BODY_TOO_LARGE,
    API_BODY_GONE,       /* the client went away */
    API_BODY_BAD_BLOB,   /* a blob's text is no base64 */
    API_BODY_MANY_BLOBS, /* more blobs than an operation has */
    API_BODY_FAILED,     /* a negative errno: api_body_error */
};

struct api_body_options {
    uv_loop_t *loop;
    const char *spool_directory; /* borrowed */
    struct http_request *http;   /* borrowed; outlives the body */
    const struct model_operation *operation;
    uint64_t bytes_max;
};

/* NULL when out of memory. done is called once, never from inside api_body_start. */
struct api_body *api_body_new(const struct api_body_options *options,
                              void (*done)(void *owner, enum api_body_result result), void *owner);
/* Not before done was called, unless api_body_start was not. */
struct api_body *api_body_free(struct api_body *body);

void api_body_start(struct api_body *body);

/* After the result. */
int api_body_error(const struct api_body *body);
/* The text or the payload; borrowed. */
struct str api_body_text(const struct api_body *body);
/* The same as a malloc'd block; the text is empty after. NULL when out of memory. */
char *api_body_steal(struct api_body *body, size_t *ret_len);
/* What is wrong with a payload that has to be JSON, appended to out; nothing when it is right. */
bool api_body_describe(const struct api_body *body, struct buf *out);
/* The blob of which this is the placeholder; NULL: none. */
const struct api_blob *api_body_find_blob(const struct api_body *body, struct str placeholder);
