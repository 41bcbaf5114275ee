/* SPDX-License-Identifier: Apache-2.0 */

#include "api/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/request.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/must.h"
#include "base/rand.h"

enum { SPOOL_BATCH_BYTES = 256 * 1024 };

struct api_spool {
    uv_work_t work;
    uv_loop_t *loop; /* borrowed */
    bool is_working; /* the worker owns everything below meanwhile */
    bool is_last;
    int result;
    void (*done)(void *owner, int result);
    void *owner;
    struct base64_decoder decoder;
    bool is_broken;
    struct hash *hash; /* owned */
    struct buf batch;
    struct api_blob blob;
    char path[PATH_MAX]; /* blob.path */
};

int api_spool_new(struct api_spool **ret_spool, uv_loop_t *loop, const char *directory)
{
    CLEANUP(api_spool_freep) struct api_spool *spool = calloc(1, sizeof(*spool));
    char id[UUID_TEXT_BYTES];
    int len;

    if (spool == NULL)
        return err_new(-ENOMEM);
    spool->loop = loop;
    spool->blob.fd = -1;
    spool->hash = hash_new();
    if (spool->hash == NULL)
        return err_new(-ENOMEM);
    base64_decoder_init(&spool->decoder);
    len = snprintf(spool->path, sizeof(spool->path), "%s/upload-%s", directory, rand_uuid(id));
    if (len < 0 || (size_t)len >= sizeof(spool->path))
        return err_new(-ENAMETOOLONG);
    spool->blob.path = spool->path;
    *ret_spool = spool;
    spool = NULL;
    return 0;
}

static void spool_destroy(struct api_spool *spool)
{
    (void)hash_free(spool->hash);
    buf_deinit(&spool->batch);
    free(spool);
}

/* Closing and removing a large file can take long. */
static void release_work(uv_work_t *work)
{
    struct api_spool *spool = container_of(work, struct api_spool, work);

    close_fdp(&spool->blob.fd);
    (void)unlink(spool->path); /* gone already when the file was kept under another name */
}

static void release_done(uv_work_t *work, int status)
{
    (void)status; /* never cancelled */
    spool_destroy(container_of(work, struct api_spool, work));
}

struct api_spool *api_spool_free(struct api_spool *spool)
{
    if (spool == NULL)
        return NULL;
    must(!spool->is_working);
    if (spool->blob.fd < 0) {
        spool_destroy(spool);
    } else if (uv_queue_work(spool->loop, &spool->work, release_work, release_done) < 0) {
        release_work(&spool->work);
        spool_destroy(spool);
    }
    return NULL;
}

int api_spool_write(struct api_spool *spool, struct str base64)
{
    size_t room = base64.len / 4 * 3 + 3;
    size_t len = 0;

    must(!spool->is_working);
    if (spool->is_broken)
        return 0;
    if (buf_reserve(&spool->batch, room) < 0)
        return err_new(-ENOMEM);
    if (!base64_decoder_feed(&spool->decoder, base64.ptr, base64.len,
                             spool->batch.ptr + spool->batch.len, &len)) {
        spool->is_broken = true;
        return 0;
    }
    spool->blob.size += len;
    if (spool->blob.size <= LIMIT_CODE_ZIPPED_BYTES)
        spool->batch.len += len;
    return 0;
}

bool api_spool_is_full(const struct api_spool *spool)
{
    return spool->batch.len >= SPOOL_BATCH_BYTES;
}

static int write_batch(struct api_spool *spool)
{
    if (spool->blob.fd < 0)
        spool->blob.fd = open(spool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->blob.fd < 0)
        return err_new(-errno);
    if (spool->batch.len == 0)
        return 0;
    hash_update(spool->hash, spool->batch.ptr, spool->batch.len);
    return fd_write_full(spool->blob.fd, spool->batch.ptr, spool->batch.len);
}

static void flush_work(uv_work_t *work)
{
    struct api_spool *spool = container_of(work, struct api_spool, work);

    spool->result = write_batch(spool);
    if (spool->is_last)
        hash_finish(spool->hash, &spool->blob.sha256);
}

static void flush_done(uv_work_t *work, int status)
{
    struct api_spool *spool = container_of(work, struct api_spool, work);

    spool->is_working = false;
    if (spool->is_last)
        buf_deinit(&spool->batch);
    else
        buf_clear(&spool->batch);
    spool->done(spool->owner, status < 0 ? status : spool->result);
}

void api_spool_flush(struct api_spool *spool, bool last, void (*done)(void *owner, int result),
                     void *owner)
{
    must(!spool->is_working);
    spool->is_working = true;
    spool->is_last = last;
    spool->done = done;
    spool->owner = owner;
    if (last && !base64_decoder_end(&spool->decoder))
        spool->is_broken = true;
    must(uv_queue_work(spool->loop, &spool->work, flush_work, flush_done) == 0);
}

bool api_spool_is_valid(const struct api_spool *spool)
{
    return !spool->is_broken;
}

const struct api_blob *api_spool_blob(const struct api_spool *spool)
{
    return &spool->blob;
}
