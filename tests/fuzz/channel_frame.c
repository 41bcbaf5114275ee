/* SPDX-License-Identifier: Apache-2.0 */

/* Frames of the runtime channel, cut as the first byte says: what a hostile runtime may write. */

#include "fuzz.h"

#include <stdlib.h>

#include "base/must.h"
#include "runtime/frame.h"

static void walk(struct str metadata)
{
    struct str key;
    struct str value;

    while (frame_metadata_next(&metadata, &key, &value)) {
        must(key.len <= UINT16_MAX);
        must(value.len <= UINT16_MAX);
    }
}

static bool read_piece(struct frame_reader *reader, struct str piece)
{
    struct frame frame;
    size_t len;
    int r;

    while (piece.len) {
        r = frame_read(reader, &piece, &frame);
        if (r < 0)
            return false;
        if (r == FRAME_MORE)
            continue;
        walk(frame.metadata);
        if (frame.flags & 1)
            free(frame_steal_payload(reader, &frame, &len));
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_reader reader = {0};
    struct str rest = str_make((const char *)data, size);
    size_t step = size ? (size_t)data[0] + 1 : 1;

    rest = str_sub(rest, 1, rest.len);
    while (rest.len && read_piece(&reader, str_sub(rest, 0, step)))
        rest = str_sub(rest, step, rest.len);
    frame_reader_deinit(&reader);
    return 0;
}
