/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the other parts of lambd are: beside this program in a build tree, or where "meson install"
 * put them. */

#include <stdbool.h>
#include <stddef.h>

enum { PLACES_PATH_BYTES = 4096 };

/* The first of count places, relative to this program's folder, that can be accessed (mode as for
 * access()), else the installed one. False: it is not there either; path is that one then. */
bool places_find(char path[PLACES_PATH_BYTES], const char *const *places, size_t count,
                 const char *installed, int mode);
