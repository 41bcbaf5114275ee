/* SPDX-License-Identifier: Apache-2.0 */

/* Row: { tag u8, length varint, bytes }…; numbers are varints, lists are { length varint, bytes }…
 * inside. */

#include "catalog/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/error.h"

enum { VARINT_BYTES_MAX = 10 };

const struct codec_pair *codec_pairs_find(const struct codec_pairs *pairs, struct str name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (str_eq(pairs->ptr[i].name, name))
            return &pairs->ptr[i];
    return NULL;
}

int codec_pairs_replace(struct codec_pairs *pairs, struct arena *arena, struct str name,
                        struct str value)
{
    struct codec_pair *all = arena_new_array(arena, struct codec_pair, pairs->count + 1);
    size_t count = 0, i = 0;

    if (!all)
        return err_new(-ENOMEM);
    while (i < pairs->count && str_cmp(pairs->ptr[i].name, name) < 0)
        all[count++] = pairs->ptr[i++];
    if (str_is_set(value))
        all[count++] = (struct codec_pair){name, value};
    if (i < pairs->count && str_eq(pairs->ptr[i].name, name))
        i++;
    while (i < pairs->count)
        all[count++] = pairs->ptr[i++];
    *pairs = count > 0 ? (struct codec_pairs){all, count} : (struct codec_pairs){0};
    return 0;
}

