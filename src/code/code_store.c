/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One package, and what is being done with it:
 *
 *             ┌──────────────── add, prepare ───────────────┐
 *             ▼                                             │
 *   IDLE ─► CHECKING ─► UNPACKING ─► PERSISTING ─► IDLE (is_unpacked)
 *    │         └─ everything is there, or nothing can be done ─► IDLE
 *    └─ no references for a while, or found at start ─► REMOVING ─► freed
 *                                                       (or CHECKING, when somebody waits)
 *
 *   IDLE → CHECKING: check_start            CHECKING → UNPACKING: unpack_start
 *   UNPACKING → PERSISTING: persist_start   … → IDLE: package_settle
 *   IDLE → REMOVING: remove_start           REMOVING → …: remove_end
 *
 * Invariants: requests wait only at packages that are not IDLE; a package with requests, references
 * or work exists. All requests for one digest share one run (single flight): the upload of the
 * first that has one is taken, the others find the package made.
 *
 * Order in a run: unpack first, because that is the check of the zip and a bad one must leave
 * nothing; then fsync and rename, so that a package under its final name is complete and durable.
 */

#include "code/code_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/must.h"
#include "code/code_files.h"

enum { REMOVE_DELAY_MS = 10000 };

enum package_state {
    PACKAGE_IDLE,
    PACKAGE_CHECKING,
    PACKAGE_UNPACKING,
    PACKAGE_PERSISTING,
    PACKAGE_REMOVING
};

struct code_package {
    struct digest digest; /* key in the map */
    struct code_store *store;
    size_t refs;
    uint64_t unpacked_bytes;
    struct list waiting;     /* struct code_request */
    struct list unused_node; /* in store->unused while nobody refers to it */
    enum package_state state;
    bool is_unpacked;
    struct code_work *work; /* owned while not idle */
};

/* What a run needs beyond the package; the pool reads and writes it while it has it. */
struct code_work {
    uv_work_t job;
    struct code_package *package;
    const struct code_files *files;
    struct digest digest;
    const struct code_upload *upload; /* the one that is being persisted */
    bool has_folder;
    bool has_zip;
    bool removes_folder;
    int zip_fd; /* owned */
    int result;
};

struct code_store {
    uv_loop_t *loop;
    struct code_files files;
    const struct code_unpack_ops *unpack;
    void *unpack_context;
    struct map packages;
    struct list unused;
    uv_timer_t remove_timer;
    uint64_t remove_delay_ms;
    size_t work_count;
    bool is_closing;
    void (*on_closed)(void *owner);
    void *owner;
};

static struct str digest_key(const struct digest *digest)
{
    return str_make((const char *)digest->bytes, DIGEST_BYTES);
}

static struct code_package *package_free(struct code_package *package)
{
    must(package->work == NULL);
    must(list_is_empty(&package->waiting));
    list_remove(&package->unused_node);
    (void)map_remove(&package->store->packages, digest_key(&package->digest));
    free(package);
    return NULL;
}

/* Finds or makes the package of a digest; NULL when out of memory. */
static struct code_package *package_of(struct code_store *store, const struct digest *digest)
{
    struct code_package *package = map_get(&store->packages, digest_key(digest));

    if (package)
        return package;
    package = calloc(1, sizeof(*package));
    if (!package)
        return NULL;
    package->digest = *digest;
    package->store = store;
    list_init(&package->waiting);
    list_init(&package->unused_node);
    if (map_put(&store->packages, digest_key(&package->digest), package) != MAP_OK) {
        free(package);
        return NULL;
    }
    return package;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct code_store *store = handle->data;
    void (*on_closed)(void *owner) = store->on_closed;
    void *owner = store->owner;

    map_for_each (entry, &store->packages)
        free(entry->value);
    map_deinit(&store->packages);
    code_files_deinit(&store->files);
    free(store);
    if (on_closed)
        on_closed(owner);
}

static void store_close_when_idle(struct code_store *store)
{
    if (store->is_closing && store->work_count == 0 &&
        !uv_is_closing((uv_handle_t *)&store->remove_timer))
        uv_close((uv_handle_t *)&store->remove_timer, on_handle_closed);
}

