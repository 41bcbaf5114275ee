/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* mkdir -p */
static int make_path(const char *path, struct reason *why)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof(copy) || path[0] != '/') {
        reason_set(why, "the state directory must be an absolute path, not '%s'", path);
        return err_new(-EINVAL);
    }
    memcpy(copy, path, len + 1);
    for (char *at = copy + 1;; at++) {
        char c = *at;

        if (c != '/' && c != '\0')
            continue;
        *at = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
            int error = errno;

            reason_set_errno(why, error, "cannot make the state directory %s", path);
            return err_new(-error);
        }
        *at = c;
        if (c == '\0')
            return 0;
    }
}

static int give(int dir_fd, const char *name, uid_t uid)
{
    if (uid == (uid_t)-1)
        return 0;
    if (fchownat(dir_fd, name, uid, uid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_new(-errno);
    return 0;
}

static int make_folder(int dir_fd, const char *name, uid_t uid)
{
    if (mkdirat(dir_fd, name, 0750) < 0 && errno != EEXIST)
        return err_new(-errno);
    return give(dir_fd, name, uid);
}

/* Files that a daemon of another user left (for example one that did not run as root) become this
 * one's. */
static int give_files(int dir_fd, uid_t uid)
{
    static const char *const names[] = {"lambd.db", "lambd.db-wal", "lambd.db-shm", "lock"};
    int r;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        r = give(dir_fd, names[i], uid);
        if (r < 0 && r != -ENOENT)
            return err_pass(r);
    }
    return 0;
}

static int take_lock(int dir_fd, const char *path, int *ret_lock_fd, struct reason *why)
{
    CLEANUP(close_fdp) int fd = -1;

    fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        reason_set_errno(why, errno, "cannot write in the state directory %s", path);
        return err_new(-errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        reason_set(why, "another lambd uses the state directory %s", path);
        return err_new(-EBUSY);
    }
    *ret_lock_fd = steal_fd(&fd);
    return 0;
}

static int make_folders(int dir_fd, uid_t uid)
{
    static const char *const names[] = {"packages", "spool", "logs"};
    int r = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++)
        r = make_folder(dir_fd, names[i], uid);
    /* code/ stays with whoever starts the jail: nobody else may change unpacked code. */
    if (r == 0 && mkdirat(dir_fd, "code", 0755) < 0 && errno != EEXIST)
        r = err_new(-errno);
    return r;
}

/* Uploads that a stop interrupted. */
static void empty_spool(int dir_fd)
{
    int fd = openat(dir_fd, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        close_fdp(&fd);
        return;
    }
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(fd, entry->d_name, 0);
    (void)closedir(dir);
}

int state_dir_open(const char *path, uid_t uid, int *ret_lock_fd, struct reason *why)
{
    CLEANUP(close_fdp) int dir_fd = -1;
    CLEANUP(close_fdp) int lock_fd = -1;
    int r = make_path(path, why);

    if (r < 0)
        return err_pass(r);
    dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        reason_set_errno(why, errno, "cannot open the state directory %s", path);
        return err_new(-errno);
    }
    r = take_lock(dir_fd, path, &lock_fd, why);
    if (r < 0)
        return err_pass(r);
    r = make_folders(dir_fd, uid);
    if (r == 0)
        r = give_files(dir_fd, uid);
    if (r == 0 && uid != (uid_t)-1 && fchown(dir_fd, uid, uid) < 0)
        r = err_new(-errno);
    if (r < 0) {
        reason_set_errno(why, r, "cannot prepare the state directory %s", path);
        return err_pass(r);
    }
    empty_spool(dir_fd);
    *ret_lock_fd = steal_fd(&lock_fd);
    return 0;
}

int state_dir_check(const char *path, struct reason *why)
{
    if (access(path, R_OK | W_OK | X_OK) < 0) {
        int error = errno;

        reason_set(why,
                   "the state directory %s cannot be reached by user %u, which lambd runs as (%s); "
                   "choose another with --state-dir or another --user",
                   path, (unsigned)geteuid(), strerror(error));
        return err_new(-error);
    }
    return 0;
}
