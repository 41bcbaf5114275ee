/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

#include "base/must.h"

static const char hex_digits[] = "0123456789abcdef";

void rand_bytes(void *bytes, size_t len)
{
    unsigned char *at = bytes;
    ssize_t n;

    while (len) {
        n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        must(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

uint64_t rand_u64(void)
{
    uint64_t value;

    rand_bytes(&value, sizeof(value));
    return value;
}

static char *put_hex(char *at, unsigned char byte)
{
    *at++ = hex_digits[byte >> 4];
    *at++ = hex_digits[byte & 15];
    return at;
}

char *rand_uuid(char buffer[UUID_TEXT_BYTES])
{
    unsigned char bytes[16];
    char *at = buffer;

    rand_bytes(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at = put_hex(at, bytes[i]);
    }
    *at = '\0';
    return buffer;
}

char *rand_hex(char *buffer, size_t count)
{
    unsigned char bytes[64];
    char *at = buffer;
    size_t some;

    while (count) {
        some = count < sizeof(bytes) ? count : sizeof(bytes);
        rand_bytes(bytes, some);
        for (size_t i = 0; i < some; i++)
            at = put_hex(at, bytes[i]);
        count -= some;
    }
    *at = '\0';
    return buffer;
}
