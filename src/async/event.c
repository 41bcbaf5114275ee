/* SPDX-License-Identifier: Apache-2.0 */

#include "async/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/codec.h"

enum { NUMBER_DIGITS = 16, PLACE_DIGITS = 2 * NUMBER_DIGITS };

static const struct codec_field event_fields[] = {
    {1, CODEC_U32, offsetof(struct async_event, kind)},
    {2, CODEC_STR, offsetof(struct async_event, request_id)},
    {3, CODEC_STR, offsetof(struct async_event, qualifier)},
    {4, CODEC_STR, offsetof(struct async_event, trace_id)},
    {5, CODEC_STR, offsetof(struct async_event, client_context)},
    {6, CODEC_STR, offsetof(struct async_event, tenant_id)},
    {7, CODEC_U64, offsetof(struct async_event, accepted_ms)},
    {8, CODEC_U32, offsetof(struct async_event, attempts)},
    {9, CODEC_U32, offsetof(struct async_event, waits)},
    {10, CODEC_STR, offsetof(struct async_event, payload)},
    {11, CODEC_STR, offsetof(struct async_event, target)},
    {12, CODEC_BOOL, offsetof(struct async_event, is_success)},
    {13, CODEC_U32, offsetof(struct async_event, error_code)},
    {14, CODEC_STR, offsetof(struct async_event, error_message)},
};

void async_event_encode(struct buf *out, const struct async_event *event)
{
    codec_encode(out, event_fields, array_count(event_fields), event);
}

int async_event_decode(struct str bytes, struct async_event *ret_event)
{
    *ret_event = (struct async_event){0};
    return codec_decode(bytes, event_fields, array_count(event_fields), NULL, ret_event);
}

int async_place_cmp(const struct async_place *a, const struct async_place *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

struct str async_queue_key(struct arena *arena, const struct function_id *id)
{
    return arena_printf(arena, "%.*s/%.*s/%.*s/", STR_FMT(id->account), STR_FMT(id->region),
                        STR_FMT(id->name));
}

struct str async_row_key(struct arena *arena, struct str queue, const struct async_place *place)
{
    return arena_printf(arena, "%.*s%016" PRIx64 "%016" PRIx64, STR_FMT(queue), place->due_ms,
                        place->number);
}

static bool hex_parse(struct str digits, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret_value = value;
    return true;
}

bool async_row_key_parse(struct str key, struct str *ret_queue, struct async_place *ret_place)
{
    size_t end = key.len >= PLACE_DIGITS ? key.len - PLACE_DIGITS : 0;

    if (end == 0 || key.ptr[end - 1] != '/')
        return false;
    *ret_queue = str_sub(key, 0, end);
    return hex_parse(str_sub(key, end, end + NUMBER_DIGITS), &ret_place->due_ms) &&
           hex_parse(str_sub(key, end + NUMBER_DIGITS, key.len), &ret_place->number);
}

bool async_queue_key_parse(struct str queue, struct function_id *ret_id)
{
    struct str rest = queue;

    return str_next(&rest, '/', &ret_id->account) && str_next(&rest, '/', &ret_id->region) &&
           str_next(&rest, '/', &ret_id->name) && str_is_set(rest) && rest.len == 0;
}
