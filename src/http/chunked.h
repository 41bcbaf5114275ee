/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Decoder of the chunked transfer coding. Pure and incremental, and as strict as the head's parser:
 * a size is hexadecimal digits only, lines end in CRLF, extensions are bounded, checked and
 * ignored, trailer fields are bounded, checked and kept for those who ask.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { HTTP_CHUNKED_MORE, HTTP_CHUNKED_END, HTTP_CHUNKED_BAD };

/* Zero-initialised it stands before the first chunk. */
struct http_chunked {
    uint64_t left; /* of the chunk's size or data */
    uint32_t extension_bytes;
    uint32_t trailer_bytes;
    uint8_t digits;
    uint8_t state;
    struct buf *trailers; /* borrowed; gets the trailer lines; NULL: they are dropped */
};

/*
 * Decode bytes[0..len). The data is moved together at out, which may be bytes itself (it never
 * overtakes the input) or another place of at least len bytes. After HTTP_CHUNKED_END the bytes
 * from *ret_consumed belong to the next request.
 */
int http_chunked_decode(struct http_chunked *chunked, const char *bytes, size_t len, char *out,
                        size_t *ret_consumed, size_t *ret_produced);
