/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How fast a streamed response may go on: its first 6 MiB as fast as they come, the rest at a rate
 * (spec: runtime-api, limits; a bucket that is refilled while it is used). What is left at a time
 * follows from one number, the time at which the bucket will be full. Pure.
 */

#include <stddef.h>
#include <stdint.h>

struct stream_pace {
    uint64_t full_ns; /* 0 for a new response */
};

enum { STREAM_PACE_BURST_BYTES = 6291456 };

/* So many bytes have come. How long to wait before more are taken; bytes_per_s 0: not at all. */
uint64_t stream_pace_take(struct stream_pace *pace, uint64_t bytes_per_s, size_t bytes,
                          uint64_t now_ns);
