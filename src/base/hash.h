/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SHA-256, in one go or in steps. Not thread-safe per object; any thread may use its own. */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/digest.h"

struct hash;

/* NULL when out of memory. */
struct hash *hash_new(void);
struct hash *hash_free(struct hash *hash);
CLEANUP_DEFINE(struct hash, hash_free)

void hash_update(struct hash *hash, const void *bytes, size_t len);
/* Gives the value of what was added and starts anew. */
void hash_finish(struct hash *hash, struct digest *ret_digest);

/* 0 or -ENOMEM. */
int hash_bytes(struct digest *ret_digest, const void *bytes, size_t len);
