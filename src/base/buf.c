/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"

enum { BUF_CAP_MIN = 64 };

void buf_deinit(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

static int fail(struct buf *buf, int error)
{
    buf->failed = true;
    return err_new(error);
}

int buf_reserve(struct buf *buf, size_t more)
{
    size_t need;
    size_t cap;
    char *ptr;

    if (buf->failed)
        return err_new(-ENOMEM);
    if (__builtin_add_overflow(buf->len, more, &need) || (buf->max && need > buf->max))
        return fail(buf, -EMSGSIZE);
    if (need <= buf->cap)
        return 0;
    cap = buf->cap + buf->cap / 2;
    if (cap < need)
        cap = need;
    if (cap < BUF_CAP_MIN)
        cap = BUF_CAP_MIN;
    ptr = realloc(buf->ptr, cap);
    if (!ptr)
        return fail(buf, -ENOMEM);
    buf->ptr = ptr;
    buf->cap = cap;
    return 0;
}

int buf_append(struct buf *buf, const void *bytes, size_t len)
{
    int r = buf_reserve(buf, len);

    if (r < 0)
        return err_pass(r);
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    return 0;
}

int buf_append_str(struct buf *buf, struct str s)
{
    return buf_append(buf, s.ptr, s.len);
}

int buf_append_char(struct buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

int buf_append_u64(struct buf *buf, uint64_t value)
{
    char text[20];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return buf_append(buf, text + at, sizeof(text) - at);
}

int buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    int len;
    int r;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(len >= 0);
    r = buf_reserve(buf, (size_t)len + 1);
    if (r < 0)
        return err_pass(r);
    va_start(args, format);
    (void)vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return 0;
}

void buf_consume(struct buf *buf, size_t len)
{
    must(len <= buf->len);
    buf->len -= len;
    if (buf->len && len)
        memmove(buf->ptr, buf->ptr + len, buf->len);
}

char *buf_steal(struct buf *buf, size_t *ret_len)
{
    char *ptr = buf->ptr;

    if (!ptr)
        ptr = malloc(1);
    if (!ptr)
        return NULL;
    *ret_len = buf->len;
    *buf = (struct buf){.max = buf->max};
    return ptr;
}
