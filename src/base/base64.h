/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Base64 with the standard alphabet and padding, whole or as a resumable decoder for long values.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of len bytes encoded, without a terminating NUL. */
#define BASE64_TEXT_BYTES(len) (((len) + 2) / 3 * 4)

/* Writes BASE64_TEXT_BYTES(len) characters and a NUL; returns the number of characters. */
size_t base64_encode(char *text, const void *bytes, size_t len);

struct base64_decoder {
    uint32_t bits;
    unsigned count; /* characters of the current group, padding included */
    unsigned padding;
    bool ended;
};

void base64_decoder_init(struct base64_decoder *decoder);
/*
 * Decode len characters; bytes needs room for len / 4 * 3 + 3. False on a character outside the
 * alphabet, or anything after the padding.
 */
bool base64_decoder_feed(struct base64_decoder *decoder, const char *text, size_t len, void *bytes,
                         size_t *ret_len);
/* False when the text ended inside a group. */
bool base64_decoder_end(const struct base64_decoder *decoder);

/* All at once; bytes needs room for len / 4 * 3. */
bool base64_decode(void *bytes, size_t *ret_len, const char *text, size_t len);
