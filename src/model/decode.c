/* SPDX-License-Identifier: Apache-2.0 */

#include "model/decode.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "model/model.h"

enum { NUMBER_TEXT_BYTES = 64 };

static int wrong(struct model_decoder *decoder, const char *error)
{
    decoder->error = error;
    return MODEL_DECODE_WRONG_TYPE;
}

static const char *kind_name(enum model_kind kind)
{
    switch (kind) {
    case MODEL_INTEGER:
        return "an Integer";
    case MODEL_LONG:
        return "a Long";
    case MODEL_DOUBLE:
        return "a Double";
    case MODEL_BOOLEAN:
        return "a Boolean";
    case MODEL_TIMESTAMP:
        return "a Timestamp";
    default:
        return "a String";
    }
}

static const char *token_name(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_STRING:
        return "STRING_VALUE";
    case JSON_INTEGER:
        return "NUMBER_VALUE";
    case JSON_REAL:
        return "DECIMAL_VALUE";
    case JSON_TRUE:
        return "TRUE_VALUE";
    case JSON_FALSE:
        return "FALSE_VALUE";
    default:
        return "NULL_VALUE";
    }
}

/* What the service says when a scalar was expected and this came. */
static int wrong_scalar(struct model_decoder *decoder, enum model_kind kind, const json_t *json)
{
    struct str text;

    if (json_is_object(json))
        return wrong(decoder, "Start of structure or map found where not expected.");
    if (json_is_array(json))
        return wrong(decoder, "Start of list found where not expected");
    text = arena_printf(decoder->arena, "%s can not be converted to %s", token_name(json),
                        kind_name(kind));
    return str_is_set(text) ? wrong(decoder, text.ptr) : err_new(-ENOMEM);
}

static int wrong_container(struct model_decoder *decoder, const json_t *json)
{
    if (json_is_array(json))
        return wrong(decoder, "Start of list found where not expected");
    if (json_is_object(json))
        return wrong(decoder, "Start of structure or map found where not expected.");
    return wrong(decoder, "Unexpected field type");
}

static int decode_string(struct model_decoder *decoder, const json_t *json, struct str *ret)
{
    struct str copy;

    if (!json_is_string(json))
        return wrong_scalar(decoder, MODEL_STRING, json);
    copy = arena_str(decoder->arena, json_doc_text(json));
    if (!str_is_set(copy))
        return err_new(-ENOMEM);
    *ret = copy;
    return 0;
}

static int decode_int(struct model_decoder *decoder, enum model_kind kind, const json_t *json,
                      struct model_int *ret)
{
    int64_t value;

    if (!json_is_integer(json))
        return wrong_scalar(decoder, kind, json);
    value = json_integer_value(json);
    if (kind == MODEL_INTEGER && (value < INT32_MIN || value > INT32_MAX))
        return wrong_scalar(decoder, kind, json);
    *ret = model_int(value);
    return 0;
}

static int decode_time(struct model_decoder *decoder, const json_t *json, struct model_time *ret)
{
    const double ms_max = 9e15; /* exact in a double, far beyond any date */
    int64_t value;

    if (json_is_string(json) && model_parse_time(json_doc_text(json), &value)) {
        *ret = model_time(value);
        return 0;
    }
    if (!json_is_number(json) || fabs(json_number_value(json) * 1000) > ms_max)
        return wrong_scalar(decoder, MODEL_TIMESTAMP, json);
    *ret = model_time(llround(json_number_value(json) * 1000));
    return 0;
}

static int decode_blob(struct model_decoder *decoder, const json_t *json,
                       const struct api_blob **ret)
{
    const struct api_blob *blob = NULL;

    if (!json_is_string(json))
        return wrong_scalar(decoder, MODEL_STRING, json);
    if (decoder->find_blob != NULL)
        blob = decoder->find_blob(decoder->owner, json_doc_text(json));
    if (blob == NULL)
        return wrong(decoder, "Unexpected field type");
    *ret = blob;
    return 0;
}

static int decode_value(struct model_decoder *decoder, const struct model_shape *shape,
                        const json_t *json, void *value);

