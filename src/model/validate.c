/* SPDX-License-Identifier: Apache-2.0 */

#include "model/validate.h"

#include <errno.h>
#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/utf8.h"
#include "model/model.h"
#include "model/pattern.h"
#include "model/print.h"

/* One walk through an input. */
struct walk {
    struct model_patterns *patterns;
    struct buf path;   /* "vpcConfig.subnetIds" */
    struct buf errors; /* "Value …; Value …" */
    unsigned error_count;
};

static void walk_deinit(struct walk *walk)
{
    buf_deinit(&walk->path);
    buf_deinit(&walk->errors);
}

/* The texts of single constraints. */

static void append_bound(struct buf *out, const struct model_shape *shape, bool is_max)
{
    bool is_number =
        shape->kind == MODEL_INTEGER || shape->kind == MODEL_LONG || shape->kind == MODEL_DOUBLE;

    (void)buf_printf(out, "Member must have %s %s than or equal to ",
                     is_number ? "value" : "length", is_max ? "less" : "greater");
    if (shape->kind == MODEL_DOUBLE)
        model_print_double(out, is_max ? shape->max_double : shape->min_double);
    else
        (void)buf_printf(out, "%" PRId64, is_max ? shape->max : shape->min);
}

static void append_enum(struct buf *out, const struct model_shape *shape)
{
    (void)buf_append_str(out, STR("Member must satisfy enum value set: ["));
    for (size_t i = 0; i < shape->enum_count - shape->enum_silent_count; i++)
        (void)buf_printf(out, "%s%s", i > 0 ? ", " : "", shape->enums[i]);
    (void)buf_append_char(out, ']');
}

static void append_pattern(struct buf *out, const struct walk *walk,
                           const struct model_shape *shape)
{
    (void)buf_printf(out, "Member must satisfy regular expression pattern: %s",
                     model_pattern_text(walk->patterns, shape->pattern));
}

static void append_composite(struct buf *out, const struct walk *walk, const char *what,
                             const struct model_shape *shape, bool with_null);

/* A comma when something was appended since `before`. */
static void separate(struct buf *out, size_t before)
{
    if (out->len > before)
        (void)buf_append_str(out, STR(", ")); /* failures stay in the buffer */
}

/* Everything that is asked of a value, as it stands between brackets in the composite texts. */
static void append_constraints(struct buf *out, const struct walk *walk,
                               const struct model_shape *shape, bool with_null)
{
    size_t before = out->len;

    if (shape->enums != NULL) {
        separate(out, before);
        append_enum(out, shape);
    }
    if (shape->flags & MODEL_HAS_MAX) {
        separate(out, before);
        append_bound(out, shape, true);
    }
    if (shape->flags & MODEL_HAS_MIN) {
        separate(out, before);
        append_bound(out, shape, false);
    }
    if (shape->pattern != 0) {
        separate(out, before);
        append_pattern(out, walk, shape);
    }
    if (shape->kind == MODEL_LIST) {
        separate(out, before);
        append_composite(out, walk, "Member", shape->element, !(shape->flags & MODEL_SPARSE));
    }
    if (with_null) {
        separate(out, before);
        (void)buf_append_str(out, STR("Member must not be null"));
    }
}

static void append_composite(struct buf *out, const struct walk *walk, const char *what,
                             const struct model_shape *shape, bool with_null)
{
    (void)buf_printf(out, "%s must satisfy constraint: [", what);
    append_constraints(out, walk, shape, with_null);
    (void)buf_append_char(out, ']');
}

/* Start an error about the value at the current path; the constraint's text follows. */
static struct buf *error_begin(struct walk *walk, const struct model_shape *shape,
                               const void *value)
{
    struct buf *out = &walk->errors;

    if (walk->error_count++ > 0)
        (void)buf_append_str(out, STR("; "));
    (void)buf_append_str(out, STR("Value "));
    if (value == NULL) {
        (void)buf_append_str(out, STR("null "));
    } else if (!(shape->flags & MODEL_SENSITIVE)) {
        (void)buf_append_char(out, '\'');
        model_print(out, shape, value);
        (void)buf_append_str(out, STR("' "));
    }
    (void)buf_printf(out,
                     "at '%.*s' failed to satisfy constraint: ", STR_FMT(buf_str(&walk->path)));
    return out;
}

