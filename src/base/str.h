/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text as a borrowed view: pointer and length, no terminating NUL, no ownership. ptr == NULL means
 * "absent", which differs from "empty" (ptr != NULL, len == 0). NUL-terminated strings occur only
 * next to system calls.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For static tables, where a compound literal is not a constant. */
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define STR_NONE ((struct str){NULL, 0})
/* For printf: "%.*s", STR_FMT(s) */
#define STR_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

/* NULL gives the absent text. */
struct str str_of(const char *cstr);
static inline struct str str_make(const char *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline bool str_is_set(struct str s)
{
    return s.ptr != NULL;
}

bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
int str_cmp(struct str a, struct str b);        /* byte order, shorter first */
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* Index of the first byte c, or s.len when there is none. */
size_t str_find(struct str s, char c);
/* Bytes from..to, clamped to s; absent when s is. */
struct str str_sub(struct str s, size_t from, size_t to);
struct str str_trim(struct str s); /* blanks and tabs at both ends */

/*
 * Cut off the part of *rest before the next separator, which is skipped; *rest becomes absent after
 * the last part. Returns false when *rest is absent already. "a,,b" gives "a", "", "b".
 */
bool str_next(struct str *rest, char separator, struct str *ret_part);

/* A decimal number and nothing else; false on an empty text, other characters or overflow. */
bool str_is_uuid(struct str s); /* 36 characters, hexadecimal digits in either case */
bool str_to_u64(struct str s, uint64_t *ret_value);
bool str_to_i64(struct str s, int64_t *ret_value);

/* Copy to a fixed buffer with a terminating NUL; false (and "" in it) when it does not fit or has a
 * NUL inside. */
bool str_to_cstr(struct str s, char *buffer, size_t size);
