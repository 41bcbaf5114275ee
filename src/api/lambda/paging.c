/* SPDX-License-Identifier: Apache-2.0 */

/* A marker is "name:version" in base64. */

#include "api/lambda/paging.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/request.h"
#include "base/base64.h"
#include "base/error.h"
#include "catalog/codec.h"

size_t page_size(struct model_int max_items)
{
    if (!max_items.has || max_items.value < 1 || max_items.value > PAGE_ITEMS_MAX)
        return PAGE_ITEMS_MAX;
    return (size_t)max_items.value;
}

static bool marker_parse(struct api_request *request, struct str marker,
                         struct page_place *ret_place)
{
    char *text = arena_alloc(&request->arena, marker.len + 3);
    struct str rest;
    size_t len;

    if (!text || !base64_decode(text, &len, marker.ptr, marker.len))
        return false;
    rest = str_make(text, len);
    return str_next(&rest, ':', &ret_place->name) && ret_place->name.len > 0 &&
           str_to_u64(rest, &ret_place->version);
}

bool page_start(struct api_request *request, struct str marker, struct page_place *ret_place)
{
    *ret_place = (struct page_place){0};
    if (marker.len == 0 || marker_parse(request, marker, ret_place))
        return true;
    answer_invalid(request, "The provided marker is invalid.");
    return false;
}

struct str page_marker(struct api_request *request, const struct page_place *place)
{
    struct str text = arena_printf(&request->arena, "%.*s:%llu", STR_FMT(place->name),
                                   (unsigned long long)place->version);
    char *marker = arena_alloc(&request->arena, BASE64_TEXT_BYTES(text.len) + 1);

    if (!str_is_set(text) || !marker)
        return STR_NONE;
    return str_make(marker, base64_encode(marker, text.ptr, text.len));
}

bool page_pairs(struct api_request *request, const struct codec_pairs *pairs,
                const struct page_place *after, struct model_int max_items,
                struct page_of_pairs *ret_page)
{
    size_t from = 0, count = page_size(max_items);

    if (str_is_set(after->name))
        while (from < pairs->count && str_cmp(pairs->ptr[from].name, after->name) <= 0)
            from++;
    *ret_page = (struct page_of_pairs){.count = pairs->count - from};
    if (ret_page->count > 0) /* else there may be no array */
        ret_page->ptr = pairs->ptr + from;
    if (ret_page->count > count) {
        const struct page_place last = {.name = ret_page->ptr[count - 1].name};

        ret_page->count = count;
        ret_page->next_marker = page_marker(request, &last);
        if (!str_is_set(ret_page->next_marker)) {
            api_fault_internal(request, err_new(-ENOMEM));
            return false;
        }
    }
    return true;
}
