/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_tail.h"

#include <string.h>

enum { SIZE = LIMIT_LOG_TAIL_BYTES };

static void put(struct log_tail *tail, const char *ptr, size_t len)
{
    size_t at = (tail->start + tail->len) % SIZE;
    size_t first = len < SIZE - at ? len : SIZE - at;

    memcpy(tail->bytes + at, ptr, first);
    memcpy(tail->bytes, ptr + first, len - first);
    tail->len += len;
    if (tail->len > SIZE) {
        tail->start = (tail->start + tail->len - SIZE) % SIZE;
        tail->len = SIZE;
    }
}

void log_tail_append(struct log_tail *tail, struct str text)
{
    if (text.len > SIZE)
        text = str_sub(text, text.len - SIZE, text.len);
    if (text.len)
        put(tail, text.ptr, text.len);
}

size_t log_tail_copy(const struct log_tail *tail, char *to)
{
    size_t first = tail->len < SIZE - tail->start ? tail->len : SIZE - tail->start;

    memcpy(to, tail->bytes + tail->start, first);
    memcpy(to + first, tail->bytes, tail->len - first);
    return tail->len;
}
