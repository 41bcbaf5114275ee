/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the standard output and error of one runtime process and cuts it into log events: one line
 * each, empty lines give none, lines longer than LIMIT_LOG_EVENT_BYTES are split. A '\r' alone does
 * not end a line. Or it reads the pipe of log records (log_records.h), one event each.
 *
 * Reading is bounded per loop turn, so that a function that prints without end slows down at its
 * pipe and nobody else waits for it. Loop thread only; ops are never called from inside
 * log_pipe_new() or _free().
 */

#include <uv.h>

#include "base/str.h"

struct log_pipe;
struct runtime_log;

/* One of them; the other is NULL. What they are called with is valid during the call. */
struct log_pipe_ops {
    /* One event without its newline. */
    void (*line)(void *owner, struct str line);
    /* One log record; its real_ms is set. */
    void (*record)(void *owner, const struct runtime_log *record);
};

/* fd (non-blocking) is owned from now on, also on failure. */
int log_pipe_new(struct log_pipe **ret_pipe, uv_loop_t *loop, int fd,
                 const struct log_pipe_ops *ops, void *owner);
struct log_pipe *log_pipe_free(struct log_pipe *pipe);

/*
 * Take what is in the pipe now, and give out an unfinished last line or record too: the invocation
 * it belongs to is ending. Bounded by what a pipe holds. Bytes that were no record are told by a
 * record of ours.
 */
void log_pipe_drain(struct log_pipe *pipe);
