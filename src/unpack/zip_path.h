/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names as they stand in a zip, which a stranger wrote. Pure.
 *
 * What is allowed: relative paths of non-empty parts none of which is "..", each at most 255 bytes,
 * together at most LIMIT_CODE_PATH_BYTES. "./", "//" and a "/" at the end say nothing and are
 * dropped. libarchive reads a name without any "/" that was made on Windows with its backslashes as
 * "/", and cuts a name at a NUL; what comes out of it is judged here. Otherwise a backslash is an
 * ordinary character, as it is on Linux.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

enum { ZIP_PATH_BYTES = LIMIT_CODE_PATH_BYTES + 1, ZIP_PART_BYTES_MAX = 255 };

/* Outcomes. */
enum {
    ZIP_PATH_OK,
    ZIP_PATH_ROOT, /* names the folder itself: nothing to make */
    ZIP_PATH_ABSOLUTE,
    ZIP_PATH_OUTSIDE, /* ".." */
    ZIP_PATH_TOO_LONG,
};

int zip_path_clean(char clean[ZIP_PATH_BYTES], const char *name);

/*
 * May a symbolic link at path (cleaned) point to target? Only to something that is, as far as the
 * text of the two tells, inside of the package.
 */
bool zip_link_is_inside(const char *path, const char *target);
