/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

static void trace(const char *what, int error, const char *file, int line)
{
    if (getenv("LAMBD_TRACE_ERRORS"))
        (void)fprintf(stderr, "error: %s %d (%s) at %s:%d\n", what, error, strerror(-error), file,
                      line);
}

int err_new_at(int error, const char *file, int line)
{
    if (error >= 0)
        error = -ENOTRECOVERABLE;
    trace("new", error, file, line);
    return error;
}

int err_pass_at(int error, const char *file, int line)
{
    must(error < 0);
    trace("passed", error, file, line);
    return error;
}

int err_fold_at(int error, const char *file, int line)
{
    if (error == 0)
        return 0;
    return error < 0 ? err_pass_at(error, file, line) : err_new_at(-EPROTO, file, line);
}

void reason_set(struct reason *why, const char *format, ...)
{
    va_list args;

    if (!why)
        return;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
}

void reason_set_errno(struct reason *why, int error, const char *format, ...)
{
    va_list args;
    size_t used;

    if (!why)
        return;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
    used = strlen(why->text);
    (void)snprintf(why->text + used, sizeof(why->text) - used, ": %s",
                   strerror(error < 0 ? -error : error));
}
