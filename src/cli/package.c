/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

enum {
    PATH_BYTES = 4096,
    COPY_BYTES = 64 * 1024,
    DEPTH_MAX = 100,
    FIXED_TIME = 315619200, /* 1980-01-02: what zip can express in every time zone */
};

struct packer {
    struct archive *zip; /* owned */
    int root_fd;         /* borrowed */
    const char *root;    /* borrowed; for messages */
    struct reason *why;  /* borrowed */
};

static void free_archive(struct archive **zip)
{
    if (*zip)
        archive_write_free(*zip);
}

static void free_entry(struct archive_entry **entry)
{
    archive_entry_free(*entry);
}

static int fail_zip(const struct packer *packer)
{
    int error = archive_errno(packer->zip);
    const char *text = archive_error_string(packer->zip);

    reason_set(packer->why, "cannot write the package: %s", text ? text : "unknown error");
    return err_new(error > 0 ? -error : -EIO);
}

static int fail_file(const struct packer *packer, const char *path, const char *what)
{
    int error = errno;

    reason_set_errno(packer->why, error, "cannot %s %s/%s", what, packer->root, path);
    return err_new(-error);
}

static int write_header(const struct packer *packer, const char *path, const struct stat *info,
                        const char *link_target)
{
    CLEANUP(free_entry) struct archive_entry *entry = archive_entry_new();

    if (!entry)
        return err_new(-ENOMEM);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, info->st_mode & S_IFMT);
    archive_entry_set_perm(entry, S_ISREG(info->st_mode) && !(info->st_mode & 0111) ? 0644 : 0755);
    archive_entry_set_mtime(entry, FIXED_TIME, 0);
    if (S_ISREG(info->st_mode))
        archive_entry_set_size(entry, info->st_size);
    if (link_target)
        archive_entry_set_symlink(entry, link_target);
    if (archive_write_header(packer->zip, entry) != ARCHIVE_OK)
        return fail_zip(packer);
    return 0;
}

static int copy_file(const struct packer *packer, const char *path, int fd, off_t size)
{
    char bytes[COPY_BYTES];
    off_t done = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_file(packer, path, "read");
        if (archive_write_data(packer->zip, bytes, (size_t)n) != n)
            return fail_zip(packer);
        done += n;
    }
    if (done != size) {
        reason_set(packer->why, "%s/%s changed while it was packed", packer->root, path);
        return err_new(-EAGAIN);
    }
    return 0;
}

