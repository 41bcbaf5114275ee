/* SPDX-License-Identifier: Apache-2.0 */

/* Errands to the code store: at most JAIL_ERRANDS_MAX run at a time, the others wait here in order.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/sandbox_internal.h"

struct errand_job {
    struct list node; /* of host->waiting */
    struct jail_code code;
    enum jail_request_type type;
    uint32_t generation;
    int zip_fd; /* owned; -1 once it was sent */
    sandbox_unpack_done done;
    void *owner;
};

static_assert((int)UNPACK_OK == (int)JAIL_ERRAND_OK, "same numbers");
static_assert((int)UNPACK_BAD_ZIP == (int)JAIL_ERRAND_BAD_ZIP, "same numbers");
static_assert((int)UNPACK_EMPTY == (int)JAIL_ERRAND_EMPTY, "same numbers");
static_assert((int)UNPACK_TOO_LARGE == (int)JAIL_ERRAND_TOO_LARGE, "same numbers");
static_assert((int)UNPACK_TOO_MANY == (int)JAIL_ERRAND_TOO_MANY, "same numbers");

static void job_free(struct errand_job *job)
{
    list_remove(&job->node);
    close_fdp(&job->zip_fd);
    free(job);
}

static int job_send(struct sandbox_host *host, struct errand_job *job, uint32_t place)
{
    const struct jail_request request = {
        .type = job->type, .slot = place, .generation = job->generation, .code = job->code};
    int r = host_send(host, &request, NULL, 0, job->zip_fd);

    if (r)
        return r;
    close_fdp(&job->zip_fd);
    job->zip_fd = -1;
    list_remove(&job->node);
    host->running[place] = job;
    return 0;
}

static void start_waiting(struct sandbox_host *host)
{
    for (uint32_t place = 0; place < JAIL_ERRANDS_MAX; place++) {
        struct list *first = list_first(&host->waiting);

        if (!first)
            return;
        /* A failure leaves the job where it is; the next end of another one tries again. */
        if (!host->running[place] &&
            job_send(host, container_of(first, struct errand_job, node), place))
            return;
    }
}

static int job_start(struct sandbox_host *host, enum jail_request_type type, int zip_fd,
                     const struct jail_code *code, sandbox_unpack_done done, void *owner)
{
    struct errand_job *job;

    if (host->is_gone)
        return err_new(-ECONNRESET);
    job = calloc(1, sizeof(*job));
    if (!job)
        return err_new(-ENOMEM);
    *job = (struct errand_job){
        .type = type, .code = *code, .generation = 1, .done = done, .owner = owner};
    list_init(&job->node);
    job->zip_fd = zip_fd < 0 ? -1 : fcntl(zip_fd, F_DUPFD_CLOEXEC, 0);
    if (zip_fd >= 0 && job->zip_fd < 0) {
        job_free(job);
        return err_new(-errno);
    }
    list_push_back(&host->waiting, &job->node);
    start_waiting(host);
    return 0;
}

int sandbox_unpack(struct sandbox_host *host, int zip_fd, const struct digest *digest,
                   uint64_t bytes_max, sandbox_unpack_done done, void *owner)
{
    const struct jail_code code = {.digest = *digest, .bytes_max = bytes_max};

    return job_start(host, JAIL_UNPACK, zip_fd, &code, done, owner);
}

int sandbox_code_remove(struct sandbox_host *host, const struct digest *digest,
                        sandbox_unpack_done done, void *owner)
{
    const struct jail_code code = {.digest = *digest};

    return job_start(host, JAIL_CODE_REMOVE, -1, &code, done, owner);
}

static void job_finish(struct errand_job *job, int outcome, uint64_t bytes, const char *text)
{
    sandbox_unpack_done done = job->done;
    void *owner = job->owner;
    struct reason why = {0};

    reason_set(&why, "%s", text);
    job_free(job);
    if (done)
        done(owner, outcome, bytes, &why);
}

void errands_on_done(struct sandbox_host *host, const struct jail_event *event)
{
    struct errand_job *job = host->running[event->slot];
    int outcome = (int)event->errand.outcome;

    if (!job)
        return;
    host->running[event->slot] = NULL;
    start_waiting(host);
    job_finish(job, outcome == JAIL_ERRAND_FAILED ? err_new(-EIO) : outcome, event->errand.bytes,
               event->errand.text);
}

void errands_fail(struct sandbox_host *host)
{
    struct list *first;

    for (size_t i = 0; i < JAIL_ERRANDS_MAX; i++) {
        struct errand_job *job = host->running[i];

        host->running[i] = NULL;
        if (job)
            job_finish(job, err_new(-ECONNRESET), 0, "the jail has ended");
    }
    while ((first = list_first(&host->waiting)) != NULL)
        job_finish(container_of(first, struct errand_job, node), err_new(-ECONNRESET), 0,
                   "the jail has ended");
}

void errands_deinit(struct sandbox_host *host)
{
    struct list *first;

    for (size_t i = 0; i < JAIL_ERRANDS_MAX; i++) {
        if (host->running[i])
            job_free(host->running[i]);
        host->running[i] = NULL;
    }
    while ((first = list_first(&host->waiting)) != NULL)
        job_free(container_of(first, struct errand_job, node));
}
