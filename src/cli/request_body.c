/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/request_body.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"

static_assert(REQUEST_BODY_CHUNK_BYTES % 3 == 0, "padding may occur only at the file's end");

void request_body_init(struct request_body *body, struct str head)
{
    request_body_init_file(body, head, -1, 0, STR(""));
}

void request_body_init_file(struct request_body *body, struct str head, int file_fd,
                            uint64_t file_bytes, struct str tail)
{
    body->head = head;
    body->file_fd = file_fd;
    body->file_bytes = file_bytes;
    body->tail = tail;
    request_body_rewind(body);
}

static uint64_t encoded_bytes(const struct request_body *body)
{
    return BASE64_TEXT_BYTES(body->file_bytes);
}

uint64_t request_body_bytes(const struct request_body *body)
{
    return body->head.len + encoded_bytes(body) + body->tail.len;
}

void request_body_rewind(struct request_body *body)
{
    body->offset = 0;
    body->file_offset = 0;
    body->text_len = 0;
    body->text_taken = 0;
}

static int read_chunk(struct request_body *body, char *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n =
            pread(body->file_fd, bytes + done, len - done, (off_t)(body->file_offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_new(-errno);
        if (n == 0)
            return err_new(-ENODATA);
        done += (size_t)n;
    }
    body->file_offset += len;
    return 0;
}

/* Encode the next part of the file into text. */
static int refill(struct request_body *body)
{
    char bytes[REQUEST_BODY_CHUNK_BYTES];
    uint64_t left = body->file_bytes - body->file_offset;
    size_t len = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
    int r = read_chunk(body, bytes, len);

    if (r < 0)
        return err_pass(r);
    body->text_len = base64_encode(body->text, bytes, len);
    body->text_taken = 0;
    return 0;
}

static size_t smaller(size_t a, uint64_t b)
{
    return b < a ? (size_t)b : a;
}

static int64_t read_file_part(struct request_body *body, char *bytes, size_t size)
{
    size_t len;

    if (body->text_taken == body->text_len) {
        int r = refill(body);

        if (r < 0)
            return err_pass(r);
    }
    len = smaller(size, body->text_len - body->text_taken);
    memcpy(bytes, body->text + body->text_taken, len);
    body->text_taken += len;
    return (int64_t)len;
}

static int64_t read_text_part(struct str text, uint64_t from, char *bytes, size_t size)
{
    size_t len = smaller(size, text.len - from);

    memcpy(bytes, text.ptr + from, len);
    return (int64_t)len;
}

int64_t request_body_read(struct request_body *body, char *bytes, size_t size)
{
    uint64_t file_from = body->head.len;
    uint64_t tail_from = file_from + encoded_bytes(body);
    int64_t n;

    if (body->offset < file_from)
        n = read_text_part(body->head, body->offset, bytes, size);
    else if (body->offset < tail_from)
        n = read_file_part(body, bytes, size);
    else
        n = read_text_part(body->tail, body->offset - tail_from, bytes, size);
    if (n > 0)
        body->offset += (uint64_t)n;
    return n;
}
