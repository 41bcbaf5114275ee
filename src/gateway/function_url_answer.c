/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_answer.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/json_check.h"
#include "base/json_doc.h"

enum { STATUS_MIN = 200, STATUS_MAX = 599, PRELUDE_BYTES_MAX = 65536, PRELUDE_ZEROS = 8 };

static const struct str json_content = STR_INIT("application/json");

/* ---- values ---- */

/* The JSON text of a value, in the arena. */
static struct str dump(struct arena *arena, const json_t *value)
{
    CLEANUP(buf_deinit) struct buf text = {0};

    if (json_doc_dump(value, JSON_DOC_AS_INSERTED, &text) < 0)
        return STR_NONE;
    return arena_str(arena, buf_str(&text));
}

/* Texts as they are, numbers and booleans as JSON has them. */
static struct str value_text(struct arena *arena, const json_t *value)
{
    return json_is_string(value) ? arena_str(arena, json_doc_text(value)) : dump(arena, value);
}

static bool is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

/* A number, or the text of one. */
static int read_status(struct function_url_answer *answer, const json_t *value)
{
    int64_t status;

    if (json_is_integer(value))
        status = json_integer_value(value);
    else if (!json_is_string(value) || !str_to_i64(json_doc_text(value), &status))
        return err_new(-EBADMSG);
    if (status < STATUS_MIN || status > STATUS_MAX)
        return err_new(-EBADMSG);
    answer->status = (unsigned)status;
    return 0;
}

/* ---- headers and cookies ---- */

static bool has_header(const struct function_url_answer *answer, struct str name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (str_eq_nocase(answer->headers[i].name, name))
            return true;
    return false;
}

/* 0, -EBADMSG or -ENOMEM. There is room for it. */
static int add(struct function_url_answer *answer, struct arena *arena, struct str name,
               const json_t *value)
{
    struct http_header *header = &answer->headers[answer->header_count];

    if (json_is_null(value))
        return 0;
    if (!is_scalar(value))
        return err_new(-EBADMSG);
    header->name = arena_str(arena, name);
    header->value = value_text(arena, value);
    if (!str_is_set(header->name) || !str_is_set(header->value))
        return err_new(-ENOMEM);
    answer->header_count++;
    return 0;
}

static int read_headers(struct function_url_answer *answer, struct arena *arena,
                        const json_t *headers, const json_t *cookies, struct str default_type)
{
    size_t count = json_object_size(headers) + json_array_size(cookies) + 1;
    const char *key;
    json_t *value;
    size_t i;
    int r = 0;

    answer->headers = arena_new_array(arena, struct http_header, count);
    if (!answer->headers)
        return err_new(-ENOMEM);
    json_object_foreach((json_t *)(uintptr_t)headers, key, value)
    {
        r = add(answer, arena, str_of(key), value);
        if (r < 0)
            return err_pass(r);
    }
    json_array_foreach(cookies, i, value)
    {
        r = add(answer, arena, STR("Set-Cookie"), value);
        if (r < 0)
            return err_pass(r);
    }
    if (!has_header(answer, STR("Content-Type")))
        answer->headers[answer->header_count++] =
            (struct http_header){STR("Content-Type"), default_type};
    return 0;
}

static bool is_absent(const json_t *value)
{
    return !value || json_is_null(value);
}

/* What a described answer and a prelude have in common. */
static int read_head(struct function_url_answer *answer, struct arena *arena, const json_t *doc,
                     struct str default_type)
{
    const json_t *status = json_object_get(doc, "statusCode");
    const json_t *headers = json_object_get(doc, "headers");
    const json_t *cookies = json_object_get(doc, "cookies");
    int r;

    if ((!is_absent(headers) && !json_is_object(headers)) ||
        (!is_absent(cookies) && !json_is_array(cookies)))
        return err_new(-EBADMSG);
    answer->status = 200;
    r = status ? read_status(answer, status) : 0;
    if (r == 0)
        r = read_headers(answer, arena, headers, cookies, default_type);
    return r < 0 ? err_pass(r) : 0;
}

/* ---- bodies ---- */

static int decode_body(struct function_url_answer *answer, struct arena *arena)
{
    char *bytes = arena_alloc(arena, answer->body.len + 4);
    size_t len;

    if (!bytes)
        return err_new(-ENOMEM);
    if (!base64_decode(bytes, &len, answer->body.ptr, answer->body.len))
        return err_new(-EBADMSG);
    answer->body = str_make(bytes, len);
    return 0;
}

static int read_body(struct function_url_answer *answer, struct arena *arena, const json_t *doc)
{
    const json_t *body = json_object_get(doc, "body");
    bool is_base64 = false;

    answer->body = STR("");
    if (is_absent(body))
        return 0;
    answer->body = value_text(arena, body);
    if (!str_is_set(answer->body))
        return err_new(-ENOMEM);
    (void)json_doc_bool(doc, "isBase64Encoded", &is_base64);
    return is_base64 ? decode_body(answer, arena) : 0;
}

