/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chunked.h"

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "http/parser.h"

/*
 * SIZE ──CR──▶ SIZE_LF ──LF──▶ DATA ──▶ DATA_CR ──▶ DATA_LF ──▶ SIZE
 *   │';'          ▲  │ size 0
 *   ▼             │  ▼
 * EXTENSION ──CR──┘ TRAILER ──CR──▶ END_LF ──LF──▶ END
 *                    │    ▲
 *              token ▼    │ LF
 *          TRAILER_NAME ──':'──▶ TRAILER_VALUE ──CR──▶ TRAILER_LF
 */
enum {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    END,
    BAD,
};

/* 15 digits cannot overflow 64 bits. */
enum { SIZE_DIGITS_MAX = 15 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static uint8_t step_size(struct http_chunked *chunked, char c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        if (chunked->digits++ == SIZE_DIGITS_MAX)
            return BAD;
        chunked->left = chunked->left << 4 | (uint64_t)digit;
        return SIZE;
    }
    if (chunked->digits == 0)
        return BAD;
    if (c == '\r')
        return SIZE_LF;
    return c == ';' ? EXTENSION : BAD;
}

static bool is_text(char c)
{
    return http_is_field_value(str_make(&c, 1));
}

/* Counted over the whole body: tiny chunks with long extensions are an attack, not a use. */
static uint8_t step_extension(struct http_chunked *chunked, char c)
{
    if (++chunked->extension_bytes > LIMIT_HTTP_CHUNK_EXTENSION_BYTES)
        return BAD;
    if (c == '\r')
        return SIZE_LF;
    return is_text(c) ? EXTENSION : BAD;
}

static uint8_t step_trailer(struct http_chunked *chunked, char c)
{
    if (++chunked->trailer_bytes > LIMIT_HTTP_TRAILER_BYTES)
        return BAD;
    if (chunked->trailers && buf_append_char(chunked->trailers, c))
        return BAD;
    switch (chunked->state) {
    case TRAILER:
        if (c == '\r')
            return END_LF;
        return http_is_token_char(c) ? TRAILER_NAME : BAD;
    case TRAILER_NAME:
        if (c == ':')
            return TRAILER_VALUE;
        return http_is_token_char(c) ? TRAILER_NAME : BAD;
    case TRAILER_VALUE:
        if (c == '\r')
            return TRAILER_LF;
        return is_text(c) ? TRAILER_VALUE : BAD;
    default: /* TRAILER_LF */
        return c == '\n' ? TRAILER : BAD;
    }
}

static uint8_t step_size_end(struct http_chunked *chunked, char c)
{
    if (c != '\n')
        return BAD;
    chunked->digits = 0;
    return chunked->left > 0 ? DATA : TRAILER;
}

/* One byte outside of the data; gives the next state. */
static uint8_t step(struct http_chunked *chunked, char c)
{
    switch (chunked->state) {
    case SIZE:
        return step_size(chunked, c);
    case EXTENSION:
        return step_extension(chunked, c);
    case SIZE_LF:
        return step_size_end(chunked, c);
    case DATA_CR:
        return c == '\r' ? DATA_LF : BAD;
    case DATA_LF:
        return c == '\n' ? SIZE : BAD;
    case END_LF:
        return c == '\n' ? END : BAD;
    default:
        return step_trailer(chunked, c);
    }
}

int http_chunked_decode(struct http_chunked *chunked, const char *bytes, size_t len, char *out,
                        size_t *ret_consumed, size_t *ret_produced)
{
    size_t in = 0;
    size_t done = 0;
    size_t take;

    while (in < len && chunked->state != END && chunked->state != BAD) {
        if (chunked->state != DATA) {
            chunked->state = step(chunked, bytes[in++]);
            continue;
        }
        take = chunked->left < len - in ? (size_t)chunked->left : len - in;
        memmove(out + done, bytes + in, take);
        in += take;
        done += take;
        chunked->left -= take;
        if (chunked->left == 0)
            chunked->state = DATA_CR;
    }
    *ret_consumed = in;
    *ret_produced = done;
    if (chunked->state == END)
        return HTTP_CHUNKED_END;
    return chunked->state == BAD ? HTTP_CHUNKED_BAD : HTTP_CHUNKED_MORE;
}
