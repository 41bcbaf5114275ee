/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Big-endian numbers of wire formats; unaligned places are fine. */

#include <stdint.h>

static inline void be16_put(void *to, uint16_t v)
{
    uint8_t *p = to;

    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void be32_put(void *to, uint32_t v)
{
    be16_put(to, (uint16_t)(v >> 16));
    be16_put((uint8_t *)to + 2, (uint16_t)v);
}

static inline void be64_put(void *to, uint64_t v)
{
    be32_put(to, (uint32_t)(v >> 32));
    be32_put((uint8_t *)to + 4, (uint32_t)v);
}

static inline uint16_t be16_get(const void *from)
{
    const uint8_t *p = from;

    return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}

static inline uint32_t be32_get(const void *from)
{
    return (uint32_t)be16_get(from) << 16 | be16_get((const uint8_t *)from + 2);
}

static inline uint64_t be64_get(const void *from)
{
    return (uint64_t)be32_get(from) << 32 | be32_get((const uint8_t *)from + 4);
}
