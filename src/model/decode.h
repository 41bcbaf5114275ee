/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From the wire to the generated structures. Memory comes from the arena; nothing refers to the
 * source after the call. null is the same as absent, unknown members are ignored.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/str.h"

struct api_blob;
struct arena;
struct model_member;
struct model_shape;

/* Outcome: the value has the wrong type; the text of the SerializationException is in `error`. */
enum { MODEL_DECODE_OK, MODEL_DECODE_WRONG_TYPE };

struct model_decoder {
    struct arena *arena;
    /* The blob that the placeholder text of a blob member stands for; NULL: it is none of ours. */
    const struct api_blob *(*find_blob)(void *owner, struct str placeholder);
    void *owner;
    const char *error;
};

/* The body members of a structure (its other members keep their values). Positive outcome or
 * -ENOMEM. */
int model_decode_structure(struct model_decoder *decoder, const struct model_shape *shape,
                           const json_t *json, void *structure);

/* A member of which the text stood in the path, the query or a header (already percent-decoded). */
int model_decode_text(struct model_decoder *decoder, const struct model_member *member,
                      struct str text, void *structure);

/* The same for a list in the query, given all its values. */
int model_decode_texts(struct model_decoder *decoder, const struct model_member *member,
                       const struct str *texts, size_t count, void *structure);

/* "2025-11-25T02:26:54.123Z" or epoch seconds; false when it is neither. */
bool model_parse_time(struct str text, int64_t *ret_ms);