static size_t varint_put(uint8_t bytes[VARINT_BYTES_MAX], uint64_t value)
{
    size_t len = 0;

    while (value >= 0x80) {
        bytes[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[len++] = (uint8_t)value;
    return len;
}

static bool varint_get(struct str *from, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < VARINT_BYTES_MAX && i < from->len; i++) {
        uint8_t byte = (uint8_t)from->ptr[i];

        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *from = str_make(from->ptr + i + 1, from->len - i - 1);
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool text_get(struct str *from, struct str *ret_text)
{
    uint64_t len;

    if (!varint_get(from, &len) || len > from->len)
        return false;
    *ret_text = str_make(from->ptr, len);
    *from = str_make(from->ptr + len, from->len - len);
    return true;
}

static void text_put(struct buf *out, struct str text)
{
    uint8_t len[VARINT_BYTES_MAX];

    (void)buf_append(out, len, varint_put(len, text.len)); /* failures stay in the buffer */
    (void)buf_append_str(out, text);
}

static void field_put(struct buf *out, uint8_t tag, struct str bytes)
{
    (void)buf_append(out, &tag, 1);
    text_put(out, bytes);
}

static void number_put(struct buf *out, uint8_t tag, uint64_t value)
{
    uint8_t bytes[VARINT_BYTES_MAX];

    if (value != 0)
        field_put(out, tag, str_make((const char *)bytes, varint_put(bytes, value)));
}

static void digest_put(struct buf *out, uint8_t tag, const struct digest *digest)
{
    static const struct digest none;

    if (!digest_eq(digest, &none))
        field_put(out, tag, str_make((const char *)digest->bytes, DIGEST_BYTES));
}

static void list_put(struct buf *out, uint8_t tag, const struct codec_list *list)
{
    CLEANUP(buf_deinit) struct buf inner = {0};

    for (size_t i = 0; i < list->count; i++)
        text_put(&inner, list->ptr[i]);
    out->failed |= buf_failed(&inner);
    if (list->ptr)
        field_put(out, tag, buf_str(&inner));
}

static void pairs_put(struct buf *out, uint8_t tag, const struct codec_pairs *pairs)
{
    CLEANUP(buf_deinit) struct buf inner = {0};

    for (size_t i = 0; i < pairs->count; i++) {
        text_put(&inner, pairs->ptr[i].name);
        text_put(&inner, pairs->ptr[i].value);
    }
    out->failed |= buf_failed(&inner);
    if (pairs->ptr)
        field_put(out, tag, buf_str(&inner));
}

static void any_put(struct buf *out, const struct codec_field *field, const void *at)
{
    switch (field->kind) {
    case CODEC_STR:
        if (str_is_set(*(const struct str *)at))
            field_put(out, field->tag, *(const struct str *)at);
        break;
    case CODEC_U32:
        number_put(out, field->tag, *(const uint32_t *)at);
        break;
    case CODEC_U64:
        number_put(out, field->tag, *(const uint64_t *)at);
        break;
    case CODEC_BOOL:
        number_put(out, field->tag, *(const bool *)at);
        break;
    case CODEC_DIGEST:
        digest_put(out, field->tag, at);
        break;
    case CODEC_LIST:
        list_put(out, field->tag, at);
        break;
    case CODEC_PAIRS:
        pairs_put(out, field->tag, at);
        break;
    }
}

void codec_encode(struct buf *out, const struct codec_field *fields, size_t count,
                  const void *object)
{
    for (size_t i = 0; i < count; i++)
        any_put(out, &fields[i], (const char *)object + fields[i].offset);
}

struct str codec_encode_in(struct arena *arena, const struct codec_field *fields, size_t count,
                           const void *object)
{
    CLEANUP(buf_deinit) struct buf row = {0};

    codec_encode(&row, fields, count, object);
    if (buf_failed(&row))
        return STR_NONE;
    return arena_str(arena, buf_str(&row));
}

/* How many texts there are; SIZE_MAX when the bytes are malformed. */
static size_t texts_count(struct str bytes)
{
    size_t count = 0;
    struct str text;

    while (bytes.len > 0) {
        if (!text_get(&bytes, &text))
            return SIZE_MAX;
        count++;
    }
    return count;
}

static int texts_get(struct str bytes, struct arena *arena, struct codec_list *ret_list)
{
    size_t count = texts_count(bytes);
    struct str *texts;

    if (count == SIZE_MAX)
        return err_new(-EBADMSG);
    texts = arena_new_array(arena, struct str, count + 1); /* present also when empty */
    if (!texts)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++)
        (void)text_get(&bytes, &texts[i]); /* counted above */
    *ret_list = (struct codec_list){texts, count};
    return 0;
}

static int pairs_get(struct str bytes, struct arena *arena, struct codec_pairs *ret_pairs)
{
    struct codec_list texts;
    struct codec_pair *pairs;
    int r = texts_get(bytes, arena, &texts);

    if (r < 0)
        return err_pass(r);
    if (texts.count % 2 != 0)
        return err_new(-EBADMSG);
    pairs = arena_new_array(arena, struct codec_pair, texts.count / 2 + 1);
    if (!pairs)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < texts.count / 2; i++)
        pairs[i] = (struct codec_pair){texts.ptr[2 * i], texts.ptr[2 * i + 1]};
    *ret_pairs = (struct codec_pairs){pairs, texts.count / 2};
    return 0;
}

static int number_get(struct str bytes, uint64_t max, uint64_t *ret_value)
{
    if (!varint_get(&bytes, ret_value) || bytes.len > 0 || *ret_value > max)
        return err_new(-EBADMSG);
    return 0;
}

static int any_get(struct str bytes, const struct codec_field *field, struct arena *arena, void *at)
{
    uint64_t number = 0;
    int r = 0;

    switch (field->kind) {
    case CODEC_STR:
        *(struct str *)at = bytes;
        break;
    case CODEC_U32:
        r = number_get(bytes, UINT32_MAX, &number);
        *(uint32_t *)at = (uint32_t)number;
        break;
    case CODEC_U64:
        r = number_get(bytes, UINT64_MAX, at);
        break;
    case CODEC_BOOL:
        r = number_get(bytes, 1, &number);
        *(bool *)at = number == 1;
        break;
    case CODEC_DIGEST:
        if (bytes.len != DIGEST_BYTES)
            return err_new(-EBADMSG);
        memcpy(at, bytes.ptr, DIGEST_BYTES);
        break;
    case CODEC_LIST:
        return texts_get(bytes, arena, at);
    case CODEC_PAIRS:
        return pairs_get(bytes, arena, at);
    }
    return r;
}

int codec_decode(struct str bytes, const struct codec_field *fields, size_t count,
                 struct arena *arena, void *object)
{
    while (bytes.len > 0) {
        uint8_t tag = (uint8_t)bytes.ptr[0];
        struct str value;

        bytes = str_make(bytes.ptr + 1, bytes.len - 1);
        if (!text_get(&bytes, &value))
            return err_new(-EBADMSG);
        for (size_t i = 0; i < count; i++) {
            if (fields[i].tag == tag) {
                int r = any_get(value, &fields[i], arena, (char *)object + fields[i].offset);

                if (r < 0)
                    return err_pass(r);
                break;
            }
        }
    }
    return 0;
}
