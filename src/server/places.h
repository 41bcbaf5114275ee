/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the other programs and the runtime clients are: beside this one in the build tree, or where
 * they were installed. */

#include <limits.h>

#include "base/error.h"

struct server_places {
    char jail[PATH_MAX];
    char unpacker[PATH_MAX];
    char runtimes[PATH_MAX];
};

int server_places_find(struct server_places *ret_places, struct reason *why);
