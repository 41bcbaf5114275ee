/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Percent-encoded text of paths and queries. Pure. */

#include <stdbool.h>

#include "base/str.h"

struct arena;

/*
 * Decoded, in the arena; what is no proper escape stays as it is. plus_is_blank: as in queries.
 * Absent when out of memory.
 */
struct str percent_decode(struct arena *arena, struct str text, bool plus_is_blank);

/* The next "name=value" of a query, as sent; empty ones are passed over. The value is absent
 * without "=". False at the end. */
bool query_next(struct str *rest, struct str *ret_name, struct str *ret_value);
