/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Randomness from the kernel; good enough for keys and identifiers. Cannot fail once the system is
 * up. */

#include <stddef.h>
#include <stdint.h>

enum { UUID_TEXT_BYTES = 37 }; /* with the terminating NUL */

void rand_bytes(void *bytes, size_t len);
uint64_t rand_u64(void);
/* A random (version 4) UUID in lower case. Returns buffer. */
char *rand_uuid(char buffer[UUID_TEXT_BYTES]);
/* count bytes as 2 * count lower-case hexadecimal digits and a NUL. Returns buffer. */
char *rand_hex(char *buffer, size_t count);
