/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Links to packages that need no credentials and end by themselves, as AWS's presigned ones:
 * "/_lambd/packages/<digest>?expires=<epoch seconds>&token=<HMAC-SHA256, hexadecimal>". Pure
 * functions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/str.h"

enum { PACKAGE_URL_KEY_BYTES = 32, PACKAGE_URL_BYTES = 192, PACKAGE_URL_VALID_MS = 600000 };

#define PACKAGE_URL_PATH "/_lambd/packages/"

struct package_url_key {
    uint8_t bytes[PACKAGE_URL_KEY_BYTES];
};

void package_url_key_make(struct package_url_key *ret_key);
void package_url_key_clear(struct package_url_key *key);

/* Path and query of a link that is good until expires_ms. Returns buffer. */
char *package_url_make(const struct package_url_key *key, const struct digest *digest,
                       uint64_t expires_ms, char buffer[PACKAGE_URL_BYTES]);

/* path and query (without "?") of a request; true and the package when the link is genuine and not
 * too old. */
bool package_url_verify(const struct package_url_key *key, struct str path, struct str query,
                        uint64_t now_ms, struct digest *ret_digest);
