/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the standard output and error of one runtime process and cuts it into log events: one line
 * each, empty lines give none, lines longer than LIMIT_LOG_EVENT_BYTES are split. A '\r' alone does
 * not end a line.
 *
 * Reading is bounded per loop turn, so that a function that prints without end slows down at its
 * pipe and nobody else waits for it. Loop thread only; `line` is never called from inside
 * log_pipe_new() or _free().
 */

#include <uv.h>

#include "base/str.h"

struct log_pipe;

struct log_pipe_ops {
    /* One event without its newline; valid during the call. */
    void (*line)(void *owner, struct str line);
};

/* fd (non-blocking) is owned from now on, also on failure. */
int log_pipe_new(struct log_pipe **ret_pipe, uv_loop_t *loop, int fd,
                 const struct log_pipe_ops *ops, void *owner);
struct log_pipe *log_pipe_free(struct log_pipe *pipe);

/*
 * Take what is in the pipe now, and give out an unfinished last line too: the invocation it belongs
 * to is ending. Bounded by what a pipe holds.
 */
void log_pipe_drain(struct log_pipe *pipe);
