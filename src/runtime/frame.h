/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames of the runtime channel (docs/runtime-channel.md). Pure: bytes in, frames out, no I/O. What
 * is read comes from inside a sandbox and is trusted in nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { FRAME_HEADER_BYTES = 12 };

enum frame_type {
    FRAME_INIT = 0x01,
    FRAME_INVOKE = 0x02,
    FRAME_NEXT = 0x81,
    FRAME_RESPONSE = 0x82,
    FRAME_ERROR = 0x83,
    FRAME_INIT_ERROR = 0x84,
    FRAME_LOG = 0x85,
};

enum { FRAME_FLAG_MORE = 0x01 };

struct frame {
    uint8_t type;
    uint8_t flags;
    uint32_t invocation;
    struct str metadata; /* encoded; frame_metadata_next() walks it */
    struct str payload;
    bool oversize; /* the payload was longer than allowed and has been thrown away */
};

/* ---- writing ---- */

/* Begin a frame in buf; metadata is added by frame_put_metadata(), the payload follows the frame on
 * the wire. */
void frame_begin(struct buf *buf, enum frame_type type, uint8_t flags, uint32_t invocation);
/* Does nothing when the value is absent or empty. */
void frame_put_metadata(struct buf *buf, struct str key, struct str value);
/* Fill in the lengths of a frame that began at offset start of buf. -EMSGSIZE when metadata are too
 * long. */
int frame_end(struct buf *buf, size_t start, size_t payload_len);

/* ---- reading ---- */

enum { FRAME_MORE, FRAME_READY };

struct frame_reader {
    uint8_t head[FRAME_HEADER_BYTES];
    size_t head_len;
    char *body; /* owned; NULL while the body can still be used in place */
    size_t body_len;
    size_t body_need;
    size_t skip; /* bytes of an oversize payload still to be thrown away */
    bool oversize;
};

void frame_reader_deinit(struct frame_reader *reader);

/*
 * Take the next frame out of bytes, advancing it. FRAME_READY: *ret_frame is valid until the next
 * call and while the bytes are; FRAME_MORE: all bytes are used up. -EPROTO: a frame that breaks the
 * rules; -ENOMEM.
 */
int frame_read(struct frame_reader *reader, struct str *bytes, struct frame *ret_frame);

/* The payload as a malloc'd block of its own; NULL when out of memory. May take the reader's memory
 * instead of copying, so the frame is not valid any more. */
char *frame_steal_payload(struct frame_reader *reader, struct frame *frame, size_t *ret_len);

/* The next pair of encoded metadata; false at the end. Encodings were checked by frame_read(). */
bool frame_metadata_next(struct str *metadata, struct str *ret_key, struct str *ret_value);
/* Absent when there is none. */
struct str frame_metadata_get(struct str metadata, struct str key);
