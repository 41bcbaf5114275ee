/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <string.h>

#include "base/base64.h"

bool digest_eq(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

char *digest_hex(const struct digest *digest, char buffer[DIGEST_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        buffer[2 * i] = digits[digest->bytes[i] >> 4];
        buffer[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    buffer[DIGEST_HEX_BYTES - 1] = '\0';
    return buffer;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_from_hex(struct digest *ret_digest, struct str hex)
{
    struct digest digest;
    int high;
    int low;

    if (hex.len != DIGEST_HEX_BYTES - 1)
        return false;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        high = hex_value(hex.ptr[2 * i]);
        low = hex_value(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *ret_digest = digest;
    return true;
}

char *digest_base64(const struct digest *digest, char buffer[DIGEST_BASE64_BYTES])
{
    (void)base64_encode(buffer, digest->bytes, DIGEST_BYTES);
    return buffer;
}
