/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory that is kept for reuse but belongs to nobody: tell the address sanitizer, which otherwise
 * cannot see a use after free through a pool. Nothing without the sanitizer. Ranges need not be
 * aligned; up to seven bytes at an unaligned border stay usable.
 */

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISON_WORKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_WORKS 1
#endif
#endif

#ifdef POISON_WORKS
#include <sanitizer/asan_interface.h>

static inline void poison(const void *at, size_t len)
{
    __asan_poison_memory_region(at, len);
}

static inline void unpoison(const void *at, size_t len)
{
    __asan_unpoison_memory_region(at, len);
}
#else
static inline void poison(const void *at, size_t len)
{
    (void)at;
    (void)len;
}

static inline void unpoison(const void *at, size_t len)
{
    (void)at;
    (void)len;
}
#endif
