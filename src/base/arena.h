/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory of one request or invocation: allocations are never freed singly, all go at
 * arena_deinit(). Small ones are cut from blocks of ARENA_BLOCK_BYTES, large ones get a block of
 * their own. Every allocation is aligned for any type. NULL means out of memory (or past bytes_max,
 * when set).
 */

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned; newest first */
    size_t used;                /* of the newest block */
    size_t bytes_total;
    size_t bytes_max; /* 0: no limit */
};

enum { ARENA_BLOCK_BYTES = 4096 };

void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);
/* Release everything but one ordinary block, for the next user of the arena. */
void arena_reset(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);
void *arena_calloc(struct arena *arena, size_t count, size_t size); /* zeroed; checks overflow */
/* A copy with a NUL after it; absent when out of memory or when s is absent. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#define arena_new(arena, type) ((type *)arena_calloc((arena), 1, sizeof(type)))
#define arena_new_array(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))
