/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pages of lists. A marker names the last item that was given; it says so to us alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/model.h"

struct api_request;
struct codec_pair;
struct codec_pairs;

enum { PAGE_ITEMS_MAX = 50 };

struct page_place {
    struct str name; /* absent: the beginning */
    uint64_t version;
};

/* How many items the page has. */
size_t page_size(struct model_int max_items);
/* False: the marker is none of ours, and the request has been answered. */
bool page_start(struct api_request *request, struct str marker, struct page_place *ret_place);
/*
 * The page of what a function has by qualifier: of pairs in the byte order of their names, those
 * after the place. False: out of memory, and the request has been answered.
 */
struct page_of_pairs {
    const struct codec_pair *ptr; /* views of the pairs */
    size_t count;
    struct str next_marker; /* absent: there is nothing more */
};
bool page_pairs(struct api_request *request, const struct codec_pairs *pairs,
                const struct page_place *after, struct model_int max_items,
                struct page_of_pairs *ret_page);
/* Absent when out of memory. */
struct str page_marker(struct api_request *request, const struct page_place *place);
