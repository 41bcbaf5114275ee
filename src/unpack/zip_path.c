/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/zip_path.h"

#include <string.h>

#include "base/str.h"

static bool is_dots(struct str part, size_t count)
{
    return part.len == count && memcmp(part.ptr, "..", count) == 0;
}

int zip_path_clean(char clean[ZIP_PATH_BYTES], const char *name)
{
    struct str rest = str_of(name);
    struct str part;
    size_t used = 0;

    if (name[0] == '/')
        return ZIP_PATH_ABSOLUTE;
    while (str_next(&rest, '/', &part)) {
        if (part.len == 0 || is_dots(part, 1))
            continue;
        if (is_dots(part, 2))
            return ZIP_PATH_OUTSIDE;
        if (part.len > ZIP_PART_BYTES_MAX || used + 1 + part.len >= ZIP_PATH_BYTES)
            return ZIP_PATH_TOO_LONG;
        if (used)
            clean[used++] = '/';
        memcpy(clean + used, part.ptr, part.len);
        used += part.len;
    }
    clean[used] = '\0';
    return used ? ZIP_PATH_OK : ZIP_PATH_ROOT;
}

bool zip_link_is_inside(const char *path, const char *target)
{
    struct str rest = str_of(target);
    struct str part;
    size_t depth = 0;

    if (target[0] == '\0' || target[0] == '/' || strlen(target) >= ZIP_PATH_BYTES)
        return false;
    for (const char *p = path; *p; p++)
        depth += *p == '/';
    while (str_next(&rest, '/', &part)) {
        if (part.len == 0 || is_dots(part, 1))
            continue;
        if (!is_dots(part, 2))
            depth++;
        else if (depth-- == 0)
            return false;
    }
    return true;
}
