/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A package on its way to a file. Its bytes are hashed and written by the worker pool, a batch at a
 * time, while their source waits: at most one batch is in memory.
 *
 * Bytes beyond the limit are counted and dropped, because such a package is refused anyway.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/cleanup.h"

struct code_spool;
struct code_upload;

/* directory is borrowed and outlives the spool. 0 or -ENOMEM. */
int code_spool_new(struct code_spool **ret_spool, uv_loop_t *loop, const char *directory,
                   uint64_t bytes_max);
/* Not while a flush runs. Removes the file, unless it was renamed, in the background. */
struct code_spool *code_spool_free(struct code_spool *spool);
CLEANUP_DEFINE(struct code_spool, code_spool_free)

/* Room for so many bytes more, of which those that are then written are told to
 * code_spool_commit. NULL: out of memory. */
char *code_spool_reserve(struct code_spool *spool, size_t room);
void code_spool_commit(struct code_spool *spool, size_t len);

/* Enough is waiting: flush before more is written. */
bool code_spool_is_full(const struct code_spool *spool);

/*
 * Write what waits; done is called from the loop with 0 or a negative errno. With is_last the
 * upload is complete after. Until done, nothing may be reserved.
 */
void code_spool_flush(struct code_spool *spool, bool is_last, void (*done)(void *owner, int result),
                      void *owner);
bool code_spool_is_flushing(const struct code_spool *spool);

/* All that came, dropped bytes included. */
uint64_t code_spool_bytes(const struct code_spool *spool);

/* After the last flush; lives as long as the spool. */
const struct code_upload *code_spool_upload(const struct code_spool *spool);
