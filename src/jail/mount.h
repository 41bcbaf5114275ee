/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mount trees as descriptors (open_tree, fsmount, move_mount). A tree that was cloned or made here
 * is attached nowhere until tree_attach(); all descriptors are close-on-exec. Failures are -errno.
 */

#include <stdint.h>
#include <sys/mount.h>

enum {
    TREE_FOREIGN = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, /* what boxes see */
};

/* A copy of the mount at path (all mounts below it too when recursive), with attributes added. */
int tree_clone(int dir_fd, const char *path, uint64_t attributes);
int tree_clone_all(int dir_fd, const char *path, uint64_t attributes);

/* A new file system; options are key, value, key, value …, NULL; a NULL value is a flag. */
int tree_new(const char *type, const char *const *options, uint64_t attributes);

/* Put the tree over an existing file or folder. Symlinks at the end of path are not followed. */
int tree_attach(int tree_fd, int dir_fd, const char *path);