/* Work: from the start of a run to its end. */
static int work_begin(struct code_package *package)
{
    struct code_work *work = calloc(1, sizeof(*work));

    must(package->work == NULL);
    if (!work)
        return err_new(-ENOMEM);
    work->package = package;
    work->files = &package->store->files;
    work->digest = package->digest;
    work->zip_fd = -1;
    package->work = work;
    package->store->work_count++;
    return 0;
}

static void work_end(struct code_package *package)
{
    close_fdp(&package->work->zip_fd);
    free(package->work);
    package->work = NULL;
    package->store->work_count--;
}

static void on_remove_timer(uv_timer_t *timer);

static void package_become_unused(struct code_package *package)
{
    struct code_store *store = package->store;

    if (package->refs > 0 || package->state != PACKAGE_IDLE || store->is_closing ||
        !list_is_empty(&package->unused_node))
        return;
    list_push_back(&store->unused, &package->unused_node);
    if (!uv_is_active((uv_handle_t *)&store->remove_timer))
        (void)uv_timer_start(&store->remove_timer, on_remove_timer, store->remove_delay_ms, 0);
}

struct code_package *code_package_ref(struct code_package *package)
{
    package->refs++;
    list_remove(&package->unused_node);
    return package;
}

struct code_package *code_package_unref(struct code_package *package)
{
    if (package) {
        must(package->refs > 0);
        if (--package->refs == 0)
            package_become_unused(package);
    }
    return NULL;
}

/* The end of a run: back to IDLE, and everybody who waits is answered. */
static void package_settle(struct code_package *package, int outcome, const struct reason *why)
{
    struct code_store *store = package->store;
    struct list answered, *node;

    list_init(&answered);
    while ((node = list_first(&package->waiting)) != NULL) {
        list_remove(node);
        list_push_back(&answered, node);
    }
    package->state = PACKAGE_IDLE;
    package->is_unpacked = outcome == CODE_OK;
    work_end(package);
    package->refs++; /* it must outlive the answers */
    while ((node = list_first(&answered)) != NULL) {
        struct code_request *request = container_of(node, struct code_request, node);

        list_remove(node);
        request->outcome = outcome;
        if (why)
            request->why = *why;
        request->package = outcome == CODE_OK ? code_package_ref(package) : NULL;
        request->on_done(request);
    }
    (void)code_package_unref(package);
    if (package->refs == 0 && package->state == PACKAGE_IDLE && outcome != CODE_OK)
        (void)package_free(package);
    store_close_when_idle(store);
}

static const struct code_upload *upload_waiting(const struct code_package *package)
{
    list_for_each (node, &package->waiting) {
        struct code_request *request = container_of(node, struct code_request, node);

        if (request->upload)
            return request->upload;
    }
    return NULL;
}

static void persist_run(uv_work_t *job)
{
    struct code_work *work = container_of(job, struct code_work, job);

    work->result =
        code_files_persist(work->files, &work->digest, work->upload->fd, work->upload->path);
}

static void persist_done(uv_work_t *job, int status)
{
    struct code_work *work = container_of(job, struct code_work, job);

    (void)status; /* nobody cancels */
    package_settle(work->package, work->result, NULL);
}

static void persist_start(struct code_package *package)
{
    int r;

    package->state = PACKAGE_PERSISTING;
    r = uv_queue_work(package->store->loop, &package->work->job, persist_run, persist_done);
    must(r == 0);
}

static void on_unpacked(void *owner, int outcome, uint64_t unpacked_bytes, const struct reason *why)
{
    struct code_package *package = owner;

    if (outcome == CODE_OK)
        package->unpacked_bytes = unpacked_bytes;
    if (outcome == CODE_OK && package->work->upload)
        persist_start(package);
    else
        package_settle(package, outcome, why);
}

static void unpack_start(struct code_package *package, int zip_fd)
{
    struct code_store *store = package->store;
    int r;

    package->state = PACKAGE_UNPACKING;
    r = store->unpack->unpack(store->unpack_context, zip_fd, &package->digest,
                              LIMIT_CODE_UNZIPPED_BYTES, on_unpacked, package);
    if (r < 0)
        package_settle(package, err_pass(r), NULL);
}

