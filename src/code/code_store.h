/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Code packages by content: packages/<sha256>.zip as it was uploaded, code/<sha256>/ unpacked. Both
 * exist once per digest, whoever uses it. A package is kept while somebody holds a reference
 * (function versions, running environments, requests) and removed a while after the last one has
 * gone.
 *
 * Unpacking hostile zips is not done here but by whoever stands behind struct code_unpack_ops. All
 * other file work runs on libuv's pool. Loop thread only; nothing blocks, and no request is
 * answered from inside the call that starts it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/list.h"

struct code_package;
struct code_store;

/* What became of a request; failures are negative errnos. */
enum {
    CODE_OK,
    CODE_BAD_ZIP,   /* not a zip, damaged or hostile: why says what */
    CODE_EMPTY,     /* a zip without entries */
    CODE_TOO_LARGE, /* more than LIMIT_CODE_UNZIPPED_BYTES unpacked */
    CODE_TOO_MANY,  /* too many entries */
    CODE_MISSING,   /* no such package (only code_store_prepare) */
};

/* outcome: CODE_OK … CODE_TOO_MANY or a failure. */
typedef void (*code_unpack_done)(void *owner, int outcome, uint64_t unpacked_bytes,
                                 const struct reason *why);
typedef void (*code_remove_done)(void *owner);

/* Who unpacks. Neither may answer from inside the call. Failures are negative errnos. */
struct code_unpack_ops {
    /* Make code/<digest> from the zip, wholly or not at all. zip_fd is borrowed until done. */
    int (*unpack)(void *context, int zip_fd, const struct digest *digest, uint64_t bytes_max,
                  code_unpack_done done, void *owner);
    /* Remove code/<digest>, also when it is not there. NULL: the store may do it itself. */
    int (*remove)(void *context, const struct digest *digest, code_remove_done done, void *owner);
};

struct code_store_options {
    uv_loop_t *loop;
    const char *state_directory; /* copied; packages/ and code/ are made in it when missing */
    const struct code_unpack_ops *unpack;
    void *unpack_context;
    uint64_t remove_delay_ms; /* how long a package without references stays; 0: the default */
};

int code_store_open(struct code_store **ret_store, const struct code_store_options *options,
                    struct reason *why);
/* Ends after what is under way; on_closed may be NULL. Every package must have been given back. */
void code_store_close(struct code_store *store, void (*on_closed)(void *owner), void *owner);

/*
 * At start, after all references of the catalogue were taken with code_store_retain: removes what
 * nobody refers to. Packages may be added and prepared once on_swept was called.
 */
void code_store_sweep(struct code_store *store, void (*on_swept)(void *owner), void *owner);

/* A zip on disk, complete; both the file and the structure are the caller's until the answer. */
struct code_upload {
    int fd;
    const char *path; /* in the same file system; taken over (renamed) when the package is new */
    struct digest digest;
};

struct code_request {
    void (*on_done)(struct code_request *request);
    int outcome;
    struct code_package *package; /* with CODE_OK: a reference, the caller's */
    struct reason why;

    /* private */
    const struct code_upload *upload;
    struct list node;
};

/*
 * Both return 0, and on_done is called later, or -ENOMEM, and it is not.
 * Add: checks and unpacks the upload and makes it durable, or finds that it is there already.
 * Prepare: makes sure that code/<digest> is there, unpacking it again when it has gone.
 */
int code_store_add(struct code_store *store, struct code_request *request,
                   const struct code_upload *upload);
int code_store_prepare(struct code_store *store, struct code_request *request,
                       const struct digest *digest);

/* The package when it is known to be unpacked (a reference), else NULL: use code_store_prepare. */
struct code_package *code_store_take_ready(struct code_store *store, const struct digest *digest);

struct code_package *code_package_ref(struct code_package *package);
struct code_package *code_package_unref(struct code_package *package);
CLEANUP_DEFINE(struct code_package, code_package_unref)
const struct digest *code_package_digest(const struct code_package *package);
uint64_t code_package_unpacked_bytes(const struct code_package *package);

/* The same by digest, for those that keep digests; retain may be the first mention of a package. */
int code_store_retain(struct code_store *store, const struct digest *digest,
                      uint64_t unpacked_bytes);
void code_store_release(struct code_store *store, const struct digest *digest);

/* "<state directory>/packages/<digest>.zip", for downloads. Returns buffer, or NULL when it is too
 * small. */
char *code_store_package_path(const struct code_store *store, const struct digest *digest,
                              char *buffer, size_t size);
