/* SPDX-License-Identifier: Apache-2.0 */

#include "api/event_stream.h"

#include "base/crc32.h"
#include "base/endian.h"
#include "base/must.h"

enum {
    PRELUDE_BYTES = 8, /* total length and length of the headers, before their checksum */
    CRC_BYTES = 4,
    HEADER_TYPE_STRING = 7,
};

static void put_u32(struct buf *out, uint32_t value)
{
    char bytes[4];

    be32_put(bytes, value);
    (void)buf_append(out, bytes, sizeof(bytes)); /* failures stay in the buffer */
}

static void put_header(struct buf *out, struct str name, struct str value)
{
    const char name_len = (char)name.len;
    const char value_head[] = {HEADER_TYPE_STRING, 0, (char)value.len};

    must(name.len <= EVENT_STREAM_TYPE_MAX && value.len <= EVENT_STREAM_TYPE_MAX);
    (void)buf_append(out, &name_len, 1);
    (void)buf_append_str(out, name);
    (void)buf_append(out, value_head, sizeof(value_head));
    (void)buf_append_str(out, value);
}

void event_stream_encode(struct buf *out, struct str event_type, struct str content_type,
                         struct str payload)
{
    CLEANUP(buf_deinit) struct buf headers = {0};
    size_t start = out->len, total;

    put_header(&headers, STR(":message-type"), STR("event"));
    put_header(&headers, STR(":event-type"), event_type);
    put_header(&headers, STR(":content-type"), content_type);
    total = PRELUDE_BYTES + CRC_BYTES + headers.len + payload.len + CRC_BYTES;
    out->failed |= buf_failed(&headers);
    if (buf_reserve(out, total) < 0)
        return;
    put_u32(out, (uint32_t)total);
    put_u32(out, (uint32_t)headers.len);
    put_u32(out, crc32_update(0, str_make(out->ptr + start, PRELUDE_BYTES)));
    (void)buf_append_str(out, buf_str(&headers));
    (void)buf_append_str(out, payload);
    put_u32(out, crc32_update(0, str_make(out->ptr + start, total - CRC_BYTES)));
}