static int decode_list(struct model_decoder *decoder, const struct model_shape *shape,
                       const json_t *json, struct model_list *ret)
{
    size_t count = json_array_size(json);
    char *elements;

    if (!json_is_array(json))
        return wrong_container(decoder, json);
    elements = arena_calloc(decoder->arena, count > 0 ? count : 1, shape->element->size);
    if (elements == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++) {
        int r = decode_value(decoder, shape->element, json_array_get(json, i),
                             elements + i * shape->element->size);

        if (r != 0)
            return r < 0 ? err_pass(r) : r;
    }
    *ret = (struct model_list){.ptr = elements, .count = count};
    return 0;
}

static int decode_map(struct model_decoder *decoder, const struct model_shape *shape, json_t *json,
                      struct model_list *ret)
{
    size_t entry_bytes = model_entry_bytes(shape);
    size_t count = json_object_size(json);
    char *entries, *entry;

    if (!json_is_object(json))
        return wrong_container(decoder, json);
    entries = arena_calloc(decoder->arena, count > 0 ? count : 1, entry_bytes);
    if (entries == NULL)
        return err_new(-ENOMEM);
    entry = entries;
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at)) {
        struct str key = str_make(json_object_iter_key(at), json_object_iter_key_len(at));
        struct str *entry_key = (struct str *)(void *)entry;
        int r = decode_value(decoder, shape->element, json_object_iter_value(at),
                             entry + shape->value_offset);

        if (r != 0)
            return r < 0 ? err_pass(r) : r;
        *entry_key = arena_str(decoder->arena, key);
        if (!str_is_set(*entry_key))
            return err_new(-ENOMEM);
        entry += entry_bytes;
    }
    *ret = (struct model_list){.ptr = entries, .count = count};
    return 0;
}

/* value has the C type of a list element; it stays as it is when json is null. */
static int decode_value(struct model_decoder *decoder, const struct model_shape *shape,
                        const json_t *json, void *value)
{
    if (json_is_null(json))
        return 0;
    switch (shape->kind) {
    case MODEL_STRING:
        return decode_string(decoder, json, value);
    case MODEL_INTEGER:
    case MODEL_LONG:
        return decode_int(decoder, shape->kind, json, value);
    case MODEL_DOUBLE:
        if (!json_is_number(json))
            return wrong_scalar(decoder, shape->kind, json);
        *(struct model_double *)value = model_double(json_number_value(json));
        return 0;
    case MODEL_BOOLEAN:
        if (!json_is_boolean(json))
            return wrong_scalar(decoder, shape->kind, json);
        *(struct model_bool *)value = model_bool(json_is_true(json));
        return 0;
    case MODEL_TIMESTAMP:
        return decode_time(decoder, json, value);
    case MODEL_BLOB:
        return decode_blob(decoder, json, value);
    case MODEL_LIST:
        return decode_list(decoder, shape, json, value);
    case MODEL_MAP:
        /* The iterator wants the object writable, but only reads. */
        return decode_map(decoder, shape, (json_t *)(uintptr_t)json, value);
    case MODEL_STRUCTURE:
        return model_decode_structure(decoder, shape, json, value);
    case MODEL_EVENT_STREAM:
        break;
    }
    return 0;
}

static int decode_member(struct model_decoder *decoder, const struct model_member *member,
                         const json_t *json, void *structure)
{
    void *place = (char *)structure + member->offset;
    void *inner;
    int r;

    if (member->shape->kind != MODEL_STRUCTURE)
        return decode_value(decoder, member->shape, json, place);
    inner = arena_calloc(decoder->arena, 1, member->shape->size);
    if (inner == NULL)
        return err_new(-ENOMEM);
    r = model_decode_structure(decoder, member->shape, json, inner);
    if (r == 0)
        *(const void **)place = inner;
    return r;
}

