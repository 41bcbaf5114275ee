/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The head of an HTTP/1.1 request: request line and header fields. Pure: bytes in, result out, no
 * I/O, no clock, no allocation. Incremental: it is called again with the same bytes and more behind
 * them, and goes on at the line where it stopped.
 *
 * Strict: whatever another parser might read in another way is refused. Every line ends in CRLF; a
 * bare LF, a bare CR, a NUL or another control byte, blanks before a colon, folded lines, an empty
 * field name, a repeated, signed, listed or overflowing Content-Length, Content-Length together
 * with Transfer-Encoding, Transfer-Encoding in HTTP/1.0, and a missing, repeated or malformed Host
 * are all 400.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "http/header.h"

/* Results of http_head_parse() that are not a status to refuse the request with (400 and above). */
enum { HTTP_HEAD_DONE = 0, HTTP_HEAD_MORE = 1 };

struct http_head {
    /* The result. The texts are views of the parsed bytes. */
    struct str method;
    struct str target; /* as sent */
    struct str path;   /* origin form of the target, up to the '?' */
    struct str query;  /* after the '?', absent without one */
    struct str host;   /* absent without a Host header (HTTP/1.0) */
    uint64_t content_length;
    bool chunked;
    bool http_1_0;
    bool keep_alive;
    bool expect_continue;
    size_t bytes; /* length of the head with its final empty line, once done */
    size_t header_count;

    /* Progress */
    size_t bytes_max;
    size_t line_at;       /* where the line begins that is not complete yet */
    size_t scanned;       /* up to where it was searched for its end */
    struct str authority; /* of an absolute-form target */
    unsigned seen;        /* bits of fields that may occur once */

    struct http_header headers[LIMIT_HTTP_HEADERS];
};

/* bytes_max bounds the whole head; the request line has LIMIT_HTTP_REQUEST_LINE_BYTES besides. */
void http_head_init(struct http_head *head, size_t bytes_max);

/*
 * HTTP_HEAD_DONE: the head is complete and took head->bytes of the bytes.
 * HTTP_HEAD_MORE: call again with more.
 * 400, 414, 417, 431, 501, 505: answer with that status and close the connection.
 */
int http_head_parse(struct http_head *head, const char *bytes, size_t len);

/* The bytes parsed so far were copied: turn views of `from` into views of `to`. */
void http_head_rebase(struct http_head *head, const char *from, const char *to);

/* Both for answers too: is this a valid field name, and a valid field value? */
bool http_is_token(struct str s);
bool http_is_field_value(struct str s);
/* One byte of a token. */
bool http_is_token_char(char c);
