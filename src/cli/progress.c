/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>

enum { TENTH_OF_MB = 100 * 1000 };

void progress_init(struct progress *progress, const char *what)
{
    *progress = (struct progress){.what = what, .percent = -1};
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total)
{
    uint64_t done_tenths = done / TENTH_OF_MB, total_tenths = total / TENTH_OF_MB;
    int percent = total ? (int)(done * 100 / total) : 100;

    if (percent == progress->percent)
        return;
    progress->percent = percent;
    fprintf(stderr, "\r%s %u.%u of %u.%u MB (%d%%)", progress->what, (unsigned)(done_tenths / 10),
            (unsigned)(done_tenths % 10), (unsigned)(total_tenths / 10),
            (unsigned)(total_tenths % 10), percent);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->percent >= 0)
        fputc('\n', stderr);
    progress->percent = -1;
}
