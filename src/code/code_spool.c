/* SPDX-License-Identifier: Apache-2.0 */

#include "code/code_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/must.h"
#include "base/rand.h"
#include "code/code_store.h"

enum { BATCH_BYTES = 256 * 1024 };

struct code_spool {
    uv_work_t work;
    uv_loop_t *loop; /* borrowed */
    uint64_t bytes_max;
    uint64_t bytes;
    bool is_working; /* the worker owns everything below meanwhile */
    bool is_last;
    int result;
    void (*done)(void *owner, int result);
    void *owner;
    struct hash *hash; /* owned */
    struct buf batch;
    struct code_upload upload;
    char path[PATH_MAX]; /* upload.path */
};

int code_spool_new(struct code_spool **ret_spool, uv_loop_t *loop, const char *directory,
                   uint64_t bytes_max)
{
    CLEANUP(code_spool_freep) struct code_spool *spool = calloc(1, sizeof(*spool));
    char id[UUID_TEXT_BYTES];
    int len;

    if (!spool)
        return err_new(-ENOMEM);
    spool->loop = loop;
    spool->bytes_max = bytes_max;
    spool->upload.fd = -1;
    spool->hash = hash_new();
    if (!spool->hash)
        return err_new(-ENOMEM);
    len = snprintf(spool->path, sizeof(spool->path), "%s/upload-%s", directory, rand_uuid(id));
    if (len < 0 || (size_t)len >= sizeof(spool->path))
        return err_new(-ENAMETOOLONG);
    spool->upload.path = spool->path;
    *ret_spool = spool;
    spool = NULL;
    return 0;
}

static void spool_destroy(struct code_spool *spool)
{
    (void)hash_free(spool->hash);
    buf_deinit(&spool->batch);
    free(spool);
}

/* Closing and removing a large file can take long. */
static void release_work(uv_work_t *work)
{
    struct code_spool *spool = container_of(work, struct code_spool, work);

    close_fdp(&spool->upload.fd);
    (void)unlink(spool->path); /* gone already when the file was kept under another name */
}

static void release_done(uv_work_t *work, int status)
{
    (void)status; /* never cancelled */
    spool_destroy(container_of(work, struct code_spool, work));
}

struct code_spool *code_spool_free(struct code_spool *spool)
{
    if (!spool)
        return NULL;
    must(!spool->is_working);
    if (spool->upload.fd < 0) {
        spool_destroy(spool);
    } else if (uv_queue_work(spool->loop, &spool->work, release_work, release_done) < 0) {
        release_work(&spool->work);
        spool_destroy(spool);
    }
    return NULL;
}

char *code_spool_reserve(struct code_spool *spool, size_t room)
{
    must(!spool->is_working);
    if (buf_reserve(&spool->batch, room) < 0)
        return NULL;
    return spool->batch.ptr + spool->batch.len;
}

void code_spool_commit(struct code_spool *spool, size_t len)
{
    spool->bytes += len;
    if (spool->bytes <= spool->bytes_max)
        spool->batch.len += len;
}

bool code_spool_is_full(const struct code_spool *spool)
{
    return spool->batch.len >= BATCH_BYTES;
}

static int write_batch(struct code_spool *spool)
{
    if (spool->upload.fd < 0)
        spool->upload.fd = open(spool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->upload.fd < 0)
        return err_new(-errno);
    if (spool->batch.len == 0)
        return 0;
    hash_update(spool->hash, spool->batch.ptr, spool->batch.len);
    return fd_write_full(spool->upload.fd, spool->batch.ptr, spool->batch.len);
}

static void flush_work(uv_work_t *work)
{
    struct code_spool *spool = container_of(work, struct code_spool, work);

    spool->result = write_batch(spool);
    if (spool->is_last)
        hash_finish(spool->hash, &spool->upload.digest);
}

static void flush_done(uv_work_t *work, int status)
{
    struct code_spool *spool = container_of(work, struct code_spool, work);

    spool->is_working = false;
    if (spool->is_last)
        buf_deinit(&spool->batch);
    else
        buf_clear(&spool->batch);
    spool->done(spool->owner, status < 0 ? status : spool->result);
}

void code_spool_flush(struct code_spool *spool, bool is_last, void (*done)(void *owner, int result),
                      void *owner)
{
    must(!spool->is_working);
    spool->is_working = true;
    spool->is_last = is_last;
    spool->done = done;
    spool->owner = owner;
    must(uv_queue_work(spool->loop, &spool->work, flush_work, flush_done) == 0);
}

bool code_spool_is_flushing(const struct code_spool *spool)
{
    return spool->is_working;
}

uint64_t code_spool_bytes(const struct code_spool *spool)
{
    return spool->bytes;
}

const struct code_upload *code_spool_upload(const struct code_spool *spool)
{
    return &spool->upload;
}
