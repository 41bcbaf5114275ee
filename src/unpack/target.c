/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"

static int open_beneath(int dir_fd, const char *name, uint64_t flags, uint64_t mode)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC | O_NOFOLLOW,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    int fd = (int)syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

    return fd < 0 ? -errno : fd;
}

void target_init(struct target *target, int fd, size_t made_max)
{
    *target = (struct target){.fd = fd, .parent_fd = -1, .made_max = made_max};
}

void target_deinit(struct target *target)
{
    close_fdp(&target->parent_fd);
    target->parent_fd = -1;
}

static int count_one(struct target *target)
{
    return target->made++ < target->made_max ? TARGET_OK : TARGET_FULL;
}

/* The folder name below dir_fd, made if it is not there. An fd, -errno, or an outcome through
 * ret_outcome. */
static int enter(struct target *target, int dir_fd, const char *name, int *ret_outcome)
{
    int fd = open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);

    *ret_outcome = TARGET_OK;
    if (fd == -ENOENT) {
        *ret_outcome = count_one(target);
        if (*ret_outcome)
            return -1;
        if (mkdirat(dir_fd, name, 0755) < 0)
            return err_new(-errno);
        fd = open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd == -ENOTDIR || fd == -ELOOP) {
        *ret_outcome = TARGET_CONFLICT;
        return -1;
    }
    return fd;
}

/* Open (and make) the folder at path, part by part; the empty path is the target itself. */
static int open_folder(struct target *target, struct str path, int *ret_fd)
{
    CLEANUP(close_fdp) int fd = fcntl(target->fd, F_DUPFD_CLOEXEC, 0);
    char name[ZIP_PART_BYTES_MAX + 1];
    struct str part;
    int outcome = TARGET_OK;

    while (fd >= 0 && path.len && str_next(&path, '/', &part)) {
        CLEANUP(close_fdp) int above = steal_fd(&fd);

        if (!str_to_cstr(part, name, sizeof(name)))
            return err_new(-ENAMETOOLONG);
        fd = enter(target, above, name, &outcome);
        if (outcome)
            return outcome;
    }
    if (fd < 0)
        return err_new(fd < -1 ? fd : -errno);
    *ret_fd = steal_fd(&fd);
    return TARGET_OK;
}

/* Make parent_fd the folder of path; *ret_name is the last part. */
static int enter_parent(struct target *target, const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    struct str parent = str_make(path, slash ? (size_t)(slash - path) : 0);
    int r;

    *ret_name = slash ? slash + 1 : path;
    if (target->parent_fd >= 0 && str_eq(parent, str_of(target->parent)))
        return TARGET_OK;
    target_deinit(target);
    r = open_folder(target, parent, &target->parent_fd);
    if (!r)
        (void)str_to_cstr(parent, target->parent, sizeof(target->parent));
    return r;
}

int target_add_folder(struct target *target, const char *path)
{
    int fd = -1;
    int r = open_folder(target, str_of(path), &fd);

    close_fdp(&fd);
    return r;
}

/* Take what an earlier entry made at this name out of the way. */
static int make_room(int dir_fd, const char *name)
{
    if (unlinkat(dir_fd, name, 0) == 0)
        return TARGET_OK;
    return errno == EISDIR || errno == EPERM ? TARGET_CONFLICT : err_new(-errno);
}

int target_add_link(struct target *target, const char *path, const char *to)
{
    const char *name;
    int r = enter_parent(target, path, &name);

    if (!r)
        r = count_one(target);
    if (r)
        return r;
    if (symlinkat(to, target->parent_fd, name) == 0)
        return TARGET_OK;
    if (errno != EEXIST)
        return err_new(-errno);
    r = make_room(target->parent_fd, name);
    if (!r && symlinkat(to, target->parent_fd, name) < 0)
        return err_new(-errno);
    return r;
}

int target_add_file(struct target *target, const char *path, int *ret_fd)
{
    const uint64_t flags = O_WRONLY | O_CREAT | O_EXCL;
    const char *name;
    int fd;
    int r = enter_parent(target, path, &name);

    if (!r)
        r = count_one(target);
    if (r)
        return r;
    fd = open_beneath(target->parent_fd, name, flags, 0600);
    if (fd == -EEXIST) {
        r = make_room(target->parent_fd, name);
        if (r)
            return r;
        fd = open_beneath(target->parent_fd, name, flags, 0600);
    }
    if (fd < 0)
        return err_new(fd);
    *ret_fd = fd;
    return TARGET_OK;
}

int target_finish_file(int fd, bool is_executable, const struct timespec *modified)
{
    const struct timespec times[2] = {*modified, *modified};

    /* No setuid, no group or world write; world-readable, because the box's user is not the owner.
     */
    if (fchmod(fd, is_executable ? 0755 : 0644) < 0)
        return err_new(-errno);
    return futimens(fd, times) < 0 ? err_new(-errno) : 0;
}
