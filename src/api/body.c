/* SPDX-License-Identifier: Apache-2.0 */

#include "api/body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/body_scan.h"
#include "api/request.h"
#include "api/spool.h"
#include "base/error.h"
#include "base/json_check.h"
#include "base/limits.h"
#include "base/must.h"
#include "base/rand.h"
#include "http/server.h"
#include "model/model.h"

enum {
    PLACEHOLDER_BYTES = UUID_TEXT_BYTES + 16,
    /* Memory is taken as the body arrives, not because a header promises one. */
    FIRST_RESERVE_BYTES = 64 * 1024,
};

struct api_body {
    struct api_body_options options;
    void (*done)(void *owner, enum api_body_result result);
    void *owner;
    uint64_t received;
    int error;
    struct buf text;
    struct json_check *check; /* owned; NULL: not checked */
    bool is_payload;

    /* Spooled bodies. A piece that waits for the disk is copied, because HTTP takes its own back.
     */
    struct body_scan scan;
    struct api_spool *spools[API_BODY_BLOBS_MAX]; /* owned */
    size_t spool_count;
    struct buf piece;
    size_t piece_at;
    char id[UUID_TEXT_BYTES]; /* part of the placeholders, so that no client can make one up */
};

struct api_body *api_body_new(const struct api_body_options *options,
                              void (*done)(void *owner, enum api_body_result result), void *owner)
{
    const struct model_member *payload = options->operation->input->payload;
    struct api_body *body = calloc(1, sizeof(*body));

    if (body == NULL)
        return NULL;
    body->options = *options;
    body->done = done;
    body->owner = owner;
    body->is_payload = payload != NULL && payload->shape->kind == MODEL_BLOB;
    body_scan_init(&body->scan, options->operation->input);
    if (!body->is_payload)
        (void)rand_uuid(body->id);
    if (options->operation->payload_fault != NULL) {
        body->check = malloc(sizeof(*body->check));
        if (body->check == NULL)
            return api_body_free(body);
        json_check_init(body->check);
    }
    return body;
}

struct api_body *api_body_free(struct api_body *body)
{
    if (body == NULL)
        return NULL;
    for (size_t i = 0; i < body->spool_count; i++)
        (void)api_spool_free(body->spools[i]);
    buf_deinit(&body->text);
    buf_deinit(&body->piece);
    free(body->check);
    free(body);
    return NULL;
}

static void fail(struct api_body *body, int error)
{
    body->error = error;
    body->done(body->owner, API_BODY_FAILED);
}

static const struct http_body_ops body_ops;

static void read_more(struct api_body *body)
{
    http_request_read(body->options.http, &body_ops, body);
}

/* Text and payload bodies. */

static void collect(struct api_body *body, const char *bytes, size_t len)
{
    if (buf_append(&body->text, bytes, len) < 0) {
        fail(body, err_new(-ENOMEM));
        return;
    }
    if (body->check != NULL)
        (void)json_check_feed(body->check, bytes, len); /* the first error is kept */
    read_more(body);
}

static void collect_end(struct api_body *body)
{
    if (body->check != NULL && body->text.len > 0)
        (void)json_check_end(body->check);
    body->done(body->owner, API_BODY_COMPLETE);
}

/* Spooled bodies. */

static struct api_spool *current(struct api_body *body)
{
    must(body->spool_count > 0);
    return body->spools[body->spool_count - 1];
}

static int blob_begin(struct api_body *body)
{
    int r = api_spool_new(&body->spools[body->spool_count], body->options.loop,
                          body->options.spool_directory);

    if (r < 0)
        return err_pass(r);
    r = buf_printf(&body->text, "\"%s:%zu\"", body->id, body->spool_count);
    body->spool_count++;
    return r;
}

/* What became of an event: go on, wait for a flush, or stop. */
enum { STEP_ON, STEP_FLUSH, STEP_FLUSH_LAST, STEP_MANY_BLOBS };

