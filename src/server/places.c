/* SPDX-License-Identifier: Apache-2.0 */
#include "server/places.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Set by the build. */
#ifndef LAMBD_DATADIR
#error "LAMBD_DATADIR is missing"
#endif

__attribute__((format(printf, 2, 3))) static bool put(char path[PATH_MAX], const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(path, PATH_MAX, format, args);
    va_end(args);
    return len > 0 && len < PATH_MAX;
}

static int own_folder(char folder[PATH_MAX], struct reason *why)
{
    ssize_t len = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    char *slash;

    if (len < 0) {
        reason_set_errno(why, errno, "cannot find the program's own place in /proc");
        return err_new(-errno);
    }
    folder[len] = '\0';
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    return 0;
}

int server_places_find(struct server_places *ret_places, struct reason *why)
{
    char folder[PATH_MAX];
    bool fits;
    int r = own_folder(folder, why);

    if (r < 0)
        return err_pass(r);
    fits = put(ret_places->jail, "%s/lambd-jail", folder) &&
           put(ret_places->unpacker, "%s/lambd-unpack", folder) &&
           put(ret_places->runtimes, "%s/runtimes", LAMBD_DATADIR);
    if (fits && access(ret_places->jail, X_OK) < 0)
        fits = put(ret_places->jail, "%s/../jail/lambd-jail", folder) &&
               put(ret_places->unpacker, "%s/../unpack/lambd-unpack", folder) &&
               put(ret_places->runtimes, "%s/../../runtimes", folder);
    if (!fits || access(ret_places->jail, X_OK) < 0 || access(ret_places->unpacker, X_OK) < 0) {
        reason_set(why,
                   "lambd-jail and lambd-unpack are not beside %s; is the installation complete?",
                   folder);
        return err_new(-ENOENT);
    }
    return 0;
}
