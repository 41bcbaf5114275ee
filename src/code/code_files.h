/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The file work of the code store. Everything here blocks: it runs on libuv's pool. */

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"

struct code_files {
    char *packages; /* directories, absolute or relative to the working directory; owned */
    char *code;
};

int code_files_init(struct code_files *files, const char *state_directory);
void code_files_deinit(struct code_files *files);
/* Makes the directories that are missing; why is set on failure. */
struct reason;
int code_files_prepare(const struct code_files *files, struct reason *why);

/* Is code/<digest> there, and the zip? With the zip alone, *ret_zip_fd is the zip opened, else -1.
 */
int code_files_check(const struct code_files *files, const struct digest *digest,
                     bool *ret_has_folder, bool *ret_has_zip, int *ret_zip_fd);

/* Makes the upload the package of that digest, durably. */
int code_files_persist(const struct code_files *files, const struct digest *digest, int fd,
                       const char *path);

/* Missing ones are fine. */
int code_files_remove_zip(const struct code_files *files, const struct digest *digest);
int code_files_remove_folder(const struct code_files *files, const struct digest *digest);

/* The digests of everything in both directories, malloc'd; some may come twice. */
int code_files_list(const struct code_files *files, struct digest **ret_digests, size_t *ret_count);
