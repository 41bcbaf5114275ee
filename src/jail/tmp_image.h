/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * /tmp of a box as a file system of its own: a sparse file on the state directory's file system,
 * which has no name from its birth on, behind a loop device that goes away with its last user, with
 * an ext4 in it. So what a function writes is on the disk and not in its memory; the size is exact;
 * and whatever ends the box, kill -9 of everything included, leaves nothing behind.
 *
 * The file system is made once per size (mke2fs takes 10 ms) and copied: of a template all but a
 * hundred kilobytes are holes. Nobody but us and the kernel ever writes to file, loop device or
 * template: none has a name, and boxes have no devices.
 *
 * Grows with: one file, loop device and mount per box (about 0.4 MB of kernel memory); templates,
 * of which the TMP_TEMPLATES_MAX last made are kept.
 *
 * All of this blocks, for milliseconds: it belongs into processes of its own (tmp_maker.h).
 */

#include <stdint.h>

enum { TMP_TEMPLATES_MAX = 32 };

struct tmp_template {
    uint32_t tmp_mb;
    int fd;
};

struct tmp_images {
    int folder_fd;  /* borrowed: any folder on the file system that is to hold the images */
    int control_fd; /* /dev/loop-control */
    struct tmp_template templates[TMP_TEMPLATES_MAX];
    uint32_t templates_made;
};

/* Whether this host can do it: loop devices, ext4, mke2fs, files without a name. 0 or -errno. */
int tmp_images_open(struct tmp_images *images, int folder_fd);

/* A template for this size, made if there is none; borrowed. -errno. */
int tmp_images_template(struct tmp_images *images, uint32_t tmp_mb);

/* A fresh, empty /tmp: a mount that is attached nowhere yet. The caller's, or -errno. */
int tmp_image_mount(const struct tmp_images *images, int template_fd);

/*
 * What is in the /tmp of this process will not be read again: writing it to the disk when it is
 * unmounted would be in vain. Quick; nothing happens where /tmp is no image.
 */
void tmp_image_discard(int pid);
