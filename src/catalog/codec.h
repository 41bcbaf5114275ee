/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compact rows: structures as tagged fields, described by a table. Fields that are absent, zero or
 * false take no room; a reader skips tags that it does not know, so that fields can be added.
 * Decoded text and digests are views of the bytes; lists are arrays in the given arena.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct buf;

struct codec_pair {
    struct str name;
    struct str value;
};

/* Absent when ptr is NULL, else present, maybe empty. */
struct codec_list {
    const struct str *ptr;
    size_t count;
};

struct codec_pairs {
    const struct codec_pair *ptr;
    size_t count;
};

enum codec_kind {
    CODEC_STR,
    CODEC_U32,
    CODEC_U64,
    CODEC_BOOL,
    CODEC_DIGEST, /* struct digest; absent when all zero */
    CODEC_LIST,   /* struct codec_list */
    CODEC_PAIRS,  /* struct codec_pairs */
};

struct codec_field {
    uint8_t tag; /* on disk: never reuse one */
    enum codec_kind kind;
    size_t offset;
};

/* Pairs as a table in the byte order of the names, each at most once. */

/* NULL when there is no such name. */
const struct codec_pair *codec_pairs_find(const struct codec_pairs *pairs, struct str name);
/* The pairs with this one put in its place (value absent: taken out); name and value are borrowed.
 * 0 or -ENOMEM. */
int codec_pairs_replace(struct codec_pairs *pairs, struct arena *arena, struct str name,
                        struct str value);

/* Failures stay in the buffer. */
void codec_encode(struct buf *out, const struct codec_field *fields, size_t count,
                  const void *object);
/* The row in the arena; absent when out of memory. */
struct str codec_encode_in(struct arena *arena, const struct codec_field *fields, size_t count,
                           const void *object);
/* object must be zeroed. 0, -EBADMSG or -ENOMEM. */
int codec_decode(struct str bytes, const struct codec_field *fields, size_t count,
                 struct arena *arena, void *object);
