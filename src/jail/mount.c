/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/fd.h"

static int clone_tree(int dir_fd, const char *path, uint64_t attributes, unsigned recursive)
{
    CLEANUP(close_fdp) int fd = -1;
    struct mount_attr attr = {.attr_set = attributes};

    fd = open_tree(dir_fd, path,
                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
                       recursive);
    if (fd < 0)
        return -errno;
    if (attributes && mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attr, sizeof(attr)) < 0)
        return -errno;
    return steal_fd(&fd);
}

int tree_clone(int dir_fd, const char *path, uint64_t attributes)
{
    return clone_tree(dir_fd, path, attributes, 0);
}

int tree_clone_all(int dir_fd, const char *path, uint64_t attributes)
{
    return clone_tree(dir_fd, path, attributes, AT_RECURSIVE);
}

int tree_new(const char *type, const char *const *options, uint64_t attributes)
{
    CLEANUP(close_fdp) int fs_fd = fsopen(type, FSOPEN_CLOEXEC);
    int fd;

    if (fs_fd < 0)
        return -errno;
    for (const char *const *o = options; o && o[0]; o += 2) {
        unsigned command = o[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

        if (fsconfig(fs_fd, command, o[0], o[1], 0) < 0)
            return -errno;
    }
    if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned)attributes);
    return fd < 0 ? -errno : fd;
}

int tree_attach(int tree_fd, int dir_fd, const char *path)
{
    return move_mount(tree_fd, "", dir_fd, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}
