/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/places.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of this program, without a final slash; false when it cannot be told. */
static bool own_folder(char folder[PLACES_PATH_BYTES])
{
    ssize_t len = readlink("/proc/self/exe", folder, PLACES_PATH_BYTES - 1);
    char *slash;

    if (len < 0)
        return false;
    folder[len] = '\0';
    slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

bool places_find(char path[PLACES_PATH_BYTES], const char *const *places, size_t count,
                 const char *installed, int mode)
{
    char folder[PLACES_PATH_BYTES];

    if (own_folder(folder))
        for (size_t i = 0; i < count; i++) {
            int len = snprintf(path, PLACES_PATH_BYTES, "%s/%s", folder, places[i]);

            if (len > 0 && len < PLACES_PATH_BYTES && access(path, mode) == 0)
                return true;
        }
    (void)snprintf(path, PLACES_PATH_BYTES, "%s", installed);
    return access(path, mode) == 0;
}
