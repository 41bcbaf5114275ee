/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "base/rand.h"

enum { MAP_CAP_MIN = 16 };

void map_init(struct map *map)
{
    *map = (struct map){0};
    rand_bytes(map->seed, sizeof(map->seed));
}

void map_deinit(struct map *map)
{
    free(map->entries);
    *map = (struct map){0};
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static uint64_t hash(const struct map *map, struct str key)
{
    uint64_t v[4] = {map->seed[0] ^ 0x736f6d6570736575, map->seed[1] ^ 0x646f72616e646f6d,
                     map->seed[0] ^ 0x6c7967656e657261, map->seed[1] ^ 0x7465646279746573};
    size_t left = key.len;
    const char *at = key.ptr;
    uint64_t word;

    for (; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = 0;
    if (left)
        memcpy(&word, at, left);
    word |= (uint64_t)key.len << 56;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The key's place, or the free place where it would go. */
static size_t place_of(const struct map *map, struct str key)
{
    size_t mask = map->cap - 1;
    size_t at = (size_t)hash(map, key) & mask;

    while (map->entries[at].key.ptr && !str_eq(map->entries[at].key, key))
        at = (at + 1) & mask;
    return at;
}

void *map_get(const struct map *map, struct str key)
{
    if (map->count == 0 || !key.ptr)
        return NULL;
    return map->entries[place_of(map, key)].value;
}

static int grow(struct map *map)
{
    struct map old = *map;
    size_t cap = old.cap ? old.cap * 2 : MAP_CAP_MIN;
    struct map_entry *entries = calloc(cap, sizeof(*entries));

    if (!entries)
        return err_new(-ENOMEM);
    map->entries = entries;
    map->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.entries[i].key.ptr)
            entries[place_of(map, old.entries[i].key)] = old.entries[i];
    free(old.entries);
    return 0;
}

int map_put(struct map *map, struct str key, void *value)
{
    size_t at;
    int r;

    must(key.ptr);
    must(value);
    if (map_get(map, key))
        return MAP_EXISTS;
    if ((map->count + 1) * 2 > map->cap) {
        r = grow(map);
        if (r < 0)
            return err_pass(r);
    }
    at = place_of(map, key);
    map->entries[at] = (struct map_entry){key, value};
    map->count++;
    return MAP_OK;
}

/* Close the gap: move back every later entry of the run whose own place is not after the gap. */
static void close_gap(struct map *map, size_t gap)
{
    size_t mask = map->cap - 1;
    size_t home;

    for (size_t at = (gap + 1) & mask; map->entries[at].key.ptr; at = (at + 1) & mask) {
        home = (size_t)hash(map, map->entries[at].key) & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        map->entries[gap] = map->entries[at];
        map->entries[at] = (struct map_entry){0};
        gap = at;
    }
}

void *map_remove(struct map *map, struct str key)
{
    size_t at;
    void *value;

    if (map->count == 0 || !key.ptr)
        return NULL;
    at = place_of(map, key);
    value = map->entries[at].value;
    if (!value)
        return NULL;
    map->entries[at] = (struct map_entry){0};
    map->count--;
    close_gap(map, at);
    return value;
}

struct map_entry *map_next(const struct map *map, size_t *at)
{
    for (; *at < map->cap; (*at)++)
        if (map->entries[*at].key.ptr)
            return &map->entries[(*at)++];
    return NULL;
}