static void check_run(uv_work_t *job)
{
    struct code_work *work = container_of(job, struct code_work, job);

    work->result = code_files_check(work->files, &work->digest, &work->has_folder, &work->has_zip,
                                    &work->zip_fd);
}

static void check_done(uv_work_t *job, int status)
{
    struct code_work *work = container_of(job, struct code_work, job);
    struct code_package *package = work->package;

    (void)status; /* nobody cancels */
    if (work->result < 0) {
        package_settle(package, err_pass(work->result), NULL);
        return;
    }
    work->upload = work->has_zip ? NULL : upload_waiting(package);
    if (work->has_folder && work->upload)
        persist_start(package);
    else if (work->has_folder)
        package_settle(package, CODE_OK, NULL);
    else if (work->has_zip)
        unpack_start(package, work->zip_fd);
    else if (work->upload)
        unpack_start(package, work->upload->fd);
    else
        package_settle(package, CODE_MISSING, NULL);
}

static void check_start(struct code_package *package)
{
    int r;

    package->state = PACKAGE_CHECKING;
    list_remove(&package->unused_node);
    r = uv_queue_work(package->store->loop, &package->work->job, check_run, check_done);
    must(r == 0);
}

static int request_start(struct code_store *store, struct code_request *request,
                         const struct digest *digest)
{
    struct code_package *package = package_of(store, digest);

    if (!package)
        return err_new(-ENOMEM);
    request->package = NULL;
    request->why = (struct reason){0};
    if (package->state == PACKAGE_IDLE) {
        int r = work_begin(package);

        if (r < 0)
            return err_pass(r);
        check_start(package);
    }
    list_push_back(&package->waiting, &request->node);
    return 0;
}

int code_store_add(struct code_store *store, struct code_request *request,
                   const struct code_upload *upload)
{
    request->upload = upload;
    return request_start(store, request, &upload->digest);
}

int code_store_prepare(struct code_store *store, struct code_request *request,
                       const struct digest *digest)
{
    request->upload = NULL;
    return request_start(store, request, digest);
}

struct code_package *code_store_take_ready(struct code_store *store, const struct digest *digest)
{
    struct code_package *package = map_get(&store->packages, digest_key(digest));
    bool is_ready = package && package->is_unpacked && package->state != PACKAGE_REMOVING;

    return is_ready ? code_package_ref(package) : NULL;
}

const struct digest *code_package_digest(const struct code_package *package)
{
    return &package->digest;
}

uint64_t code_package_unpacked_bytes(const struct code_package *package)
{
    return package->unpacked_bytes;
}

int code_store_retain(struct code_store *store, const struct digest *digest,
                      uint64_t unpacked_bytes)
{
    struct code_package *package = package_of(store, digest);

    if (!package)
        return err_new(-ENOMEM);
    if (unpacked_bytes > 0)
        package->unpacked_bytes = unpacked_bytes;
    (void)code_package_ref(package);
    return 0;
}

void code_store_release(struct code_store *store, const struct digest *digest)
{
    struct code_package *package = map_get(&store->packages, digest_key(digest));

    must(package != NULL);
    (void)code_package_unref(package);
}

/* Removal: the zip first, so that a folder alone is never taken for a package. */
static void remove_run(uv_work_t *job)
{
    struct code_work *work = container_of(job, struct code_work, job);

    work->result = code_files_remove_zip(work->files, &work->digest);
    if (work->removes_folder)
        work->result = code_files_remove_folder(work->files, &work->digest);
}

/* What could not be removed is found again at the next start. */
static void remove_end(void *owner)
{
    struct code_package *package = owner;
    struct code_store *store = package->store;

    package->is_unpacked = false;
    if (!list_is_empty(&package->waiting) || package->refs > 0) {
        check_start(package);
        return;
    }
    work_end(package);
    (void)package_free(package);
    store_close_when_idle(store);
}

static void remove_done(uv_work_t *job, int status)
{
    struct code_package *package = container_of(job, struct code_work, job)->package;
    struct code_store *store = package->store;

    (void)status; /* nobody cancels */
    if (package->work->removes_folder ||
        store->unpack->remove(store->unpack_context, &package->digest, remove_end, package) < 0)
        remove_end(package);
}

