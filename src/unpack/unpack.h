/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One zip into one folder. Fills in the result, whatever happens; nothing is cleaned up, the caller
 * does that. */

#include <stdint.h>

#include "jail/protocol.h"

struct unpack_options {
    int zip_fd;    /* a regular file; read by position, so its offset stays as it is */
    int target_fd; /* an empty folder */
    uint64_t bytes_max;
    uint32_t entries_max;
};

void unpack_zip(const struct unpack_options *options, struct unpack_result *result);
