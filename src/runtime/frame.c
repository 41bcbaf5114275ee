/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/must.h"

enum {
    METADATA_LEN_BYTES = 2,
    BODY_BYTES_MAX = METADATA_LEN_BYTES + LIMIT_CHANNEL_METADATA_BYTES + LIMIT_RESPONSE_BYTES,
};

void frame_begin(struct buf *buf, enum frame_type type, uint8_t flags, uint32_t invocation)
{
    uint8_t head[FRAME_HEADER_BYTES + METADATA_LEN_BYTES] = {0};

    head[4] = (uint8_t)type;
    head[5] = flags;
    be32_put(head + 8, invocation);
    (void)buf_append(buf, head, sizeof(head));
}

static void put_sized(struct buf *buf, struct str s)
{
    uint8_t len[2];

    be16_put(len, (uint16_t)s.len);
    (void)buf_append(buf, len, sizeof(len));
    (void)buf_append_str(buf, s);
}

void frame_put_metadata(struct buf *buf, struct str key, struct str value)
{
    if (value.len == 0)
        return;
    if (value.len > UINT16_MAX) {
        buf->failed = true;
        return;
    }
    put_sized(buf, key);
    put_sized(buf, value);
}

int frame_end(struct buf *buf, size_t start, size_t payload_len)
{
    size_t metadata_len;

    if (buf_failed(buf))
        return err_new(-ENOMEM);
    metadata_len = buf->len - start - FRAME_HEADER_BYTES - METADATA_LEN_BYTES;
    if (metadata_len > LIMIT_CHANNEL_METADATA_BYTES ||
        payload_len > UINT32_MAX - METADATA_LEN_BYTES - metadata_len)
        return err_new(-EMSGSIZE);
    be32_put(buf->ptr + start, (uint32_t)(METADATA_LEN_BYTES + metadata_len + payload_len));
    be16_put(buf->ptr + start + FRAME_HEADER_BYTES, (uint16_t)metadata_len);
    return 0;
}

void frame_reader_deinit(struct frame_reader *reader)
{
    free(reader->body);
    *reader = (struct frame_reader){0};
}

static struct str take(struct str *bytes, size_t len)
{
    struct str taken = str_sub(*bytes, 0, len);

    *bytes = str_sub(*bytes, taken.len, bytes->len);
    return taken;
}

static bool may_be_oversize(uint8_t type)
{
    return type == FRAME_RESPONSE || type == FRAME_ERROR;
}

static bool is_from_runtime(uint8_t type)
{
    return type >= FRAME_NEXT && type <= FRAME_LOG;
}

/* The header is complete: decide how much of the body is kept. */
static int open_body(struct frame_reader *reader)
{
    size_t len = be32_get(reader->head);

    if (len < METADATA_LEN_BYTES || reader->head[6] || reader->head[7] ||
        !is_from_runtime(reader->head[4]))
        return err_new(-EPROTO);
    reader->oversize = len > BODY_BYTES_MAX;
    reader->body_need = len;
    if (!reader->oversize)
        return 0;
    if (!may_be_oversize(reader->head[4]))
        return err_new(-EPROTO);
    reader->body_need = METADATA_LEN_BYTES;
    reader->skip = len - METADATA_LEN_BYTES;
    return 0;
}

static bool metadata_is_sound(struct str metadata)
{
    size_t len;

    while (metadata.len) {
        for (int part = 0; part < 2; part++) {
            if (metadata.len < 2)
                return false;
            len = be16_get(metadata.ptr);
            if (metadata.len - 2 < len)
                return false;
            metadata = str_sub(metadata, 2 + len, metadata.len);
        }
    }
    return true;
}

