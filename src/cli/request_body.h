/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The body of a request, made while it is read: a text, then (optionally) a file as base64, then a
 * text. So a 50 MB package goes out inside its JSON document without ever being in memory. It can
 * be read several times, because a signed request needs the body's hash before its first byte.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { REQUEST_BODY_CHUNK_BYTES = 48 * 1024 }; /* of the file, a multiple of 3 */

struct request_body {
    struct str head; /* borrowed, like all of this */
    int file_fd;     /* -1: no file */
    uint64_t file_bytes;
    struct str tail;

    /* where reading stands */
    uint64_t offset;      /* of the whole body */
    uint64_t file_offset; /* read from the file so far */
    size_t text_len;      /* in text: what is encoded and not given out yet is from text_taken on */
    size_t text_taken;
    char text[REQUEST_BODY_CHUNK_BYTES / 3 * 4 + 1];
};

void request_body_init(struct request_body *body, struct str head);
void request_body_init_file(struct request_body *body, struct str head, int file_fd,
                            uint64_t file_bytes, struct str tail);

uint64_t request_body_bytes(const struct request_body *body);
void request_body_rewind(struct request_body *body);

/* Up to size bytes; 0 at the end; negative errno when the file cannot be read or became shorter. */
int64_t request_body_read(struct request_body *body, char *bytes, size_t size);
