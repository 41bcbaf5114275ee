/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value + 1 of each character; 0 for those outside the alphabet. */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static char *put_group(char *to, uint32_t bits, size_t chars)
{
    for (size_t i = 0; i < 4; i++)
        *to++ = i < chars ? alphabet[(bits >> (18 - 6 * i)) & 63] : '=';
    return to;
}

size_t base64_encode(char *text, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    char *to = text;

    for (; len >= 3; len -= 3, from += 3)
        to = put_group(to, (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2], 4);
    if (len == 2)
        to = put_group(to, (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8, 3);
    else if (len == 1)
        to = put_group(to, (uint32_t)from[0] << 16, 2);
    *to = '\0';
    return (size_t)(to - text);
}

void base64_decoder_init(struct base64_decoder *decoder)
{
    *decoder = (struct base64_decoder){0};
}

/* One character more; false when it may not stand here. */
static bool take(struct base64_decoder *d, char c)
{
    uint8_t value = values[(uint8_t)c];

    if (d->ended)
        return false;
    if (c == '=') {
        if (d->count < 2)
            return false;
        d->padding++;
        d->bits <<= 6;
    } else {
        if (value == 0 || d->padding)
            return false;
        d->bits = d->bits << 6 | (uint32_t)(value - 1);
    }
    d->count++;
    return true;
}

bool base64_decoder_feed(struct base64_decoder *d, const char *text, size_t len, void *bytes,
                         size_t *ret_len)
{
    uint8_t *start = bytes;
    uint8_t *to = bytes;

    for (size_t i = 0; i < len; i++) {
        if (!take(d, text[i]))
            return false;
        if (d->count < 4)
            continue;
        *to++ = (uint8_t)(d->bits >> 16);
        if (d->padding < 2)
            *to++ = (uint8_t)(d->bits >> 8);
        if (d->padding < 1)
            *to++ = (uint8_t)d->bits;
        d->ended = d->padding > 0;
        d->count = 0;
        d->bits = 0;
    }
    *ret_len = (size_t)(to - start);
    return true;
}

bool base64_decoder_end(const struct base64_decoder *decoder)
{
    return decoder->count == 0;
}

bool base64_decode(void *bytes, size_t *ret_len, const char *text, size_t len)
{
    struct base64_decoder decoder;

    base64_decoder_init(&decoder);
    return base64_decoder_feed(&decoder, text, len, bytes, ret_len) && base64_decoder_end(&decoder);
}