/* ---- the answer ---- */

int function_url_answer_plain(struct function_url_answer *ret_answer, struct arena *arena,
                              struct str content_type, struct str body)
{
    *ret_answer = (struct function_url_answer){.status = 200, .body = body};
    ret_answer->headers = arena_new(arena, struct http_header);
    if (!ret_answer->headers)
        return err_new(-ENOMEM);
    ret_answer->headers[ret_answer->header_count++] =
        (struct http_header){STR("Content-Type"), content_type};
    return 0;
}

static bool is_json(struct arena *arena, struct str text)
{
    struct json_check *check = arena_new(arena, struct json_check);

    if (!check)
        return false;
    json_check_init(check);
    return json_check_feed(check, text.ptr, text.len) && json_check_end(check);
}

/* JSON without the white space between its tokens: so AWS sends what a function gave back
 * (recorded: 17 bytes of Python's {"hello": "world"}). Absent when out of memory. */
static struct str compact(struct arena *arena, struct str json)
{
    char *text = arena_alloc(arena, json.len);
    bool in_string = false, is_escaped = false;
    size_t len = 0;

    if (!text)
        return STR_NONE;
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];

        if (!in_string && strchr(" \t\r\n", c))
            continue;
        text[len++] = c;
        in_string ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    return str_make(text, len);
}

/* The JSON text of a value is the body. */
static int answer_json(struct function_url_answer *ret_answer, struct arena *arena, struct str json)
{
    struct str body = compact(arena, json);

    if (!str_is_set(body))
        return err_new(-ENOMEM);
    return function_url_answer_plain(ret_answer, arena, json_content, body);
}

/* Whether a tree has to be made to know what is meant; large values that are only passed on need
 * none. */
static bool needs_tree(struct str output)
{
    static const struct str word = STR_INIT("statusCode");
    size_t at = 0;

    while (at < output.len && strchr(" \t\r\n", output.ptr[at]))
        at++;
    if (at == output.len)
        return false;
    return output.ptr[at] == '"' ||
           (output.ptr[at] == '{' && memmem(output.ptr, output.len, word.ptr, word.len));
}

int function_url_answer_infer(struct function_url_answer *ret_answer, struct arena *arena,
                              struct str output)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    int r;

    if (!is_json(arena, output))
        return err_new(-EBADMSG);
    if (!needs_tree(output))
        return answer_json(ret_answer, arena, output);
    r = json_doc_load(&doc, output, NULL);
    if (r < 0)
        return r == -EINVAL ? err_new(-EBADMSG) : err_pass(r);
    if (json_is_string(doc)) {
        output = arena_str(arena, json_doc_text(doc));
        return str_is_set(output)
                   ? function_url_answer_plain(ret_answer, arena, json_content, output)
                   : err_new(-ENOMEM);
    }
    if (!json_object_get(doc, "statusCode"))
        return answer_json(ret_answer, arena, output);
    *ret_answer = (struct function_url_answer){.status = 0};
    r = read_head(ret_answer, arena, doc, json_content);
    if (r == 0)
        r = read_body(ret_answer, arena, doc);
    return r < 0 ? err_pass(r) : 0;
}

int function_url_answer_prelude(struct function_url_answer *ret_answer, struct arena *arena,
                                struct str prelude)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    int r = json_doc_load(&doc, prelude, NULL);

    if (r < 0)
        return r == -EINVAL ? err_new(-EBADMSG) : err_pass(r);
    if (!json_is_object(doc))
        return err_new(-EBADMSG);
    *ret_answer = (struct function_url_answer){.body = STR("")};
    return read_head(ret_answer, arena, doc, STR("application/octet-stream"));
}

/* ---- the head of a streamed answer ---- */

int function_url_prelude_feed(struct function_url_prelude *prelude, struct str *bytes)
{
    for (size_t i = 0; i < bytes->len; i++) {
        char c = bytes->ptr[i];

        prelude->zeros = c == '\0' ? prelude->zeros + 1 : 0;
        if (buf_append_char(&prelude->text, c) < 0)
            return err_new(-ENOMEM);
        if (prelude->zeros == PRELUDE_ZEROS) {
            prelude->text.len -= PRELUDE_ZEROS;
            *bytes = str_sub(*bytes, i + 1, bytes->len);
            return FUNCTION_URL_PRELUDE_COMPLETE;
        }
        if (prelude->text.len > PRELUDE_BYTES_MAX)
            return err_new(-EMSGSIZE);
    }
    return FUNCTION_URL_PRELUDE_MORE;
}

void function_url_prelude_deinit(struct function_url_prelude *prelude)
{
    buf_deinit(&prelude->text);
}
