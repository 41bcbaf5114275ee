/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pages of lists. A marker names the last item that was given; it says so to us alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/model.h"

struct api_request;

enum { PAGE_ITEMS_MAX = 50 };

struct page_place {
    struct str name; /* absent: the beginning */
    uint64_t version;
};

/* How many items the page has. */
size_t page_size(struct model_int max_items);
/* False: the marker is none of ours, and the request has been answered. */
bool page_start(struct api_request *request, struct str marker, struct page_place *ret_place);
/* Absent when out of memory. */
struct str page_marker(struct api_request *request, const struct page_place *place);