int model_decode_structure(struct model_decoder *decoder, const struct model_shape *shape,
                           const json_t *json, void *structure)
{
    if (!json_is_object(json))
        return wrong_container(decoder, json);
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct model_member *member = &shape->members[i];
        const json_t *value = json_object_get(json, member->name);
        int r;

        if (member->location != MODEL_IN_BODY || value == NULL || json_is_null(value))
            continue;
        r = decode_member(decoder, member, value, structure);
        if (r != 0)
            return r;
    }
    return 0;
}

bool model_parse_time(struct str text, int64_t *ret_ms)
{
    char buffer[NUMBER_TEXT_BYTES], *end;
    struct tm tm = {0};
    double seconds;

    if (!str_to_cstr(text, buffer, sizeof(buffer)) || buffer[0] == '\0')
        return false;
    seconds = strtod(buffer, &end);
    if (*end == '\0' && fabs(seconds) < 9e12) {
        *ret_ms = llround(seconds * 1000);
        return true;
    }
    end = strptime(buffer, "%Y-%m-%dT%H:%M:%S", &tm);
    if (end == NULL)
        return false;
    seconds = *end == '.' ? strtod(end, &end) : 0;
    if (*end != 'Z' || end[1] != '\0')
        return false;
    *ret_ms = (int64_t)timegm(&tm) * 1000 + llround(seconds * 1000);
    return true;
}

static int wrong_text(struct model_decoder *decoder, enum model_kind kind)
{
    struct str text = arena_printf(
        decoder->arena, "class java.lang.String can not be converted to %s", kind_name(kind));

    return str_is_set(text) ? wrong(decoder, text.ptr) : err_new(-ENOMEM);
}

static bool text_to_double(struct str text, double *ret)
{
    char buffer[NUMBER_TEXT_BYTES], *end;

    if (!str_to_cstr(text, buffer, sizeof(buffer)) || buffer[0] == '\0')
        return false;
    *ret = strtod(buffer, &end);
    return *end == '\0';
}

static int decode_text(struct model_decoder *decoder, const struct model_shape *shape,
                       struct str text, void *value)
{
    int64_t number = 0;
    double real = 0;

    switch (shape->kind) {
    case MODEL_STRING:
    case MODEL_BLOB:
        *(struct str *)value = arena_str(decoder->arena, text);
        return str_is_set(*(struct str *)value) ? 0 : err_new(-ENOMEM);
    case MODEL_INTEGER:
    case MODEL_LONG:
        if (!str_to_i64(text, &number) ||
            (shape->kind == MODEL_INTEGER && (number < INT32_MIN || number > INT32_MAX)))
            return wrong_text(decoder, shape->kind);
        *(struct model_int *)value = model_int(number);
        return 0;
    case MODEL_DOUBLE:
        if (!text_to_double(text, &real))
            return wrong_text(decoder, shape->kind);
        *(struct model_double *)value = model_double(real);
        return 0;
    case MODEL_BOOLEAN:
        if (!str_eq_nocase(text, STR("true")) && !str_eq_nocase(text, STR("false")))
            return wrong_text(decoder, shape->kind);
        *(struct model_bool *)value = model_bool(str_eq_nocase(text, STR("true")));
        return 0;
    case MODEL_TIMESTAMP:
        if (!model_parse_time(text, &number))
            return wrong_text(decoder, shape->kind);
        *(struct model_time *)value = model_time(number);
        return 0;
    default:
        return wrong(decoder, "Unexpected field type");
    }
}

int model_decode_text(struct model_decoder *decoder, const struct model_member *member,
                      struct str text, void *structure)
{
    return decode_text(decoder, member->shape, text, (char *)structure + member->offset);
}

int model_decode_texts(struct model_decoder *decoder, const struct model_member *member,
                       const struct str *texts, size_t count, void *structure)
{
    struct model_list *list = (void *)((char *)structure + member->offset);
    const struct model_shape *element = member->shape->element;
    char *elements = arena_calloc(decoder->arena, count, element->size);

    if (elements == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++) {
        int r = decode_text(decoder, element, texts[i], elements + i * element->size);

        if (r != 0)
            return r;
    }
    *list = (struct model_list){.ptr = elements, .count = count};
    return 0;
}
