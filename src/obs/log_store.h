/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where log events of functions go: one file per function below the state directory,
 *
 *   logs/<account>/<region>/<function>.log
 *   2025-11-25T02:26:54.123Z <TAB> <log stream> <TAB> message
 *
 * Further lines of one event begin with a TAB. The loop thread only copies an event into the file's
 * buffer; a job on the worker pool appends what has gathered, at most every LOG_FLUSH_MS.
 *
 * A function that prints without end takes neither the daemon's memory nor its time: an environment
 * may log LIMIT_LOG_BURST_BYTES at once and LIMIT_LOG_BYTES_PER_S after that, and no more may be
 * pending for a function than LOG_PENDING_BYTES_MAX, however slow the disk is. What is beyond is
 * dropped, and how much that was is written in its place. The platform's own lines are beyond these
 * limits.
 *
 * Cost: no descriptor is held between flushes; memory is the pending bytes of functions that logged
 * just now.
 */

#include <stdint.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

enum {
    LOG_FLUSH_MS = 20,
    LOG_PENDING_BYTES_MAX = 4 * 1024 * 1024,
    LOG_PLATFORM_BYTES_MAX = 1024 * 1024, /* pending, beyond that, of the platform's lines */
};

struct log_store;
struct log_stream;

/* dir: the folder "logs", made when missing. */
int log_store_new(struct log_store **ret_store, uv_loop_t *loop, const char *dir,
                  struct reason *why);
/* Writes what is pending, blocking, and frees; all streams must be closed. */
struct log_store *log_store_free(struct log_store *store);
CLEANUP_DEFINE(struct log_store, log_store_free)

/* Write what is pending now, blocking: for an end in a hurry. */
void log_store_flush(struct log_store *store);

/* Events that were dropped because the disk was too slow or refused them. */
uint64_t log_store_dropped(const struct log_store *store);

/* One stream per environment. account, region and function must be free of '/' (they are checked by
 * their users). */
int log_stream_open(struct log_stream **ret_stream, struct log_store *store, struct str account,
                    struct str region, struct str function, struct str stream_name);
struct log_stream *log_stream_close(struct log_stream *stream);

/* One event of the platform; a final newline is not stored twice. */
void log_stream_write(struct log_stream *stream, uint64_t real_ms, struct str message);
/* One event of what runs in the environment, unless that has printed too much already. */
void log_stream_write_output(struct log_stream *stream, uint64_t real_ms, struct str message);
