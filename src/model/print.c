/* SPDX-License-Identifier: Apache-2.0 */

#include "model/print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/model.h"

enum { DOUBLE_TEXT_BYTES = 40 };

bool model_is_present(const struct model_shape *shape, const void *value)
{
    switch (shape->kind) {
    case MODEL_STRING:
        return str_is_set(*(const struct str *)value);
    case MODEL_INTEGER:
    case MODEL_LONG:
        return ((const struct model_int *)value)->has;
    case MODEL_DOUBLE:
        return ((const struct model_double *)value)->has;
    case MODEL_BOOLEAN:
        return ((const struct model_bool *)value)->has;
    case MODEL_TIMESTAMP:
        return ((const struct model_time *)value)->has;
    case MODEL_BLOB:
        return *(const struct api_blob *const *)value != NULL;
    case MODEL_LIST:
    case MODEL_MAP:
        return ((const struct model_list *)value)->ptr != NULL;
    case MODEL_STRUCTURE:
        return true; /* as an element it lies there by value */
    case MODEL_EVENT_STREAM:
        break;
    }
    return false;
}

/* Significant digits without a point, and the power of ten of the first; the shortest that reads
 * back. */
static int shortest_digits(double value, char digits[DOUBLE_TEXT_BYTES])
{
    char text[DOUBLE_TEXT_BYTES];
    size_t count = 0;

    for (int precision = 0; precision < 17; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    for (const char *p = text; *p != 'e' && *p != '\0'; p++)
        if (*p >= '0' && *p <= '9')
            digits[count++] = *p;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    digits[count] = '\0';
    return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

/* 0.001 up to 10,000,000 plainly, everything else as 1.0E10: always with a digit after the point.
 */
void model_print_double(struct buf *out, double value)
{
    char digits[DOUBLE_TEXT_BYTES];
    int exponent, count;

    if (!isfinite(value)) {
        (void)buf_append_str(out, isnan(value) ? STR("NaN")
                                  : value < 0  ? STR("-Infinity")
                                               : STR("Infinity"));
        return;
    }
    exponent = shortest_digits(fabs(value), digits);
    count = (int)strlen(digits);
    if (signbit(value))
        (void)buf_append_char(out, '-');
    if (value != 0 && (exponent < -3 || exponent >= 7)) {
        (void)buf_printf(out, "%c.%sE%d", digits[0], count > 1 ? digits + 1 : "0", exponent);
    } else if (exponent < 0) {
        (void)buf_printf(out, "0.%.*s%s", -exponent - 1, "000", digits);
    } else {
        for (int i = 0; i <= exponent; i++)
            (void)buf_append_char(out, i < count ? digits[i] : '0');
        (void)buf_printf(out, ".%s", count > exponent + 1 ? digits + exponent + 1 : "0");
    }
}

static void print_list(struct buf *out, const struct model_shape *shape,
                       const struct model_list *list)
{
    (void)buf_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            (void)buf_append_str(out, STR(", "));
        model_print(out, shape->element, (const char *)list->ptr + i * shape->element->size);
    }
    (void)buf_append_char(out, ']');
}

static void print_map(struct buf *out, const struct model_shape *shape,
                      const struct model_list *map)
{
    size_t entry_bytes = model_entry_bytes(shape);

    (void)buf_append_char(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        const char *entry = (const char *)map->ptr + i * entry_bytes;

        if (i > 0)
            (void)buf_append_str(out, STR(", "));
        (void)buf_append_str(out, *(const struct str *)(const void *)entry);
        (void)buf_append_char(out, '=');
        model_print(out, shape->element, entry + shape->value_offset);
    }
    (void)buf_append_char(out, '}');
}

static void print_structure(struct buf *out, const struct model_shape *shape, const void *value)
{
    (void)buf_printf(out, "%s(", shape->name);
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct model_member *member = &shape->members[i];
        const void *inner = (const char *)value + member->offset;

        if (member->shape->kind == MODEL_STRUCTURE)
            inner = *(const void *const *)inner;
        (void)buf_printf(out, "%s%s=", i > 0 ? ", " : "", member->path);
        if (inner == NULL || member->shape->kind == MODEL_BLOB)
            (void)buf_append_str(out, STR("null"));
        else
            model_print(out, member->shape, inner);
    }
    (void)buf_append_char(out, ')');
}

void model_print(struct buf *out, const struct model_shape *shape, const void *value)
{
    if (!model_is_present(shape, value)) {
        (void)buf_append_str(out, STR("null"));
        return;
    }
    switch (shape->kind) {
    case MODEL_STRING:
        (void)buf_append_str(out, *(const struct str *)value);
        break;
    case MODEL_INTEGER:
    case MODEL_LONG:
        (void)buf_printf(out, "%" PRId64, ((const struct model_int *)value)->value);
        break;
    case MODEL_DOUBLE:
        model_print_double(out, ((const struct model_double *)value)->value);
        break;
    case MODEL_BOOLEAN:
        (void)buf_append_str(out, ((const struct model_bool *)value)->value ? STR("true")
                                                                            : STR("false"));
        break;
    case MODEL_TIMESTAMP:
        (void)buf_printf(out, "%" PRId64, ((const struct model_time *)value)->value_ms);
        break;
    case MODEL_LIST:
        print_list(out, shape, value);
        break;
    case MODEL_MAP:
        print_map(out, shape, value);
        break;
    case MODEL_STRUCTURE:
        print_structure(out, shape, value);
        break;
    case MODEL_BLOB:
    case MODEL_EVENT_STREAM:
        break;
    }
}
