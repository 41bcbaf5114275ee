/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A SHA-256 value: the name of every code package. Computing one: base/hash.h. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX_BYTES = 65, DIGEST_BASE64_BYTES = 45 };

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

bool digest_eq(const struct digest *a, const struct digest *b);
/* 64 lower-case hexadecimal digits and a NUL: names of files. Returns buffer. */
char *digest_hex(const struct digest *digest, char buffer[DIGEST_HEX_BYTES]);
bool digest_from_hex(struct digest *ret_digest, struct str hex);
/* 44 base64 characters and a NUL: CodeSha256 of the API. Returns buffer. */
char *digest_base64(const struct digest *digest, char buffer[DIGEST_BASE64_BYTES]);