/* Single checks. */

static bool enum_holds(const struct model_shape *shape, const void *value)
{
    struct str text = *(const struct str *)value;

    for (size_t i = 0; i < shape->enum_count; i++)
        if (str_eq(text, str_of(shape->enums[i])))
            return true;
    return shape->enums == NULL;
}

static int64_t measure(const struct model_shape *shape, const void *value)
{
    switch (shape->kind) {
    case MODEL_STRING:
        return (int64_t)utf8_count(*(const struct str *)value);
    case MODEL_LIST:
    case MODEL_MAP:
        return (int64_t)((const struct model_list *)value)->count;
    case MODEL_INTEGER:
    case MODEL_LONG:
        return ((const struct model_int *)value)->value;
    default:
        return 0;
    }
}

static bool max_holds(const struct model_shape *shape, const void *value)
{
    if (!(shape->flags & MODEL_HAS_MAX))
        return true;
    if (shape->kind == MODEL_DOUBLE)
        return ((const struct model_double *)value)->value <= shape->max_double;
    return measure(shape, value) <= shape->max;
}

static bool min_holds(const struct model_shape *shape, const void *value)
{
    if (!(shape->flags & MODEL_HAS_MIN))
        return true;
    if (shape->kind == MODEL_DOUBLE)
        return ((const struct model_double *)value)->value >= shape->min_double;
    return measure(shape, value) >= shape->min;
}

static bool pattern_holds(const struct walk *walk, const struct model_shape *shape,
                          const void *value)
{
    return shape->pattern == 0 ||
           model_pattern_matches(walk->patterns, shape->pattern, *(const struct str *)value);
}

static bool elements_hold(const struct walk *walk, const struct model_shape *shape,
                          const void *value);

/* Whether a value inside a list or map is as it should be; structures are looked into elsewhere. */
static bool value_holds(const struct walk *walk, const struct model_shape *shape, const void *value,
                        bool may_be_null)
{
    if (shape->kind == MODEL_STRUCTURE || shape->kind == MODEL_BLOB)
        return true;
    if (!model_is_present(shape, value))
        return may_be_null;
    return (shape->kind != MODEL_STRING || enum_holds(shape, value)) && max_holds(shape, value) &&
           min_holds(shape, value) && pattern_holds(walk, shape, value) &&
           elements_hold(walk, shape, value);
}

static bool elements_hold(const struct walk *walk, const struct model_shape *shape,
                          const void *value)
{
    const struct model_list *list = value;

    for (size_t i = 0; shape->kind == MODEL_LIST && i < list->count; i++)
        if (!value_holds(walk, shape->element, (const char *)list->ptr + i * shape->element->size,
                         shape->flags & MODEL_SPARSE))
            return false;
    return true;
}

/* Checks that report. */

static void check_structure(struct walk *walk, const struct model_shape *shape, const void *value);

static void check_bounds(struct walk *walk, const struct model_shape *shape, const void *value)
{
    bool pattern_ok = pattern_holds(walk, shape, value);

    if (pattern_ok || !(shape->flags & MODEL_PATTERN_ALONE)) {
        if (!max_holds(shape, value))
            append_bound(error_begin(walk, shape, value), shape, true);
        if (!min_holds(shape, value))
            append_bound(error_begin(walk, shape, value), shape, false);
    }
    if (!pattern_ok)
        append_pattern(error_begin(walk, shape, value), walk, shape);
}

static void check_elements(struct walk *walk, const struct model_shape *shape, const void *value)
{
    const struct model_list *list = value;
    size_t path_len = walk->path.len;

    if (!elements_hold(walk, shape, value)) {
        struct buf *out = error_begin(walk, shape, value);

        if (shape->flags & MODEL_ELEMENT_TEXT)
            append_constraints(out, walk, shape->element, false);
        else
            append_composite(out, walk, "Member", shape->element, !(shape->flags & MODEL_SPARSE));
    }
    for (size_t i = 0; shape->element->kind == MODEL_STRUCTURE && i < list->count; i++) {
        (void)buf_printf(&walk->path, ".%zu.member", i + 1);
        check_structure(walk, shape->element, (const char *)list->ptr + i * shape->element->size);
        walk->path.len = path_len;
    }
}

