/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/request.h"

#include <errno.h>
#include <stdlib.h>

#include "aws/client.h"
#include "aws/endpoint.h"
#include "aws/sign.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/must.h"

enum { OWN_HEADERS = 4 };

struct headers {
    struct aws_header list[AWS_CALL_HEADERS_MAX + OWN_HEADERS];
    size_t count;
};

static void add(struct headers *headers, struct str name, struct str value)
{
    headers->list[headers->count++] = (struct aws_header){name, value};
}

static int compare(const void *a, const void *b)
{
    return str_cmp(((const struct aws_header *)a)->name, ((const struct aws_header *)b)->name);
}

static void append_lines(struct buf *lines, const struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        (void)buf_printf(lines, "%.*s: %.*s", STR_FMT(headers->list[i].name),
                         STR_FMT(headers->list[i].value));
        (void)buf_append_char(lines, '\0');
    }
}

static int append_authorization(const struct aws_call *call,
                                const struct aws_request_options *options,
                                const struct headers *headers, struct str path,
                                const struct digest *body, struct buf *lines)
{
    const struct aws_sign_request request = {
        .method = str_of(call->method),
        .path = path,
        .query = call->query,
        .region = call->region,
        .service = options->service,
        .time = options->time,
        .headers = headers->list,
        .header_count = headers->count,
        .body = *body,
        .is_s3 = options->is_s3,
    };
    int r;

    (void)buf_append_str(lines, STR("authorization: "));
    r = aws_sign(&request, options->credentials, lines);
    (void)buf_append_char(lines, '\0');
    return r;
}

/* What a signature covers beyond the caller's headers. */
static void add_signed(struct headers *headers, const struct aws_request_options *options,
                       const char *body_hex)
{
    if (options->is_s3)
        add(headers, STR("x-amz-content-sha256"), str_of(body_hex));
    add(headers, STR("x-amz-date"), options->time);
    if (str_is_set(options->credentials->session_token))
        add(headers, STR("x-amz-security-token"), options->credentials->session_token);
}

int aws_request_make(const struct aws_call *call, const struct aws_request_options *options,
                     struct buf *url, struct buf *lines)
{
    CLEANUP(buf_deinit) struct buf path = {0};
    struct aws_endpoint endpoint;
    struct headers headers = {.count = 0};
    char body_hex[DIGEST_HEX_BYTES];
    struct digest body;
    int r = hash_bytes(&body, call->body.ptr ? call->body.ptr : "", call->body.len);

    must(aws_endpoint_parse(options->endpoint, &endpoint));
    must(call->header_count <= AWS_CALL_HEADERS_MAX);
    if (r < 0)
        return err_pass(r);
    (void)buf_printf(&path, "%.*s%.*s", STR_FMT(endpoint.path), STR_FMT(call->path));
    (void)buf_printf(url, "%.*s://%.*s%.*s%s%.*s", STR_FMT(endpoint.scheme), STR_FMT(endpoint.host),
                     STR_FMT(buf_str(&path)), str_is_set(call->query) ? "?" : "",
                     STR_FMT(call->query));
    add(&headers, STR("host"), endpoint.host);
    for (size_t i = 0; i < call->header_count; i++)
        add(&headers, call->headers[i].name, call->headers[i].value);
    add_signed(&headers, options, digest_hex(&body, body_hex));
    qsort(headers.list, headers.count, sizeof(headers.list[0]), compare);
    append_lines(lines, &headers);
    r = append_authorization(call, options, &headers, buf_str(&path), &body, lines);
    (void)buf_append(lines, "expect:", sizeof("expect:")); /* bodies are sent at once */
    if (r < 0)
        return err_pass(r);
    return buf_failed(url) || buf_failed(lines) || buf_failed(&path) ? err_new(-ENOMEM) : 0;
}
