/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/must.h"
#include "http/parser.h"

/*
 * The head parser. The first byte chooses the size of the pieces. Whatever the pieces are, the
 * result is the same; and what is accepted keeps the promises that the server relies on.
 */

enum { HEAD_BYTES_MAX = 4096 };

static int parse(struct http_head *head, const char *bytes, size_t len, size_t step)
{
    int r = HTTP_HEAD_MORE;
    size_t end = 0;

    http_head_init(head, HEAD_BYTES_MAX);
    while (r == HTTP_HEAD_MORE && end < len) {
        end = len - end < step ? len : end + step;
        r = http_head_parse(head, bytes, end);
    }
    return r;
}

static bool is_inside(struct str s, const char *bytes, size_t len)
{
    return s.ptr >= bytes && s.ptr + s.len <= bytes + len;
}

static void check_accepted(const struct http_head *head, const char *bytes, size_t len)
{
    must(head->bytes <= len);
    must(head->bytes <= HEAD_BYTES_MAX);
    must(memcmp(bytes + head->bytes - 4, "\r\n\r\n", 4) == 0);
    must(is_inside(head->target, bytes, len));
    must(http_is_token(head->method));
    must(head->path.len > 0);
    must(head->path.ptr[0] == '/' || head->path.ptr[0] == '*');
    must(head->http_1_0 || str_is_set(head->host));
    must(!(head->http_1_0 && head->chunked));
    must(!(head->chunked && head->content_length > 0));
    must(head->header_count <= LIMIT_HTTP_HEADERS);
    for (size_t i = 0; i < head->header_count; i++) {
        must(is_inside(head->headers[i].name, bytes, len));
        must(http_is_token(head->headers[i].name));
        must(http_is_field_value(head->headers[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_head whole;
    static struct http_head pieces;
    CLEANUP(freep) char *bytes = NULL;
    size_t len;
    int status;

    if (size < 2)
        return 0;
    len = size - 1;
    bytes = malloc(len);
    must(bytes != NULL);
    memcpy(bytes, data + 1, len);

    status = parse(&whole, bytes, len, len);
    must(parse(&pieces, bytes, len, (size_t)data[0] + 1) == status);
    must(status == HTTP_HEAD_DONE || status == HTTP_HEAD_MORE || (status >= 400 && status < 600));
    if (status != HTTP_HEAD_DONE)
        return 0;
    must(whole.bytes == pieces.bytes);
    must(whole.header_count == pieces.header_count);
    must(whole.content_length == pieces.content_length);
    must(whole.chunked == pieces.chunked);
    check_accepted(&whole, bytes, len);
    return 0;
}
