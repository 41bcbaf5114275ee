/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_event.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "base/must.h"
#include "base/utf8.h"
#include "gateway/percent.h"

/* ---- names with one or more values ---- */

struct pairs {
    struct http_header *ptr; /* values of one name are joined with commas */
    size_t count;
};

static struct http_header *pairs_find(const struct pairs *pairs, struct str name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (str_eq(pairs->ptr[i].name, name))
            return &pairs->ptr[i];
    return NULL;
}

static void pairs_set(struct pairs *pairs, struct str name, struct str value)
{
    struct http_header *pair = pairs_find(pairs, name);

    if (!pair)
        pair = &pairs->ptr[pairs->count++];
    *pair = (struct http_header){name, value};
}

/* 0 or -ENOMEM */
static int pairs_add(struct pairs *pairs, struct arena *arena, struct str name, struct str value)
{
    struct http_header *pair = pairs_find(pairs, name);
    size_t len;
    char *text;

    if (!pair) {
        pairs->ptr[pairs->count++] = (struct http_header){name, value};
        return 0;
    }
    len = pair->value.len + 1 + value.len;
    text = arena_alloc(arena, len);
    if (!text)
        return err_new(-ENOMEM);
    memcpy(text, pair->value.ptr, pair->value.len);
    text[pair->value.len] = ',';
    if (value.len)
        memcpy(text + pair->value.len + 1, value.ptr, value.len);
    pair->value = str_make(text, len);
    return 0;
}

static void pairs_write(struct json_writer *json, struct str key, const struct pairs *pairs)
{
    json_write_key(json, key);
    json_write_object_begin(json);
    for (size_t i = 0; i < pairs->count; i++)
        json_write_member(json, pairs->ptr[i].name, pairs->ptr[i].value);
    json_write_object_end(json);
}

/* ---- headers and cookies ---- */

static struct str lower_case(struct arena *arena, struct str name)
{
    char *text = arena_alloc(arena, name.len + 1);

    if (!text)
        return STR_NONE;
    for (size_t i = 0; i < name.len; i++)
        text[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] - 'A' + 'a'
                                                                  : name.ptr[i]);
    return str_make(text, name.len);
}

static bool is_cookie(struct str name)
{
    return str_eq_nocase(name, STR("cookie"));
}

/* What the service in front of a function says about the connection. */
static int add_forwarded(struct pairs *headers, struct arena *arena,
                         const struct function_url_event *event)
{
    pairs_set(headers, STR("x-amzn-trace-id"), event->trace_id);
    pairs_set(headers, STR("x-forwarded-proto"), STR("http"));
    pairs_set(headers, STR("x-forwarded-port"), event->port);
    return pairs_add(headers, arena, STR("x-forwarded-for"), event->source_ip);
}

static int write_headers(struct json_writer *json, struct arena *arena,
                         const struct function_url_event *event)
{
    enum { ADDED = 4 };
    struct pairs headers = {arena_new_array(arena, struct http_header, event->header_count + ADDED),
                            0};
    int r;

    if (!headers.ptr)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < event->header_count; i++) {
        struct str name = lower_case(arena, event->headers[i].name);

        if (!str_is_set(name))
            return err_new(-ENOMEM);
        if (is_cookie(name) || str_eq(name, STR("connection")))
            continue;
        r = pairs_add(&headers, arena, name, event->headers[i].value);
        if (r < 0)
            return err_pass(r);
    }
    r = add_forwarded(&headers, arena, event);
    if (r < 0)
        return err_pass(r);
    pairs_write(json, STR("headers"), &headers);
    return 0;
}

static void write_cookies(struct json_writer *json, const struct function_url_event *event)
{
    bool has_begun = false;

    for (size_t i = 0; i < event->header_count; i++) {
        struct str rest = event->headers[i].value;
        struct str cookie;

        if (!is_cookie(event->headers[i].name))
            continue;
        while (str_next(&rest, ';', &cookie)) {
            cookie = str_trim(cookie);
            if (cookie.len == 0)
                continue;
            if (!has_begun) {
                json_write_key(json, STR("cookies"));
                json_write_array_begin(json);
                has_begun = true;
            }
            json_write_str(json, cookie);
        }
    }
    if (has_begun)
        json_write_array_end(json);
}

static struct str header(const struct function_url_event *event, struct str name)
{
    for (size_t i = 0; i < event->header_count; i++)
        if (str_eq_nocase(event->headers[i].name, name))
            return event->headers[i].value;
    return STR_NONE;
}

/* ---- the query ---- */

static int write_query(struct json_writer *json, struct arena *arena, struct str query)
{
    struct pairs parameters = {NULL, 0};
    struct str rest = query, name, value;
    size_t count = 0;

    while (query_next(&rest, &name, &value))
        count++;
    if (count == 0)
        return 0;
    parameters.ptr = arena_new_array(arena, struct http_header, count);
    if (!parameters.ptr)
        return err_new(-ENOMEM);
    rest = query;
    while (query_next(&rest, &name, &value)) {
        name = percent_decode(arena, name, true);
        value = percent_decode(arena, value, true);
        if (!str_is_set(name) || !str_is_set(value) ||
            pairs_add(&parameters, arena, name, value) < 0)
            return err_new(-ENOMEM);
    }
    pairs_write(json, STR("queryStringParameters"), &parameters);
    return 0;
}

