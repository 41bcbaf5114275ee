/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Is this one JSON value (RFC 8259, UTF-8)? Fed in pieces of any size while a payload arrives; it
 * keeps no text and never allocates, and its answer does not depend on where the pieces were cut.
 * Blanks around the value are accepted, anything else after it is an error.
 *
 * json_check_describe() says what is wrong in the words of the parser that the Lambda service uses,
 * because customers see and compare them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum {
    JSON_CHECK_DEPTH_MAX = 1000, /* the service's limit */
    JSON_CHECK_WORD_MAX = 256,
};

enum json_check_error {
    JSON_CHECK_OK,
    JSON_CHECK_CHARACTER,  /* `byte` stands where `expected` should */
    JSON_CHECK_WORD,       /* a bare word that is no literal */
    JSON_CHECK_END,        /* the text ends too soon */
    JSON_CHECK_END_NUMBER, /* and does so inside a number */
    JSON_CHECK_CLOSE,      /* ']' for '}' or the reverse */
    JSON_CHECK_CONTROL,    /* control character inside a string */
    JSON_CHECK_ESCAPE,     /* unknown character after a backslash */
    JSON_CHECK_NUMBER,     /* leading zero */
    JSON_CHECK_DIGIT,      /* a digit is missing in a number */
    JSON_CHECK_UTF8_START,
    JSON_CHECK_UTF8_MIDDLE,
    JSON_CHECK_DEPTH,
};

/* Where an array or object began. */
struct json_check_open {
    uint32_t line;
    uint32_t column : 31;
    uint32_t is_array : 1;
};

struct json_check {
    enum json_check_error error; /* the first one; sticky */
    uint32_t line;               /* 1-based, of the error */
    uint32_t column;             /* 1-based, in bytes */

    /* private */
    uint8_t state;
    uint8_t number;
    uint8_t left;      /* hexadecimal digits or continuation bytes still to come */
    uint8_t low, high; /* bounds of the next continuation byte */
    bool in_key;
    bool after_cr;
    uint8_t byte;
    const char *expected;
    const uint8_t *chunk;
    uint64_t offset;     /* of chunk in the text */
    uint64_t line_start; /* in the text */
    uint32_t line_now;
    uint32_t depth;
    uint32_t word_len;
    char word[JSON_CHECK_WORD_MAX];
    struct json_check_open open[JSON_CHECK_DEPTH_MAX]; /* the first `depth` are in use */
};

/* The array of open containers is left as it is: starting costs nothing. */
void json_check_init(struct json_check *check);

/* False as soon as the text cannot become valid any more. */
bool json_check_feed(struct json_check *check, const void *bytes, size_t len);

/* The text is complete: was it a value? */
bool json_check_end(struct json_check *check);

/* Append the text of the error, with its position on a line of its own. */
void json_check_describe(const struct json_check *check, struct buf *out);
