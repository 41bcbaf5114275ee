/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the end of a zip announces: how many entries. It may lie; that is what counting while
 * unpacking is for. It tells an empty zip from no zip (libarchive knows only the latter), and
 * spares us making 65,535 files before we refuse 100,000.
 */

#include <stdbool.h>
#include <stdint.h>

/* False when there is no end record, or a comment follows it. */
bool zip_end_read(int zip_fd, uint64_t zip_bytes, uint64_t *ret_entries);