static int handle_event(struct api_body *body, const struct body_scan_event *event)
{
    int r = 0;

    switch (event->kind) {
    case BODY_SCAN_TEXT:
        if (body->text.len + event->bytes.len > LIMIT_API_BODY_BYTES)
            return err_new(-EMSGSIZE);
        r = buf_append_str(&body->text, event->bytes);
        break;
    case BODY_SCAN_BLOB_BEGIN:
        if (body->spool_count == API_BODY_BLOBS_MAX)
            return STEP_MANY_BLOBS;
        r = blob_begin(body);
        break;
    case BODY_SCAN_BLOB:
        r = api_spool_write(current(body), event->bytes);
        if (r == 0 && api_spool_is_full(current(body)))
            return STEP_FLUSH;
        break;
    case BODY_SCAN_BLOB_END:
        return STEP_FLUSH_LAST;
    }
    return r < 0 ? err_pass(r) : STEP_ON;
}

static void scan_piece(struct api_body *body);

static void scan_flushed(void *owner, int result)
{
    struct api_body *body = owner;

    if (result < 0)
        fail(body, err_pass(result));
    else
        scan_piece(body);
}

/* Go through the piece until it is used up or the disk has to be waited for. */
static void scan_piece(struct api_body *body)
{
    while (body->piece_at < body->piece.len) {
        struct body_scan_event event;
        int step;

        body->piece_at += body_scan_next(&body->scan, body->piece.ptr + body->piece_at,
                                         body->piece.len - body->piece_at, &event);
        step = handle_event(body, &event);
        if (step == -EMSGSIZE) {
            body->done(body->owner, API_BODY_TOO_LARGE);
            return;
        }
        if (step < 0) {
            fail(body, err_pass(step));
            return;
        }
        if (step == STEP_MANY_BLOBS) {
            body->done(body->owner, API_BODY_MANY_BLOBS);
            return;
        }
        if (step != STEP_ON) {
            api_spool_flush(current(body), step == STEP_FLUSH_LAST, scan_flushed, body);
            return;
        }
    }
    read_more(body);
}

static void scan_end(struct api_body *body)
{
    for (size_t i = 0; i < body->spool_count; i++) {
        if (!api_spool_is_valid(body->spools[i])) {
            body->done(body->owner, API_BODY_BAD_BLOB);
            return;
        }
    }
    body->done(body->owner, API_BODY_COMPLETE);
}

static void spool_piece(struct api_body *body, const char *bytes, size_t len)
{
    buf_clear(&body->piece);
    body->piece_at = 0;
    if (buf_append(&body->piece, bytes, len) < 0)
        fail(body, err_new(-ENOMEM));
    else
        scan_piece(body);
}

static void on_data(void *owner, const char *bytes, size_t len)
{
    struct api_body *body = owner;
    bool spools = body->options.operation->spools;

    body->received += len;
    if (body->received > body->options.bytes_max)
        body->done(body->owner, API_BODY_TOO_LARGE);
    else if (len == 0 && spools)
        scan_end(body);
    else if (len == 0)
        collect_end(body);
    else if (spools)
        spool_piece(body, bytes, len);
    else
        collect(body, bytes, len);
}

static void on_failed(void *owner)
{
    struct api_body *body = owner;

    body->done(body->owner, API_BODY_GONE);
}

static const struct http_body_ops body_ops = {.data = on_data, .failed = on_failed};

void api_body_start(struct api_body *body)
{
    uint64_t promised = body->options.http->content_length;

    if (promised != UINT64_MAX && !body->options.operation->spools)
        (void)buf_reserve(&body->text,
                          promised < FIRST_RESERVE_BYTES ? promised : FIRST_RESERVE_BYTES);
    read_more(body);
}

int api_body_error(const struct api_body *body)
{
    return body->error;
}

struct str api_body_text(const struct api_body *body)
{
    return buf_str(&body->text);
}

char *api_body_steal(struct api_body *body, size_t *ret_len)
{
    return buf_steal(&body->text, ret_len);
}

bool api_body_describe(const struct api_body *body, struct buf *out)
{
    if (body->check == NULL || body->check->error == JSON_CHECK_OK)
        return false;
    json_check_describe(body->check, out);
    return true;
}

const struct api_blob *api_body_find_blob(const struct api_body *body, struct str placeholder)
{
    char text[PLACEHOLDER_BYTES];

    for (size_t i = 0; i < body->spool_count; i++) {
        int len = snprintf(text, sizeof(text), "%s:%zu", body->id, i);

        if (str_eq(placeholder, str_make(text, (size_t)len)))
            return api_spool_blob(body->spools[i]);
    }
    return NULL;
}
