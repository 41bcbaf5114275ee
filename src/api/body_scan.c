/* SPDX-License-Identifier: Apache-2.0 */

#include "api/body_scan.h"

#include <string.h>

#include "model/model.h"

enum state {
    STATE_STRUCTURE, /* between strings */
    STATE_KEY,
    STATE_KEY_ESCAPE,
    STATE_STRING,
    STATE_STRING_ESCAPE,
    STATE_BLOB,
    STATE_BLOB_ESCAPE,
    STATE_BLOB_HEX,
};

/* A character that no base64 text has: the decoder refuses it. */
static const char not_base64 = '!';

void body_scan_init(struct body_scan *scan, const struct model_shape *input)
{
    *scan = (struct body_scan){.state = STATE_STRUCTURE, .next = input};
}

static bool in_object(const struct body_scan *scan)
{
    return scan->depth > 0 && scan->depth <= BODY_SCAN_DEPTH_MAX &&
           (scan->objects >> (scan->depth - 1) & 1);
}

static const struct model_shape *container(const struct body_scan *scan)
{
    if (scan->depth == 0 || scan->depth > BODY_SCAN_DEPTH_MAX)
        return NULL;
    return scan->shapes[scan->depth - 1];
}

static const struct model_shape *element_shape(const struct body_scan *scan)
{
    const struct model_shape *list = container(scan);

    return list != NULL && list->kind == MODEL_LIST ? list->element : NULL;
}

static const struct model_shape *member_shape(const struct body_scan *scan)
{
    const struct model_shape *shape = container(scan);
    struct str key = str_make(scan->key, scan->key_len);

    if (shape == NULL || shape->kind != MODEL_STRUCTURE || scan->key_len > sizeof(scan->key))
        return NULL;
    for (size_t i = 0; i < shape->member_count; i++)
        if (shape->members[i].location == MODEL_IN_BODY &&
            str_eq(key, str_of(shape->members[i].name)))
            return shape->members[i].shape;
    return NULL;
}

static void push(struct body_scan *scan, bool is_object)
{
    if (scan->depth < BODY_SCAN_DEPTH_MAX) {
        uint32_t bit = UINT32_C(1) << scan->depth;

        scan->shapes[scan->depth] = scan->next;
        scan->objects = is_object ? scan->objects | bit : scan->objects & ~bit;
    }
    scan->depth++;
    scan->expects_key = is_object;
    scan->next = is_object ? NULL : element_shape(scan);
}

static void pop(struct body_scan *scan)
{
    scan->depth -= scan->depth > 0;
    scan->next = NULL;
    scan->expects_key = false;
}

/* One byte between strings. True when a blob begins here. */
static bool structure_byte(struct body_scan *scan, char c)
{
    switch (c) {
    case '{':
    case '[':
        push(scan, c == '{');
        break;
    case '}':
    case ']':
        pop(scan);
        break;
    case ',':
        scan->expects_key = in_object(scan);
        scan->next = in_object(scan) ? NULL : element_shape(scan);
        break;
    case '"':
        if (scan->expects_key) {
            scan->key_len = 0;
            scan->state = STATE_KEY;
        } else if (scan->next != NULL && scan->next->kind == MODEL_BLOB) {
            return true;
        } else {
            scan->state = STATE_STRING;
        }
        break;
    default:
        break;
    }
    return false;
}

static void key_byte(struct body_scan *scan, char c)
{
    if (c == '\\') {
        scan->state = STATE_KEY_ESCAPE;
        scan->key_len = sizeof(scan->key) + 1; /* no member's name needs an escape */
    } else if (c == '"') {
        scan->state = STATE_STRUCTURE;
        scan->expects_key = false;
        scan->next = member_shape(scan);
    } else if (scan->key_len < sizeof(scan->key)) {
        scan->key[scan->key_len++] = c;
    } else {
        scan->key_len = sizeof(scan->key) + 1;
    }
}

