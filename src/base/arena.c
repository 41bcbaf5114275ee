/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct arena_block {
    struct arena_block *next;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_deinit(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){.bytes_max = arena->bytes_max};
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = NULL;
    struct arena_block *next;

    for (struct arena_block *block = arena->blocks; block; block = next) {
        next = block->next;
        if (!keep && block->size == ARENA_BLOCK_BYTES)
            keep = block;
        else
            free(block);
    }
    if (keep)
        keep->next = NULL;
    *arena = (struct arena){
        .blocks = keep,
        .bytes_total = keep ? ARENA_BLOCK_BYTES : 0,
        .bytes_max = arena->bytes_max,
    };
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    struct arena_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    if (arena->bytes_max && size > arena->bytes_max - arena->bytes_total)
        return NULL;
    block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    block->size = size;
    arena->bytes_total += size;
    return block;
}

/* A block that holds only this allocation goes behind the newest, which stays the one to cut from.
 */
static void *alloc_large(struct arena *arena, size_t size)
{
    struct arena_block *block = block_add(arena, size);

    if (!block)
        return NULL;
    if (arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = NULL;
        arena->blocks = block;
        arena->used = size;
    }
    return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block;
    void *at;

    if (size > SIZE_MAX - alignof(max_align_t))
        return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > ARENA_BLOCK_BYTES / 2)
        return alloc_large(arena, size);
    if (!arena->blocks || arena->blocks->size - arena->used < size) {
        block = block_add(arena, ARENA_BLOCK_BYTES);
        if (!block)
            return NULL;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->used = 0;
    }
    at = arena->blocks->bytes + arena->used;
    arena->used += size;
    return at;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    void *at;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    at = arena_alloc(arena, total);
    if (at)
        memset(at, 0, total);
    return at;
}

char *arena_cstr(struct arena *arena, struct str s)
{
    char *copy;

    if (!s.ptr)
        return NULL;
    copy = arena_alloc(arena, s.len + 1);
    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *copy = arena_cstr(arena, s);

    return copy ? str_make(copy, s.len) : STR_NONE;
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    must(len >= 0);
    text = arena_alloc(arena, (size_t)len + 1);
    if (!text)
        return STR_NONE;
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    return str_make(text, (size_t)len);
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    struct str s;

    va_start(args, format);
    s = arena_vprintf(arena, format, args);
    va_end(args);
    return s;
}