static void remove_start(struct code_package *package)
{
    int r;

    must(package->state == PACKAGE_IDLE);
    must(package->refs == 0);
    if (work_begin(package) < 0)
        return; /* the next start finds it */
    list_remove(&package->unused_node);
    package->state = PACKAGE_REMOVING;
    package->work->removes_folder = package->store->unpack->remove == NULL;
    r = uv_queue_work(package->store->loop, &package->work->job, remove_run, remove_done);
    must(r == 0);
}

static void on_remove_timer(uv_timer_t *timer)
{
    struct code_store *store = timer->data;
    struct list *node;

    while ((node = list_first(&store->unused)) != NULL) {
        list_remove(node);
        remove_start(container_of(node, struct code_package, unused_node));
    }
}

/* The sweep lists on the pool, then removes each stranger as if it had just become unused. */
struct sweep {
    uv_work_t job;
    struct code_store *store;
    struct digest *digests;
    size_t count;
    int result;
    void (*on_swept)(void *owner);
    void *owner;
};

static void sweep_run(uv_work_t *job)
{
    struct sweep *sweep = container_of(job, struct sweep, job);

    sweep->result = code_files_list(&sweep->store->files, &sweep->digests, &sweep->count);
}

static void sweep_done(uv_work_t *job, int status)
{
    struct sweep *sweep = container_of(job, struct sweep, job);
    struct code_store *store = sweep->store;

    (void)status; /* nobody cancels */
    for (size_t i = 0; sweep->result == 0 && i < sweep->count; i++) {
        struct code_package *package = package_of(store, &sweep->digests[i]);

        if (package && package->refs == 0 && package->state == PACKAGE_IDLE)
            remove_start(package);
    }
    store->work_count--;
    sweep->on_swept(sweep->owner);
    free(sweep->digests);
    free(sweep);
    store_close_when_idle(store);
}

void code_store_sweep(struct code_store *store, void (*on_swept)(void *owner), void *owner)
{
    struct sweep *sweep = calloc(1, sizeof(*sweep));
    int r;

    must(sweep != NULL); /* at start */
    sweep->store = store;
    sweep->on_swept = on_swept;
    sweep->owner = owner;
    store->work_count++;
    r = uv_queue_work(store->loop, &sweep->job, sweep_run, sweep_done);
    must(r == 0);
}

static void store_freep(struct code_store **p)
{
    if (!*p)
        return;
    code_files_deinit(&(*p)->files);
    free(*p);
}

int code_store_open(struct code_store **ret_store, const struct code_store_options *options,
                    struct reason *why)
{
    CLEANUP(store_freep) struct code_store *store = calloc(1, sizeof(*store));
    int r;

    if (!store)
        return err_new(-ENOMEM);
    r = code_files_init(&store->files, options->state_directory);
    if (r < 0)
        return err_pass(r);
    r = code_files_prepare(&store->files, why);
    if (r < 0)
        return err_pass(r);
    store->loop = options->loop;
    store->unpack = options->unpack;
    store->unpack_context = options->unpack_context;
    store->remove_delay_ms = options->remove_delay_ms ? options->remove_delay_ms : REMOVE_DELAY_MS;
    map_init(&store->packages);
    list_init(&store->unused);
    must(uv_timer_init(store->loop, &store->remove_timer) == 0);
    uv_unref((uv_handle_t *)&store->remove_timer);
    store->remove_timer.data = store;
    *ret_store = store;
    store = NULL;
    return 0;
}

void code_store_close(struct code_store *store, void (*on_closed)(void *owner), void *owner)
{
    must(!store->is_closing);
    store->is_closing = true;
    store->on_closed = on_closed;
    store->owner = owner;
    (void)uv_timer_stop(&store->remove_timer);
    store_close_when_idle(store);
}

char *code_store_package_path(const struct code_store *store, const struct digest *digest,
                              char *buffer, size_t size)
{
    char hex[DIGEST_HEX_BYTES];
    int len = snprintf(buffer, size, "%s/%s.zip", store->files.packages, digest_hex(digest, hex));

    return len > 0 && (size_t)len < size ? buffer : NULL;
}
