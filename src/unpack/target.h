/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The folder that is filled. Paths are cleaned (zip_path.h) and still never trusted to the kernel
 * as a whole: each part is opened below the one before with openat2, no symbolic link is ever
 * followed, so a link that an earlier entry made leads nowhere. A later entry of the same name
 * replaces the earlier one.
 */

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "unpack/zip_path.h"

struct target {
    int fd;      /* borrowed */
    size_t made; /* files, links and folders, also those that only a path implied */
    size_t made_max;
    int parent_fd; /* the folder of the entry before, -1; archives list folder by folder */
    char parent[ZIP_PATH_BYTES];
};

/* Outcomes besides 0 and -errno. */
enum {
    TARGET_OK,
    TARGET_CONFLICT /* a file where a folder is needed, or the reverse */,
    TARGET_FULL
};

void target_init(struct target *target, int fd, size_t made_max);
void target_deinit(struct target *target);

int target_add_folder(struct target *target, const char *path);
int target_add_link(struct target *target, const char *path, const char *to);
/* An open, empty file; its mode is that of the zip as far as anybody may read, and run. */
int target_add_file(struct target *target, const char *path, int *ret_fd);
int target_finish_file(int fd, bool is_executable, const struct timespec *modified);
