/* SPDX-License-Identifier: Apache-2.0 */

/*
 * S3 gives bytes as they come; the spool takes them until a batch is full and then writes it, while
 * S3 has to wait. The end of the object may come while a batch is being written.
 */

#include "code/code_fetch.h"

#include <errno.h>
#include <string.h>

#include "code/code_spool.h"

static struct code_fetch *fetch_of(struct s3_get *get)
{
    return container_of(get, struct code_fetch, get);
}

static void on_written(void *owner, int result)
{
    struct code_fetch *fetch = owner;

    fetch->on_done(fetch, result < 0 ? result : CODE_FETCH_OK);
}

/* Everything has come, or nothing more will. */
static void finish(struct code_fetch *fetch)
{
    if (fetch->failure < 0)
        fetch->on_done(fetch, err_pass(fetch->failure));
    else if (fetch->outcome == CODE_FETCH_OK)
        code_spool_flush(fetch->spool, true, on_written, fetch);
    else
        fetch->on_done(fetch, fetch->outcome);
}

static void on_flushed(void *owner, int result)
{
    struct code_fetch *fetch = owner;

    fetch->failure = result;
    if (fetch->has_ended)
        finish(fetch);
    else
        s3_get_resume(&fetch->get);
}

static int on_data(struct s3_get *get, struct str bytes)
{
    struct code_fetch *fetch = fetch_of(get);
    char *to;

    if (code_spool_is_flushing(fetch->spool))
        return AWS_DATA_LATER;
    if (fetch->failure < 0)
        return err_pass(fetch->failure);
    to = code_spool_reserve(fetch->spool, bytes.len);
    if (!to)
        return err_new(-ENOMEM);
    memcpy(to, bytes.ptr, bytes.len);
    code_spool_commit(fetch->spool, bytes.len);
    if (code_spool_bytes(fetch->spool) > fetch->bytes_max)
        return err_new(-EFBIG);
    if (code_spool_is_full(fetch->spool))
        code_spool_flush(fetch->spool, false, on_flushed, fetch);
    return AWS_DATA_TAKEN;
}

static int outcome_of(int outcome)
{
    switch (outcome) {
    case S3_OK:
        return CODE_FETCH_OK;
    case S3_REFUSED:
        return CODE_FETCH_REFUSED;
    case S3_UNREACHABLE:
        return CODE_FETCH_UNREACHABLE;
    case -EFBIG:
        return CODE_FETCH_TOO_LARGE;
    default:
        return err_fold(outcome);
    }
}

static void on_done(struct s3_get *get, int outcome)
{
    struct code_fetch *fetch = fetch_of(get);

    fetch->outcome = outcome_of(outcome);
    fetch->has_ended = true;
    if (!code_spool_is_flushing(fetch->spool))
        finish(fetch);
}

static const struct s3_get_ops ops = {.data = on_data, .done = on_done};

int code_fetch_start(struct code_fetch *fetch, const struct code_fetch_options *options)
{
    int r;

    fetch->bytes_max = options->bytes_max;
    fetch->failure = 0;
    fetch->has_ended = false;
    fetch->get.ops = &ops;
    r = code_spool_new(&fetch->spool, options->loop, options->directory, options->bytes_max);
    if (r < 0)
        return err_pass(r);
    r = s3_get_start(options->aws, &fetch->get);
    if (r < 0)
        return err_pass(r);
    return r == AWS_CALL_STARTED ? 0 : CODE_FETCH_UNKNOWN;
}

void code_fetch_deinit(struct code_fetch *fetch)
{
    fetch->spool = code_spool_free(fetch->spool);
}

const struct code_upload *code_fetch_upload(const struct code_fetch *fetch)
{
    return code_spool_upload(fetch->spool);
}

uint64_t code_fetch_bytes(const struct code_fetch *fetch)
{
    return code_spool_bytes(fetch->spool);
}
