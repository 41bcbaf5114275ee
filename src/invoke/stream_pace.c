/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/stream_pace.h"

#include "base/clock.h"

/* Bytes of one response, and of a burst, are few enough for the product. */
static uint64_t duration_ns(uint64_t bytes, uint64_t bytes_per_s)
{
    return bytes * NS_PER_S / bytes_per_s;
}

uint64_t stream_pace_take(struct stream_pace *pace, uint64_t bytes_per_s, size_t bytes,
                          uint64_t now_ns)
{
    uint64_t empty_ns;

    if (bytes_per_s == 0)
        return 0;
    if (pace->full_ns < now_ns)
        pace->full_ns = now_ns;
    pace->full_ns += duration_ns(bytes, bytes_per_s);
    empty_ns = now_ns + duration_ns(STREAM_PACE_BURST_BYTES, bytes_per_s);
    return pace->full_ns > empty_ns ? pace->full_ns - empty_ns : 0;
}
