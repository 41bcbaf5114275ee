/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The last LIMIT_LOG_TAIL_BYTES of what was logged: X-Amz-Log-Result. */

#include <stddef.h>

#include "base/limits.h"
#include "base/str.h"

struct log_tail {
    char bytes[LIMIT_LOG_TAIL_BYTES]; /* a ring */
    size_t start;
    size_t len;
};

void log_tail_append(struct log_tail *tail, struct str text);
/* The content in one piece, in to (LIMIT_LOG_TAIL_BYTES); returns its length. */
size_t log_tail_copy(const struct log_tail *tail, char *to);