static int add_file(const struct packer *packer, const char *path)
{
    CLEANUP(close_fdp) int fd = openat(packer->root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    int r;

    if (fd < 0 || fstat(fd, &info) < 0)
        return fail_file(packer, path, "read");
    r = write_header(packer, path, &info, NULL);
    if (r < 0)
        return err_pass(r);
    return copy_file(packer, path, fd, info.st_size);
}

/* Whether what a link points to is inside the folder; it need not exist as long as it cannot leave.
 */
static bool stays_inside(const struct packer *packer, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
    long fd = syscall(SYS_openat2, packer->root_fd, path, &how, sizeof(how));

    if (fd >= 0)
        (void)close((int)fd);
    return fd >= 0 || errno == ENOENT;
}

static int add_link(const struct packer *packer, const char *path, const struct stat *info)
{
    char target[PATH_BYTES];
    ssize_t len = readlinkat(packer->root_fd, path, target, sizeof(target) - 1);

    if (len < 0)
        return fail_file(packer, path, "read");
    target[len] = '\0';
    if (!stays_inside(packer, path)) {
        reason_set(packer->why, "%s/%s is a link to %s, which is outside of the folder",
                   packer->root, path, target);
        return err_new(-EINVAL);
    }
    return write_header(packer, path, info, target);
}

static int add_folder(const struct packer *packer, const char *path, int depth);

static int add_entry(const struct packer *packer, const char *path, int depth)
{
    struct stat info;

    if (fstatat(packer->root_fd, path, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return fail_file(packer, path, "look at");
    if (S_ISREG(info.st_mode))
        return add_file(packer, path);
    if (S_ISLNK(info.st_mode))
        return add_link(packer, path, &info);
    if (S_ISDIR(info.st_mode)) {
        int r = write_header(packer, path, &info, NULL);

        return r < 0 ? err_pass(r) : add_folder(packer, path, depth + 1);
    }
    reason_set(packer->why, "%s/%s is neither a file, a folder nor a link", packer->root, path);
    return err_new(-EINVAL);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

struct listing {
    struct dirent **names; /* owned */
    int count;
};

static void listing_deinit(struct listing *listing)
{
    for (int i = 0; i < listing->count; i++)
        free(listing->names[i]);
    free(listing->names);
}

/* path is "" for the root. */
static int add_folder(const struct packer *packer, const char *path, int depth)
{
    CLEANUP(listing_deinit) struct listing listing = {0};
    int count = scandirat(packer->root_fd, *path ? path : ".", &listing.names, not_dots, by_bytes);

    if (count < 0)
        return fail_file(packer, path, "list");
    listing.count = count;
    if (depth > DEPTH_MAX) {
        reason_set(packer->why, "%s is nested more than %d deep", packer->root, DEPTH_MAX);
        return err_new(-ELOOP);
    }
    for (int i = 0; i < count; i++) {
        char child[PATH_BYTES];
        int r, len = snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "",
                              listing.names[i]->d_name);

        if (len < 0 || (size_t)len >= sizeof(child)) {
            reason_set(packer->why, "a path in %s is too long", packer->root);
            return err_new(-ENAMETOOLONG);
        }
        r = add_entry(packer, child, depth);
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

/* An unnamed file in $TMPDIR or /tmp. */
static int open_temporary(struct reason *why)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_BYTES];
    int fd;

    folder = folder && *folder ? folder : "/tmp";
    snprintf(path, sizeof(path), "%s/lambd-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        int error = errno;

        reason_set_errno(why, error, "cannot make a temporary file in %s", folder);
        return err_new(-error);
    }
    (void)unlink(path); /* at worst a file stays in the temporary folder */
    return fd;
}

static int open_zip(struct packer *packer, int fd)
{
    packer->zip = archive_write_new();
    if (!packer->zip)
        return err_new(-ENOMEM);
    if (archive_write_set_format_zip(packer->zip) != ARCHIVE_OK ||
        archive_write_set_options(packer->zip, "hdrcharset=UTF-8") != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(packer->zip, 1) != ARCHIVE_OK ||
        archive_write_open_fd(packer->zip, fd) != ARCHIVE_OK)
        return fail_zip(packer);
    return 0;
}

static int zip_folder(const char *path, int root_fd, int *ret_fd, struct reason *why)
{
    CLEANUP(free_archive) struct archive *zip = NULL;
    CLEANUP(close_fdp) int fd = open_temporary(why);
    struct packer packer = {.root_fd = root_fd, .root = path, .why = why};
    int r;

    if (fd < 0)
        return err_pass(fd);
    r = open_zip(&packer, fd);
    zip = packer.zip;
    if (r == 0)
        r = add_folder(&packer, "", 0);
    if (r == 0 && archive_write_close(zip) != ARCHIVE_OK)
        r = fail_zip(&packer);
    if (r < 0)
        return err_pass(r);
    *ret_fd = steal_fd(&fd);
    return 0;
}

static int fail_open(const char *path, struct reason *why)
{
    int error = errno;

    reason_set_errno(why, error, "cannot open %s", path);
    return err_new(-error);
}

int package_open(const char *path, int *ret_fd, uint64_t *ret_bytes, struct reason *why)
{
    CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
    CLEANUP(close_fdp) int zip_fd = -1;
    struct stat info;
    int r;

    if (fd < 0 || fstat(fd, &info) < 0)
        return fail_open(path, why);
    if (S_ISDIR(info.st_mode)) {
        r = zip_folder(path, fd, &zip_fd, why);
        if (r < 0)
            return err_pass(r);
        if (fstat(zip_fd, &info) < 0)
            return fail_open(path, why);
    } else {
        zip_fd = steal_fd(&fd);
    }
    if (!S_ISREG(info.st_mode)) {
        reason_set(why, "%s is neither a folder nor a zip file", path);
        return err_new(-EINVAL);
    }
    *ret_bytes = (uint64_t)info.st_size;
    *ret_fd = steal_fd(&zip_fd);
    return 0;
}
