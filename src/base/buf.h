/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growable bytes. Zero-initialised it is empty and owns nothing. An append that cannot be done (no
 * memory, or past max) leaves the content as it was, marks the buffer failed and makes every later
 * append fail too, so that a long run of appends needs one check at its end: buf_failed().
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

struct buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t max; /* 0: no limit */
    bool failed;
};

void buf_deinit(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory; clears the failure */

/* 0, -ENOMEM or -EMSGSIZE (past max). */
int buf_reserve(struct buf *buf, size_t more);
int buf_append(struct buf *buf, const void *bytes, size_t len);
int buf_append_str(struct buf *buf, struct str s);
int buf_append_char(struct buf *buf, char c);
int buf_append_u64(struct buf *buf, uint64_t value); /* decimal */
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drop the first len bytes. Cost: what remains is moved. */
void buf_consume(struct buf *buf, size_t len);

/* The content as a malloc'd block that the caller owns (never NULL on success); the buffer is empty
 * after. */
char *buf_steal(struct buf *buf, size_t *ret_len);

static inline bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

static inline struct str buf_str(const struct buf *buf)
{
    return str_make(buf->ptr ? buf->ptr : "", buf->len);
}
