/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

#include <stddef.h>

#include "base/str.h"

/* Bytes of the character at s[0]; 0 when it is not well formed or s is empty. */
size_t utf8_char_bytes(struct str s);
/* The same, and which character it is. */
size_t utf8_decode(struct str s, uint32_t *ret_code_point);

/* Number of characters; each byte that belongs to none counts as one. */
size_t utf8_count(struct str s);
bool utf8_is_valid(struct str s);
