/* SPDX-License-Identifier: Apache-2.0 */

#include "base/json_doc.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"

int json_doc_load(json_t **ret_doc, struct str text, struct json_doc_error *ret_error)
{
    json_error_t error = {.line = 0};
    json_t *doc =
        json_loadb(text.ptr ? text.ptr : "", text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (doc == NULL && json_error_code(&error) == json_error_out_of_memory)
        return err_new(-ENOMEM);
    if (doc == NULL) {
        if (ret_error != NULL) {
            ret_error->line = error.line;
            ret_error->column = error.column;
            ret_error->offset = (size_t)error.position;
            (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", error.text);
        }
        return err_new(-EINVAL);
    }
    *ret_doc = doc;
    return 0;
}

struct str json_doc_text(const json_t *string)
{
    if (!json_is_string(string))
        return STR_NONE;
    return str_make(json_string_value(string), json_string_length(string));
}

struct str json_doc_str(const json_t *object, const char *key)
{
    return json_doc_text(json_object_get(object, key));
}

bool json_doc_i64(const json_t *object, const char *key, int64_t *ret_value)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        return false;
    *ret_value = json_integer_value(value);
    return true;
}

bool json_doc_bool(const json_t *object, const char *key, bool *ret_value)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_boolean(value))
        return false;
    *ret_value = json_is_true(value);
    return true;
}

json_t *json_doc_object(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return json_is_object(value) ? value : NULL;
}

json_t *json_doc_array(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return json_is_array(value) ? value : NULL;
}

static int dump_chunk(const char *bytes, size_t len, void *out)
{
    return buf_append(out, bytes, len) < 0 ? -1 : 0;
}

int json_doc_dump(const json_t *doc, enum json_doc_order order, struct buf *out)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | (order == JSON_DOC_SORTED ? JSON_SORT_KEYS : 0);

    if (json_dump_callback(doc, dump_chunk, out, flags) < 0)
        return err_new(-ENOMEM);
    return 0;
}
