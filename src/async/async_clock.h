/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The time by which events are due and grow old: milliseconds since the epoch, but unlike the wall
 * clock it neither jumps nor goes back, also not from one process to the next. In a process it
 * follows the monotonic clock. From one to the next it is continued by a mark that lies beside the
 * events:
 *
 *   same boot    the monotonic clock has gone on: so much later than the mark says
 *   other boot   the wall clock is all there is, unless it is behind the mark: then the mark
 *
 * so that only a wall clock that was wrong across a reboot can make events older than they are; and
 * it can never keep them waiting for more than the mark is old. Pure.
 */

#include <stdint.h>

#include "base/str.h"

struct buf;

enum { ASYNC_BOOT_ID_BYTES = 40 };

struct async_clock {
    uint64_t time_ms; /* when the monotonic clock was mono_ms */
    uint64_t mono_ms;
    char boot_id[ASYNC_BOOT_ID_BYTES];
};

/* What is kept. */
struct async_clock_mark {
    struct str boot_id;
    uint64_t mono_ms;
    uint64_t time_ms;
};

/* mark: NULL when there is none. boot_id is copied; a longer one is cut. */
void async_clock_start(struct async_clock *clock, const struct async_clock_mark *mark,
                       struct str boot_id, uint64_t mono_ms, uint64_t wall_ms);
uint64_t async_clock_at(const struct async_clock *clock, uint64_t mono_ms);

/* Failures stay in the buffer. */
void async_clock_encode(struct buf *out, const struct async_clock *clock, uint64_t mono_ms);
/* Views of the bytes. 0 or -EBADMSG. */
int async_clock_decode(struct str bytes, struct async_clock_mark *ret_mark);
