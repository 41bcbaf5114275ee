/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/must.h"
#include "http/chunked.h"

/*
 * The decoder of chunked bodies. The first byte chooses the size of the pieces; decoding in pieces
 * and in place gives what decoding at once into another buffer gives.
 */

static int decode_in_place(char *bytes, size_t len, size_t step, size_t *ret_consumed,
                           size_t *ret_produced)
{
    struct http_chunked chunked = {0};
    int r = HTTP_CHUNKED_MORE;
    size_t in = 0;
    size_t out = 0;
    size_t consumed;
    size_t produced;

    while (r == HTTP_CHUNKED_MORE && in < len) {
        size_t piece = len - in < step ? len - in : step;

        r = http_chunked_decode(&chunked, bytes + in, piece, bytes + in, &consumed, &produced);
        must(consumed <= piece);
        must(produced <= consumed);
        memmove(bytes + out, bytes + in, produced);
        in += consumed;
        out += produced;
    }
    *ret_consumed = in;
    *ret_produced = out;
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(freep) char *bytes = NULL;
    CLEANUP(freep) char *out = NULL;
    struct http_chunked chunked = {0};
    size_t consumed;
    size_t produced;
    size_t consumed_in_place;
    size_t produced_in_place;
    size_t len;
    int r;

    if (size < 2)
        return 0;
    len = size - 1;
    bytes = malloc(len);
    out = malloc(len);
    must(bytes != NULL);
    must(out != NULL);
    memcpy(bytes, data + 1, len);

    r = http_chunked_decode(&chunked, bytes, len, out, &consumed, &produced);
    must(consumed <= len);
    must(produced <= consumed);
    must(decode_in_place(bytes, len, (size_t)data[0] + 1, &consumed_in_place, &produced_in_place) ==
         r);
    must(consumed == consumed_in_place);
    must(produced == produced_in_place);
    must(memcmp(bytes, out, produced) == 0);
    return 0;
}
