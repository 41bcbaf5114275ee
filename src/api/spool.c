/* SPDX-License-Identifier: Apache-2.0 */

#include "api/spool.h"

#include <errno.h>
#include <stdlib.h>

#include "api/request.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/limits.h"
#include "code/code_spool.h"
#include "code/code_store.h"

struct api_spool {
    struct code_spool *code; /* owned */
    struct base64_decoder decoder;
    bool is_broken;
    struct api_blob blob;
    void (*done)(void *owner, int result);
    void *owner;
};

int api_spool_new(struct api_spool **ret_spool, uv_loop_t *loop, const char *directory)
{
    CLEANUP(api_spool_freep) struct api_spool *spool = calloc(1, sizeof(*spool));
    int r;

    if (!spool)
        return err_new(-ENOMEM);
    r = code_spool_new(&spool->code, loop, directory, LIMIT_CODE_ZIPPED_BYTES);
    if (r < 0)
        return err_pass(r);
    base64_decoder_init(&spool->decoder);
    *ret_spool = spool;
    spool = NULL;
    return 0;
}

struct api_spool *api_spool_free(struct api_spool *spool)
{
    if (spool) {
        (void)code_spool_free(spool->code);
        free(spool);
    }
    return NULL;
}

int api_spool_write(struct api_spool *spool, struct str base64)
{
    size_t len = 0;
    char *to;

    if (spool->is_broken)
        return 0;
    to = code_spool_reserve(spool->code, base64.len / 4 * 3 + 3);
    if (!to)
        return err_new(-ENOMEM);
    spool->is_broken = !base64_decoder_feed(&spool->decoder, base64.ptr, base64.len, to, &len);
    if (!spool->is_broken)
        code_spool_commit(spool->code, len);
    return 0;
}

bool api_spool_is_full(const struct api_spool *spool)
{
    return code_spool_is_full(spool->code);
}

static void on_flushed(void *owner, int result)
{
    struct api_spool *spool = owner;
    const struct code_upload *upload = code_spool_upload(spool->code);

    spool->blob = (struct api_blob){
        .fd = upload->fd,
        .path = upload->path,
        .size = code_spool_bytes(spool->code),
        .sha256 = upload->digest,
    };
    spool->done(spool->owner, result);
}

void api_spool_flush(struct api_spool *spool, bool last, void (*done)(void *owner, int result),
                     void *owner)
{
    if (last && !base64_decoder_end(&spool->decoder))
        spool->is_broken = true;
    spool->done = done;
    spool->owner = owner;
    code_spool_flush(spool->code, last, on_flushed, spool);
}

bool api_spool_is_valid(const struct api_spool *spool)
{
    return !spool->is_broken;
}

const struct api_blob *api_spool_blob(const struct api_spool *spool)
{
    return &spool->blob;
}
