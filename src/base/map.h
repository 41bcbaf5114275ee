/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hash map from text to pointer. Keys are borrowed: normally they live inside the value, and must
 * stay as they are while the entry exists. The hash is SipHash-1-3 with a random key per map,
 * because keys may come from customers. Open addressing; cost of every operation is constant on
 * average, memory is 32 bytes an entry at 50 % load.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct map_entry {
    struct str key; /* borrowed from the value; ptr NULL: free place */
    void *value;    /* owned by the map's user */
};

struct map {
    struct map_entry *entries; /* owned */
    size_t cap;                /* 0 or a power of two */
    size_t count;
    uint64_t seed[2];
};

void map_init(struct map *map);
void map_deinit(struct map *map); /* does not touch the values */

void *map_get(const struct map *map, struct str key); /* NULL when absent */
/* Outcome of map_put. */
enum { MAP_OK, MAP_EXISTS };
/* Adds a new entry; MAP_EXISTS (nothing changed) when the key is there; -ENOMEM. */
int map_put(struct map *map, struct str key, void *value);
/* Takes the entry out and returns its value; NULL when absent. */
void *map_remove(struct map *map, struct str key);

/* Entries in no particular order; the map must not change meanwhile. Start with *at = 0. */
struct map_entry *map_next(const struct map *map, size_t *at);

#define map_for_each(entry, map)                                                                   \
    for (size_t entry##_at = 0, entry##_once = 1; entry##_once; entry##_once = 0)                  \
        for (struct map_entry * entry; (entry = map_next((map), &entry##_at)) != NULL;)
