/* SPDX-License-Identifier: Apache-2.0 */

#include "base/utf8.h"

static size_t bytes_of_lead(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

size_t utf8_decode(struct str s, uint32_t *ret_code_point)
{
    static const uint32_t first_of_length[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t count = s.len > 0 ? bytes_of_lead(p[0]) : 0;
    uint32_t code;

    if (count == 0 || count > s.len)
        return 0;
    if (count == 1) {
        *ret_code_point = p[0];
        return 1;
    }
    code = p[0] & (0xFFu >> (count + 1));
    for (size_t i = 1; i < count; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    if (code < first_of_length[count] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return 0;
    *ret_code_point = code;
    return count;
}

size_t utf8_char_bytes(struct str s)
{
    uint32_t ignored;

    return utf8_decode(s, &ignored);
}

size_t utf8_count(struct str s)
{
    size_t count = 0;

    while (s.len > 0) {
        size_t bytes = utf8_char_bytes(s);

        s = str_sub(s, bytes > 0 ? bytes : 1, s.len);
        count++;
    }
    return count;
}

bool utf8_is_valid(struct str s)
{
    while (s.len > 0) {
        size_t bytes = utf8_char_bytes(s);

        if (bytes == 0)
            return false;
        s = str_sub(s, bytes, s.len);
    }
    return true;
}
