/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One base64 member of a request body on its way to a file: text is decoded as it comes, and the
 * bytes go to a struct code_spool with the limit of a package.
 */

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/str.h"

struct api_blob;
struct api_spool;

/* directory is borrowed and outlives the spool. 0 or -ENOMEM. */
int api_spool_new(struct api_spool **ret_spool, uv_loop_t *loop, const char *directory);
/* Not while a flush runs. Removes the file, unless it was renamed, in the background. */
struct api_spool *api_spool_free(struct api_spool *spool);
CLEANUP_DEFINE(struct api_spool, api_spool_free)

/* 0, or -ENOMEM. Text that is no base64 is remembered: api_spool_is_valid. */
int api_spool_write(struct api_spool *spool, struct str base64);
/* Enough is waiting: flush before more is written. */
bool api_spool_is_full(const struct api_spool *spool);

/*
 * Write what waits; done is called from the loop with 0 or a negative errno. With `last` the blob
 * is complete after.
 */
void api_spool_flush(struct api_spool *spool, bool last, void (*done)(void *owner, int result),
                     void *owner);

/* After the last flush. */
bool api_spool_is_valid(const struct api_spool *spool);
const struct api_blob *api_spool_blob(const struct api_spool *spool);
