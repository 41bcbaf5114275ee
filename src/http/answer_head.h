/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The head of an answer: status line and header fields as text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/header.h"

enum http_connection_field { HTTP_CONNECTION_NONE, HTTP_CONNECTION_CLOSE, HTTP_CONNECTION_KEEP };

enum { HTTP_DATE_BYTES = 29 };

struct http_answer_head {
    unsigned status;
    const struct http_header *headers;
    size_t header_count;
    bool has_length;
    bool chunked;
    uint64_t content_length;
    enum http_connection_field connection;
    const char *date; /* HTTP_DATE_BYTES of it */
};

/* The fields that the server itself sets; those given by the caller are left out. */
bool http_is_framing_field(struct str name);

/*
 * Bytes that http_answer_head_write() writes at most, and the writing; it returns how many they
 * were. A header whose name is not a token is left out; control bytes in a value become blanks, so
 * that no value can start a line.
 */
size_t http_answer_head_size(const struct http_answer_head *head);
size_t http_answer_head_write(const struct http_answer_head *head, char *out);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void http_date_format(char out[HTTP_DATE_BYTES], int64_t epoch_s);
