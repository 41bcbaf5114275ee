/* SPDX-License-Identifier: Apache-2.0 */

#include "async/async_clock.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "catalog/codec.h"

static const struct codec_field mark_fields[] = {
    {1, CODEC_STR, offsetof(struct async_clock_mark, boot_id)},
    {2, CODEC_U64, offsetof(struct async_clock_mark, mono_ms)},
    {3, CODEC_U64, offsetof(struct async_clock_mark, time_ms)},
};

void async_clock_start(struct async_clock *clock, const struct async_clock_mark *mark,
                       struct str boot_id, uint64_t mono_ms, uint64_t wall_ms)
{
    boot_id = str_sub(boot_id, 0, ASYNC_BOOT_ID_BYTES - 1);
    *clock = (struct async_clock){.time_ms = wall_ms, .mono_ms = mono_ms};
    memcpy(clock->boot_id, boot_id.ptr, boot_id.len);
    if (!mark)
        return;
    if (str_eq(mark->boot_id, boot_id) && mark->mono_ms <= mono_ms)
        clock->time_ms = mark->time_ms + (mono_ms - mark->mono_ms);
    else if (mark->time_ms > wall_ms)
        clock->time_ms = mark->time_ms;
}

uint64_t async_clock_at(const struct async_clock *clock, uint64_t mono_ms)
{
    return clock->time_ms + (mono_ms - clock->mono_ms);
}

void async_clock_encode(struct buf *out, const struct async_clock *clock, uint64_t mono_ms)
{
    const struct async_clock_mark mark = {
        .boot_id = str_of(clock->boot_id),
        .mono_ms = mono_ms,
        .time_ms = async_clock_at(clock, mono_ms),
    };

    codec_encode(out, mark_fields, array_count(mark_fields), &mark);
}

int async_clock_decode(struct str bytes, struct async_clock_mark *ret_mark)
{
    *ret_mark = (struct async_clock_mark){0};
    return codec_decode(bytes, mark_fields, array_count(mark_fields), NULL, ret_mark);
}
