/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which extensions a box has: the regular files of /opt/extensions. Runs in the box's init, so
 * nothing is allocated. */

#include "jail/protocol.h"

#define EXTENSIONS_FOLDER "/opt/extensions/"

struct extension_files {
    size_t count; /* may be above JAIL_EXTENSIONS_MAX, then the names are not all of them */
    char names[JAIL_EXTENSIONS_MAX][JAIL_TEXT_BYTES]; /* in byte order */
};

/* enum jail_launch: whether they may be started. */
enum jail_launch extension_files_list(struct extension_files *files);