static int finish(struct frame_reader *reader, struct str body, struct frame *ret_frame)
{
    size_t metadata_len = be16_get(body.ptr);
    struct frame frame = {
        .type = reader->head[4],
        .flags = reader->head[5],
        .invocation = be32_get(reader->head + 8),
        .oversize = reader->oversize,
    };

    reader->head_len = 0;
    if (!frame.oversize) {
        if (metadata_len > body.len - METADATA_LEN_BYTES)
            return err_new(-EPROTO);
        frame.metadata = str_sub(body, METADATA_LEN_BYTES, METADATA_LEN_BYTES + metadata_len);
        frame.payload = str_sub(body, METADATA_LEN_BYTES + metadata_len, body.len);
        if (!metadata_is_sound(frame.metadata))
            return err_new(-EPROTO);
        frame.oversize = frame.payload.len > LIMIT_RESPONSE_BYTES;
    }
    *ret_frame = frame;
    return FRAME_READY;
}

/* Collect a body that does not lie in one piece in the input. */
static int collect(struct frame_reader *reader, struct str *bytes)
{
    struct str piece;

    if (!reader->body) {
        reader->body = malloc(reader->body_need);
        reader->body_len = 0;
        if (!reader->body)
            return err_new(-ENOMEM);
    }
    piece = take(bytes, reader->body_need - reader->body_len);
    if (piece.len)
        memcpy(reader->body + reader->body_len, piece.ptr, piece.len);
    reader->body_len += piece.len;
    return 0;
}

int frame_read(struct frame_reader *reader, struct str *bytes, struct frame *ret_frame)
{
    struct str piece;
    int r;

    if (reader->head_len == 0 && reader->body) {
        free(reader->body); /* of the frame that was handed out last */
        reader->body = NULL;
    }
    if (reader->head_len < FRAME_HEADER_BYTES) {
        piece = take(bytes, FRAME_HEADER_BYTES - reader->head_len);
        if (piece.len)
            memcpy(reader->head + reader->head_len, piece.ptr, piece.len);
        reader->head_len += piece.len;
        if (reader->head_len < FRAME_HEADER_BYTES)
            return FRAME_MORE;
        r = open_body(reader);
        if (r < 0)
            return err_pass(r);
    }
    if (!reader->body && bytes->len >= reader->body_need && !reader->oversize)
        return finish(reader, take(bytes, reader->body_need), ret_frame);
    if (!reader->body || reader->body_len < reader->body_need) {
        r = collect(reader, bytes);
        if (r < 0)
            return err_pass(r);
        if (reader->body_len < reader->body_need)
            return FRAME_MORE;
    }
    reader->skip -= take(bytes, reader->skip).len;
    if (reader->skip)
        return FRAME_MORE;
    return finish(reader, str_make(reader->body, reader->body_len), ret_frame);
}

enum { STEAL_BYTES_MIN = 65536 };

char *frame_steal_payload(struct frame_reader *reader, struct frame *frame, size_t *ret_len)
{
    char *block;

    *ret_len = frame->payload.len;
    if (reader->body && frame->payload.len >= STEAL_BYTES_MIN) {
        memmove(reader->body, frame->payload.ptr, frame->payload.len);
        block = reader->body;
        reader->body = NULL;
    } else {
        block = malloc(frame->payload.len + 1);
        if (block && frame->payload.len)
            memcpy(block, frame->payload.ptr, frame->payload.len);
    }
    frame->payload = STR_NONE;
    return block;
}

static struct str take_sized(struct str *metadata)
{
    size_t len = be16_get(metadata->ptr);
    struct str part = str_sub(*metadata, 2, 2 + len);

    must(part.len == len);
    *metadata = str_sub(*metadata, 2 + len, metadata->len);
    return part;
}

bool frame_metadata_next(struct str *metadata, struct str *ret_key, struct str *ret_value)
{
    if (metadata->len == 0)
        return false;
    *ret_key = take_sized(metadata);
    *ret_value = take_sized(metadata);
    return true;
}

struct str frame_metadata_get(struct str metadata, struct str key)
{
    struct str found;
    struct str value;

    while (frame_metadata_next(&metadata, &found, &value))
        if (str_eq(found, key))
            return value;
    return STR_NONE;
}
