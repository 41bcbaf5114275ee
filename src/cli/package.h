/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Code packages from folders. The same content always gives the same bytes (entries in byte order
 * of their names, one fixed time, modes 755 or 644), so that deploying unchanged code does not
 * change its CodeSha256.
 */

#include <stdint.h>

struct reason;

/*
 * Zip a folder, or take a zip file as it is. ret_fd is open for reading at its start (temporary and
 * unnamed when it was zipped here). Everything goes in: hidden files and empty folders too; what
 * cannot (sockets, devices, links that leave the folder, unreadable files) is a failure with its
 * name in why.
 */
int package_open(const char *path, int *ret_fd, uint64_t *ret_bytes, struct reason *why);
