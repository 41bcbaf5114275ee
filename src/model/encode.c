/* SPDX-License-Identifier: Apache-2.0 */

#include "model/encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_writer.h"
#include "model/model.h"
#include "model/print.h"

enum { TIME_TEXT_BYTES = 40 };

/* Epoch seconds with up to three fraction digits, at least one: 1573686021.479 */
static void encode_time(struct json_writer *writer, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    int len = snprintf(text, sizeof(text), "%s%" PRIu64 ".%03" PRIu64, ms < 0 ? "-" : "",
                       size / 1000, size % 1000);

    for (int cut = 0; cut < 2 && text[len - 1] == '0'; cut++)
        len--;
    json_write_raw(writer, str_make(text, (size_t)len));
}

static void encode_value(struct json_writer *writer, const struct model_shape *shape,
                         const void *value);

static void encode_list(struct json_writer *writer, const struct model_shape *shape,
                        const struct model_list *list)
{
    json_write_array_begin(writer);
    for (size_t i = 0; i < list->count; i++)
        encode_value(writer, shape->element, (const char *)list->ptr + i * shape->element->size);
    json_write_array_end(writer);
}

static void encode_map(struct json_writer *writer, const struct model_shape *shape,
                       const struct model_list *map)
{
    size_t entry_bytes = model_entry_bytes(shape);

    json_write_object_begin(writer);
    for (size_t i = 0; i < map->count; i++) {
        const char *entry = (const char *)map->ptr + i * entry_bytes;

        json_write_key(writer, *(const struct str *)(const void *)entry);
        encode_value(writer, shape->element, entry + shape->value_offset);
    }
    json_write_object_end(writer);
}

static void encode_value(struct json_writer *writer, const struct model_shape *shape,
                         const void *value)
{
    if (!model_is_present(shape, value)) {
        json_write_null(writer);
        return;
    }
    switch (shape->kind) {
    case MODEL_STRING:
        json_write_str(writer, *(const struct str *)value);
        break;
    case MODEL_INTEGER:
    case MODEL_LONG:
        json_write_i64(writer, ((const struct model_int *)value)->value);
        break;
    case MODEL_DOUBLE:
        json_write_double(writer, ((const struct model_double *)value)->value);
        break;
    case MODEL_BOOLEAN:
        json_write_bool(writer, ((const struct model_bool *)value)->value);
        break;
    case MODEL_TIMESTAMP:
        encode_time(writer, ((const struct model_time *)value)->value_ms);
        break;
    case MODEL_LIST:
        encode_list(writer, shape, value);
        break;
    case MODEL_MAP:
        encode_map(writer, shape, value);
        break;
    case MODEL_STRUCTURE:
        model_encode_structure(writer, shape, value);
        break;
    case MODEL_BLOB: /* never in an answer of the services we speak */
    case MODEL_EVENT_STREAM:
        json_write_null(writer);
        break;
    }
}

void model_encode_structure(struct json_writer *writer, const struct model_shape *shape,
                            const void *structure)
{
    json_write_object_begin(writer);
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct model_member *member = &shape->members[i];
        const void *value = (const char *)structure + member->offset;

        if (member->location != MODEL_IN_BODY || member->shape->kind == MODEL_BLOB)
            continue;
        if (member->shape->kind == MODEL_STRUCTURE)
            value = *(const void *const *)value;
        if (value == NULL || !model_is_present(member->shape, value))
            continue;
        json_write_key(writer, str_of(member->name));
        encode_value(writer, member->shape, value);
    }
    json_write_object_end(writer);
}
