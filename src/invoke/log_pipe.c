/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/must.h"
#include "invoke/log_level.h"
#include "invoke/log_records.h"

enum {
    READ_BYTES = 16384, /* per turn of the loop: of the shortest lines, 8192 events */
    DRAIN_ROUNDS = 65,  /* a pipe may hold up to 1 MiB */
};

struct log_pipe {
    uv_poll_t poll;
    int fd;
    const struct log_pipe_ops *ops;
    void *owner;
    struct buf partial; /* a line without its end yet */
    struct log_records records;
    bool freed;
};

static void on_poll(uv_poll_t *poll, int status, int events);

int log_pipe_new(struct log_pipe **ret_pipe, uv_loop_t *loop, int fd,
                 const struct log_pipe_ops *ops, void *owner)
{
    CLEANUP(close_fdp) int owned_fd = fd;
    struct log_pipe *pipe = calloc(1, sizeof(*pipe));
    int r;

    if (!pipe)
        return err_new(-ENOMEM);
    r = uv_poll_init(loop, &pipe->poll, fd);
    if (r < 0) {
        free(pipe);
        return err_new(r);
    }
    pipe->poll.data = pipe;
    pipe->fd = steal_fd(&owned_fd);
    pipe->ops = ops;
    pipe->owner = owner;
    must(uv_poll_start(&pipe->poll, UV_READABLE, on_poll) == 0);
    *ret_pipe = pipe;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct log_pipe *pipe = handle->data;

    close_fdp(&pipe->fd);
    buf_deinit(&pipe->partial);
    log_records_deinit(&pipe->records);
    free(pipe);
}

struct log_pipe *log_pipe_free(struct log_pipe *pipe)
{
    if (!pipe)
        return NULL;
    pipe->freed = true;
    uv_close((uv_handle_t *)&pipe->poll, on_closed);
    return NULL;
}

static void give(struct log_pipe *pipe, struct str line)
{
    struct str piece;

    while (line.len && !pipe->freed) {
        piece = str_sub(line, 0, LIMIT_LOG_EVENT_BYTES);
        line = str_sub(line, piece.len, line.len);
        pipe->ops->line(pipe->owner, piece);
    }
}

static void give_partial(struct log_pipe *pipe)
{
    struct str line = buf_str(&pipe->partial);

    if (line.len)
        give(pipe, line);
    buf_clear(&pipe->partial);
}

/* Keep the beginning of a line until its end comes; what cannot be kept is given out as it is. */
static void keep(struct log_pipe *pipe, struct str piece)
{
    if (buf_append_str(&pipe->partial, piece) < 0) {
        pipe->partial.failed = false;
        give_partial(pipe);
        give(pipe, piece);
        return;
    }
    /* Whole events only, so that a line is cut at the same places however it comes. */
    while (pipe->partial.len > LIMIT_LOG_EVENT_BYTES && !pipe->freed) {
        pipe->ops->line(pipe->owner, str_sub(buf_str(&pipe->partial), 0, LIMIT_LOG_EVENT_BYTES));
        buf_consume(&pipe->partial, LIMIT_LOG_EVENT_BYTES);
    }
}

static void handle_lines(struct log_pipe *pipe, struct str bytes)
{
    size_t end;

    while (bytes.len && !pipe->freed) {
        end = str_find(bytes, '\n');
        if (end == bytes.len) {
            keep(pipe, bytes);
            return;
        }
        if (pipe->partial.len) {
            keep(pipe, str_sub(bytes, 0, end));
            give_partial(pipe);
        } else {
            give(pipe, str_sub(bytes, 0, end));
        }
        bytes = str_sub(bytes, end + 1, bytes.len);
    }
}

static void give_record(struct log_pipe *pipe, struct runtime_log *record)
{
    if (!record->real_ms)
        record->real_ms = clock_real_ms();
    pipe->ops->record(pipe->owner, record);
}

static void handle_records(struct log_pipe *pipe, struct str bytes)
{
    struct runtime_log record;

    while (!pipe->freed && log_records_read(&pipe->records, &bytes, &record))
        give_record(pipe, &record);
}

static void handle_bytes(struct log_pipe *pipe, struct str bytes)
{
    if (pipe->ops->record)
        handle_records(pipe, bytes);
    else
        handle_lines(pipe, bytes);
}

static void say_dropped(struct log_pipe *pipe)
{
    char text[128];
    int len =
        snprintf(text, sizeof(text), "lambd: %llu bytes that were no log record were left out",
                 (unsigned long long)pipe->records.dropped);
    struct runtime_log record = {.level = LOG_LEVEL_WARN, .message = str_make(text, (size_t)len)};

    pipe->records.dropped = 0;
    give_record(pipe, &record);
}

static void flush_records(struct log_pipe *pipe)
{
    struct runtime_log record;

    if (log_records_flush(&pipe->records, &record))
        give_record(pipe, &record);
    if (!pipe->freed && pipe->records.dropped)
        say_dropped(pipe);
}

/* False when nothing more is there. */
static bool read_once(struct log_pipe *pipe)
{
    char bytes[READ_BYTES];
    ssize_t n;

    do {
        n = read(pipe->fd, bytes, sizeof(bytes));
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        handle_bytes(pipe, str_make(bytes, (size_t)n));
    else if (n == 0 || errno != EAGAIN)
        (void)uv_poll_stop(&pipe->poll); /* all writers are gone */
    return n == sizeof(bytes) && !pipe->freed;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct log_pipe *pipe = poll->data;

    (void)events;
    if (status < 0)
        (void)uv_poll_stop(poll);
    else
        (void)read_once(pipe);
}

void log_pipe_drain(struct log_pipe *pipe)
{
    for (int round = 0; round < DRAIN_ROUNDS; round++)
        if (!read_once(pipe))
            break;
    if (!pipe->freed && pipe->partial.len)
        give_partial(pipe);
    if (!pipe->freed)
        flush_records(pipe);
}