static void check_entries(struct walk *walk, const struct model_shape *shape, const void *value)
{
    const struct model_list *map = value;
    size_t entry_bytes = model_entry_bytes(shape);
    bool keys_hold = true, values_hold = true;

    for (size_t i = 0; i < map->count; i++) {
        const char *entry = (const char *)map->ptr + i * entry_bytes;

        keys_hold = keys_hold && value_holds(walk, shape->key, entry, false);
        values_hold =
            values_hold && value_holds(walk, shape->element, entry + shape->value_offset, false);
    }
    if (!keys_hold)
        append_composite(error_begin(walk, shape, value), walk, "Map keys", shape->key, false);
    if (!values_hold)
        append_composite(error_begin(walk, shape, value), walk, "Map value", shape->element, true);
}

static void check_value(struct walk *walk, const struct model_shape *shape, const void *value)
{
    if (!(shape->flags & MODEL_CONSTRAINED))
        return;
    switch (shape->kind) {
    case MODEL_STRING:
        if (!enum_holds(shape, value))
            append_enum(error_begin(walk, shape, value), shape);
        check_bounds(walk, shape, value);
        break;
    case MODEL_INTEGER:
    case MODEL_LONG:
    case MODEL_DOUBLE:
        check_bounds(walk, shape, value);
        break;
    case MODEL_LIST:
        check_bounds(walk, shape, value);
        check_elements(walk, shape, value);
        break;
    case MODEL_MAP:
        check_bounds(walk, shape, value);
        check_entries(walk, shape, value);
        break;
    case MODEL_STRUCTURE:
        check_structure(walk, shape, value);
        break;
    case MODEL_BOOLEAN:
    case MODEL_TIMESTAMP:
    case MODEL_BLOB:
    case MODEL_EVENT_STREAM:
        break;
    }
}

/* Where the value of a member is, or NULL when it is absent. */
static const void *member_value(const struct model_member *member, const void *structure)
{
    const void *value = (const char *)structure + member->offset;

    if (member->shape->kind == MODEL_STRUCTURE)
        return *(const void *const *)value;
    if (member->shape->kind == MODEL_BLOB) /* a blob and a text both begin with their pointer */
        return *(const void *const *)value != NULL ? value : NULL;
    return model_is_present(member->shape, value) ? value : NULL;
}

static void check_member(struct walk *walk, const struct model_member *member,
                         const void *structure)
{
    const void *value = member_value(member, structure);
    size_t path_len = walk->path.len;

    if (value == NULL && !member->required)
        return;
    if (path_len > 0)
        (void)buf_append_char(&walk->path, '.');
    (void)buf_append_str(&walk->path, str_of(member->path));
    if (value != NULL)
        check_value(walk, member->shape, value);
    else
        (void)buf_append_str(error_begin(walk, member->shape, NULL),
                             STR("Member must not be null"));
    walk->path.len = path_len;
}

static bool is_early(const struct model_member *member)
{
    return member->location == MODEL_IN_QUERY || member->location == MODEL_IN_HEADER;
}

/* The service reports a wrong qualifier before a wrong function name. */
static void check_structure(struct walk *walk, const struct model_shape *shape, const void *value)
{
    for (size_t i = 0; i < shape->member_count; i++)
        if (is_early(&shape->members[i]))
            check_member(walk, &shape->members[i], value);
    for (size_t i = 0; i < shape->member_count; i++)
        if (!is_early(&shape->members[i]))
            check_member(walk, &shape->members[i], value);
}

int model_validate(const struct model_shape *input, const void *value,
                   struct model_patterns *patterns, struct arena *arena, struct str *ret_text)
{
    CLEANUP(walk_deinit) struct walk walk = {.patterns = patterns};
    struct str text;

    check_structure(&walk, input, value);
    if (buf_failed(&walk.path) || buf_failed(&walk.errors))
        return err_new(-ENOMEM);
    if (walk.error_count == 0) {
        *ret_text = STR_NONE;
        return 0;
    }
    text = arena_printf(arena, "%u validation error%s detected: %.*s", walk.error_count,
                        walk.error_count > 1 ? "s" : "", STR_FMT(buf_str(&walk.errors)));
    if (!str_is_set(text))
        return err_new(-ENOMEM);
    *ret_text = text;
    return 0;
}
