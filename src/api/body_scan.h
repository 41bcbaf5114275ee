/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Splits a JSON body, while it arrives, into the base64 text of its blob members (by the model of
 * the operation's input) and everything else. It does not check the JSON: whatever it lets through
 * is parsed afterwards, and it makes no difference there how the body was cut into pieces. Pure: no
 * I/O, no allocation.
 *
 *     while (len > 0) {
 *         taken = body_scan_next(&scan, bytes, len, &event);
 *         … act on the event …
 *         bytes += taken, len -= taken;
 *     }
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct model_shape;

enum {
    BODY_SCAN_DEPTH_MAX = 16, /* blobs deeper than this are not looked for */
    BODY_SCAN_KEY_MAX = 64,
};

enum body_scan_event_kind {
    BODY_SCAN_TEXT,       /* bytes of the document, as they stand */
    BODY_SCAN_BLOB_BEGIN, /* a blob's text begins: its opening quote was taken */
    BODY_SCAN_BLOB,       /* characters of it, with JSON's escapes resolved */
    BODY_SCAN_BLOB_END,   /* its closing quote was taken */
};

struct body_scan_event {
    enum body_scan_event_kind kind;
    struct str bytes; /* borrowed from the input or the scanner; may be empty */
};

struct body_scan {
    /* private */
    int state;
    uint64_t depth;
    const struct model_shape
        *shapes[BODY_SCAN_DEPTH_MAX]; /* of the open containers; NULL: unknown */
    uint32_t objects;                 /* bit n: container n is an object */
    const struct model_shape *next;   /* of the value that comes; NULL: unknown */
    bool expects_key;
    char key[BODY_SCAN_KEY_MAX];
    size_t key_len;
    unsigned hex_left;
    uint32_t code;
    char resolved;
};

void body_scan_init(struct body_scan *scan, const struct model_shape *input);

/* Takes at least one and at most len (> 0) bytes, and returns how many. */
size_t body_scan_next(struct body_scan *scan, const char *bytes, size_t len,
                      struct body_scan_event *ret_event);