/* Index of the first quote or backslash, or len. */
static size_t find_stop(const char *bytes, size_t len)
{
    const char *quote = memchr(bytes, '"', len);
    size_t before = quote != NULL ? (size_t)(quote - bytes) : len;
    const char *backslash = memchr(bytes, '\\', before);

    return backslash != NULL ? (size_t)(backslash - bytes) : before;
}

/* As much of the document as there is before the next blob. */
static size_t take_text(struct body_scan *scan, const char *bytes, size_t len)
{
    size_t i = 0;

    while (i < len) {
        switch (scan->state) {
        case STATE_STRUCTURE:
            if (structure_byte(scan, bytes[i]))
                return i; /* the quote is not part of the text */
            i++;
            break;
        case STATE_KEY:
            key_byte(scan, bytes[i++]);
            break;
        case STATE_KEY_ESCAPE:
            scan->state = STATE_KEY;
            i++;
            break;
        case STATE_STRING_ESCAPE:
            scan->state = STATE_STRING;
            i++;
            break;
        default: /* STATE_STRING: its closing quote or an escape decides */
            i += find_stop(bytes + i, len - i);
            if (i < len)
                scan->state = bytes[i++] == '"' ? STATE_STRUCTURE : STATE_STRING_ESCAPE;
            break;
        }
    }
    return i;
}

static struct body_scan_event resolved(struct body_scan *scan, char c)
{
    scan->state = STATE_BLOB;
    scan->resolved = c;
    return (struct body_scan_event){BODY_SCAN_BLOB, str_make(&scan->resolved, 1)};
}

static struct body_scan_event escape_byte(struct body_scan *scan, char c)
{
    if (c != 'u')
        return resolved(scan, c == '/' ? '/' : not_base64);
    scan->state = STATE_BLOB_HEX;
    scan->hex_left = 4;
    scan->code = 0;
    return (struct body_scan_event){BODY_SCAN_BLOB, STR("")};
}

static struct body_scan_event hex_byte(struct body_scan *scan, char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *digit = c != '\0' ? strchr(digits, c) : NULL;
    uint32_t value = digit != NULL ? (uint32_t)(digit - digits) : UINT32_MAX;

    if (value == UINT32_MAX)
        return resolved(scan, not_base64);
    scan->code = scan->code << 4 | (value < 16 ? value : value - 6);
    if (--scan->hex_left > 0)
        return (struct body_scan_event){BODY_SCAN_BLOB, STR("")};
    return resolved(scan, scan->code < 0x80 ? (char)scan->code : not_base64);
}

static size_t take_blob(struct body_scan *scan, const char *bytes, size_t len,
                        struct body_scan_event *ret_event)
{
    size_t count = find_stop(bytes, len);

    *ret_event = (struct body_scan_event){BODY_SCAN_BLOB, str_make(bytes, count)};
    if (count > 0)
        return count;
    if (bytes[0] == '\\') {
        scan->state = STATE_BLOB_ESCAPE;
    } else {
        scan->state = STATE_STRUCTURE;
        scan->next = NULL;
        ret_event->kind = BODY_SCAN_BLOB_END;
    }
    return 1;
}

size_t body_scan_next(struct body_scan *scan, const char *bytes, size_t len,
                      struct body_scan_event *ret_event)
{
    size_t count;

    switch (scan->state) {
    case STATE_BLOB:
        return take_blob(scan, bytes, len, ret_event);
    case STATE_BLOB_ESCAPE:
        *ret_event = escape_byte(scan, bytes[0]);
        return 1;
    case STATE_BLOB_HEX:
        *ret_event = hex_byte(scan, bytes[0]);
        return 1;
    default:
        count = take_text(scan, bytes, len);
        *ret_event = (struct body_scan_event){BODY_SCAN_TEXT, str_make(bytes, count)};
        if (count > 0)
            return count;
        scan->state = STATE_BLOB; /* a blob begins with the very first byte */
        ret_event->kind = BODY_SCAN_BLOB_BEGIN;
        return 1;
    }
}