/* ---- the context ---- */

static void write_authorizer(struct json_writer *json, const struct function_url_caller *caller)
{
    json_write_key(json, STR("authorizer"));
    json_write_object_begin(json);
    json_write_key(json, STR("iam"));
    json_write_object_begin(json);
    json_write_member(json, STR("accessKey"), caller->access_key);
    json_write_member(json, STR("accountId"), caller->account);
    json_write_member(json, STR("callerId"), caller->account);
    json_write_key(json, STR("cognitoIdentity"));
    json_write_null(json);
    json_write_key(json, STR("principalOrgId"));
    json_write_null(json);
    json_write_member(json, STR("userArn"), caller->user_arn);
    json_write_member(json, STR("userId"), caller->account);
    json_write_object_end(json);
    json_write_object_end(json);
}

static void write_http(struct json_writer *json, const struct function_url_event *event)
{
    json_write_key(json, STR("http"));
    json_write_object_begin(json);
    json_write_member(json, STR("method"), event->method);
    json_write_member(json, STR("path"), event->path);
    json_write_member(json, STR("protocol"), event->protocol);
    json_write_member(json, STR("sourceIp"), event->source_ip);
    json_write_member(json, STR("userAgent"), header(event, STR("user-agent")));
    json_write_object_end(json);
}

/* "12/Mar/2020:19:03:58 +0000" */
static void write_time(struct json_writer *json, uint64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    char text[40];
    struct tm tm;

    must(gmtime_r(&seconds, &tm));
    (void)strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", &tm);
    json_write_member(json, STR("time"), str_of(text));
    json_write_key(json, STR("timeEpoch"));
    json_write_i64(json, (int64_t)time_ms);
}

static void write_context(struct json_writer *json, const struct function_url_event *event)
{
    json_write_key(json, STR("requestContext"));
    json_write_object_begin(json);
    json_write_member(json, STR("accountId"),
                      event->caller ? event->caller->account : STR("anonymous"));
    json_write_member(json, STR("apiId"), event->url_id);
    if (event->caller)
        write_authorizer(json, event->caller);
    json_write_member(json, STR("domainName"), event->domain);
    json_write_member(json, STR("domainPrefix"), event->url_id);
    write_http(json, event);
    json_write_member(json, STR("requestId"), event->request_id);
    json_write_member(json, STR("routeKey"), STR("$default"));
    json_write_member(json, STR("stage"), STR("$default"));
    write_time(json, event->time_ms);
    json_write_object_end(json);
}

/* ---- the body ---- */

static bool is_text_type(struct str content_type)
{
    static const struct str types[] = {STR_INIT("application/json"), STR_INIT("application/xml"),
                                       STR_INIT("application/javascript")};
    static const struct str suffixes[] = {STR_INIT("+json"), STR_INIT("+xml")};
    struct str type = str_trim(str_sub(content_type, 0, str_find(content_type, ';')));

    if (str_eq_nocase(str_sub(type, 0, 5), STR("text/")))
        return true;
    for (size_t i = 0; i < array_count(types); i++)
        if (str_eq_nocase(type, types[i]))
            return true;
    for (size_t i = 0; i < array_count(suffixes); i++)
        if (type.len >= suffixes[i].len &&
            str_eq_nocase(str_sub(type, type.len - suffixes[i].len, type.len), suffixes[i]))
            return true;
    return false;
}

/* A JSON string holds nothing but characters: what is no UTF-8 is no text, whatever it is called.
 */
static void write_body(struct json_writer *json, const struct function_url_event *event)
{
    struct str body = event->body;
    bool is_text =
        body.len == 0 || (is_text_type(header(event, STR("content-type"))) && utf8_is_valid(body));
    size_t text_len = BASE64_TEXT_BYTES(body.len);

    if (body.len && is_text) {
        json_write_member(json, STR("body"), body);
    } else if (body.len) {
        json_write_key(json, STR("body"));
        json_write_raw(json, STR("\""));
        if (buf_reserve(json->out, text_len + 1) == 0)
            json->out->len += base64_encode(json->out->ptr + json->out->len, body.ptr, body.len);
        (void)buf_append_char(json->out, '"');
    }
    json_write_key(json, STR("isBase64Encoded"));
    json_write_bool(json, !is_text);
}

int function_url_event_write(struct buf *out, struct arena *arena,
                             const struct function_url_event *event)
{
    struct json_writer json;
    int r;

    json_writer_init(&json, out);
    json_write_object_begin(&json);
    json_write_member(&json, STR("version"), STR("2.0"));
    json_write_member(&json, STR("routeKey"), STR("$default"));
    json_write_member(&json, STR("rawPath"), event->path);
    json_write_member(&json, STR("rawQueryString"),
                      str_is_set(event->query) ? event->query : STR(""));
    write_cookies(&json, event);
    r = write_headers(&json, arena, event);
    if (r == 0)
        r = write_query(&json, arena, event->query);
    if (r < 0)
        return err_pass(r);
    write_context(&json, event);
    write_body(&json, event);
    json_write_object_end(&json);
    return 0;
}
