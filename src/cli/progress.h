/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A progress line on stderr that rewrites itself: "uploading 12.3 of 45.0 MB (27%)". */

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;
    int percent; /* last shown, -1: nothing yet */
};

void progress_init(struct progress *progress, const char *what);
void progress_show(struct progress *progress, uint64_t done, uint64_t total);
void progress_end(struct progress *progress); /* ends the line, if there is one */
