/* SPDX-License-Identifier: Apache-2.0 */
#include "server/unpack_bridge.h"

#include <errno.h>
#include <stdlib.h>

#include "sandbox/sandbox.h"

struct bridge_job {
    code_unpack_done unpack_done;
    code_remove_done remove_done;
    void *owner;
};

static int code_outcome(int outcome)
{
    switch (outcome) {
    case UNPACK_OK:
        return CODE_OK;
    case UNPACK_BAD_ZIP:
        return CODE_BAD_ZIP;
    case UNPACK_EMPTY:
        return CODE_EMPTY;
    case UNPACK_TOO_LARGE:
        return CODE_TOO_LARGE;
    case UNPACK_TOO_MANY:
        return CODE_TOO_MANY;
    default:
        return err_fold(outcome);
    }
}

static void on_unpacked(void *owner, int outcome, uint64_t unpacked_bytes, const struct reason *why)
{
    struct bridge_job job = *(struct bridge_job *)owner;

    free(owner);
    job.unpack_done(job.owner, code_outcome(outcome), unpacked_bytes, why);
}

static int unpack(void *context, int zip_fd, const struct digest *digest, uint64_t bytes_max,
                  code_unpack_done done, void *owner)
{
    struct bridge_job *job = calloc(1, sizeof(*job));
    int r;

    if (!job)
        return err_new(-ENOMEM);
    *job = (struct bridge_job){.unpack_done = done, .owner = owner};
    r = sandbox_unpack(context, zip_fd, digest, bytes_max, on_unpacked, job);
    if (r < 0)
        free(job);
    return r < 0 ? err_pass(r) : 0;
}

static void on_removed(void *owner, int outcome, uint64_t unpacked_bytes, const struct reason *why)
{
    struct bridge_job job = *(struct bridge_job *)owner;

    (void)unpacked_bytes;
    (void)why;
    (void)outcome; /* a folder that could not be removed is found again by the sweep at the next
                      start */
    free(owner);
    job.remove_done(job.owner);
}

static int remove_code(void *context, const struct digest *digest, code_remove_done done,
                       void *owner)
{
    struct bridge_job *job = calloc(1, sizeof(*job));
    int r;

    if (!job)
        return err_new(-ENOMEM);
    *job = (struct bridge_job){.remove_done = done, .owner = owner};
    r = sandbox_code_remove(context, digest, on_removed, job);
    if (r < 0)
        free(job);
    return r < 0 ? err_pass(r) : 0;
}

const struct code_unpack_ops unpack_bridge_ops = {unpack, remove_code};
