/* SPDX-License-Identifier: Apache-2.0 */

#include "code/code_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

enum { TREE_FDS_MAX = 32 };

static void closedirp(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory); /* it was only read */
}

static char *path_join(const char *directory, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

int code_files_init(struct code_files *files, const char *state_directory)
{
    files->packages = path_join(state_directory, "packages");
    files->code = path_join(state_directory, "code");
    return files->packages && files->code ? 0 : err_new(-ENOMEM);
}

void code_files_deinit(struct code_files *files)
{
    free(files->packages);
    free(files->code);
    *files = (struct code_files){0};
}

static int directory_make(const char *path, mode_t mode, struct reason *why)
{
    int error;

    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    error = errno;
    reason_set_errno(why, error, "cannot make %s", path);
    return err_new(-error);
}

/* Sandboxes see unpacked code through a mount, so its folder may be entered by others; packages may
 * not. */
int code_files_prepare(const struct code_files *files, struct reason *why)
{
    int r = directory_make(files->packages, 0700, why);

    return r < 0 ? err_pass(r) : directory_make(files->code, 0755, why);
}

static char *zip_path(const struct code_files *files, const struct digest *digest)
{
    char hex[DIGEST_HEX_BYTES];
    char *path = NULL;

    return asprintf(&path, "%s/%s.zip", files->packages, digest_hex(digest, hex)) < 0 ? NULL : path;
}

static char *folder_path(const struct code_files *files, const struct digest *digest)
{
    char hex[DIGEST_HEX_BYTES];

    return path_join(files->code, digest_hex(digest, hex));
}

/* 1, 0 or a failure. */
static int exists(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0)
        return 1;
    return errno == ENOENT ? 0 : err_new(-errno);
}

int code_files_check(const struct code_files *files, const struct digest *digest,
                     bool *ret_has_folder, bool *ret_has_zip, int *ret_zip_fd)
{
    CLEANUP(freep) char *zip = zip_path(files, digest);
    CLEANUP(freep) char *folder = folder_path(files, digest);
    int has_zip, has_folder, fd = -1;

    if (!zip || !folder)
        return err_new(-ENOMEM);
    has_zip = exists(zip);
    if (has_zip < 0)
        return err_pass(has_zip);
    has_folder = exists(folder);
    if (has_folder < 0)
        return err_pass(has_folder);
    if (has_zip && !has_folder) {
        fd = open(zip, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return err_new(-errno);
    }
    *ret_has_folder = has_folder;
    *ret_has_zip = has_zip;
    *ret_zip_fd = fd;
    return 0;
}

int code_files_persist(const struct code_files *files, const struct digest *digest, int fd,
                       const char *path)
{
    CLEANUP(freep) char *zip = zip_path(files, digest);
    CLEANUP(close_fdp) int directory_fd = -1;

    if (!zip)
        return err_new(-ENOMEM);
    if (fsync(fd) < 0)
        return err_new(-errno);
    if (rename(path, zip) < 0)
        return err_new(-errno);
    directory_fd = open(files->packages, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0 || fsync(directory_fd) < 0) {
        int error = errno;

        (void)unlink(zip); /* the next upload of it would find it, and believe it on disk */
        return err_new(-error);
    }
    return 0;
}

int code_files_remove_zip(const struct code_files *files, const struct digest *digest)
{
    CLEANUP(freep) char *zip = zip_path(files, digest);

    if (!zip)
        return err_new(-ENOMEM);
    return unlink(zip) == 0 || errno == ENOENT ? 0 : err_new(-errno);
}

static int tree_entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

int code_files_remove_folder(const struct code_files *files, const struct digest *digest)
{
    CLEANUP(freep) char *folder = folder_path(files, digest);

    if (!folder)
        return err_new(-ENOMEM);
    if (nftw(folder, tree_entry_remove, TREE_FDS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0)
        return 0;
    return errno == ENOENT ? 0 : err_new(-errno);
}

/* Names that are no digest are not ours to judge (an unpacker's temporary folders). */
static int directory_list(const char *path, struct str suffix, struct buf *digests)
{
    CLEANUP(closedirp) DIR *directory = opendir(path);
    struct dirent *entry;

    if (!directory)
        return err_new(-errno);
    while ((errno = 0, entry = readdir(directory)) != NULL) {
        struct str name = str_of(entry->d_name);
        struct digest digest;

        if (!str_ends_with(name, suffix) ||
            !digest_from_hex(&digest, str_sub(name, 0, name.len - suffix.len)))
            continue;
        if (buf_append(digests, &digest, sizeof(digest)) < 0)
            return err_new(-ENOMEM);
    }
    return errno == 0 ? 0 : err_new(-errno);
}

int code_files_list(const struct code_files *files, struct digest **ret_digests, size_t *ret_count)
{
    CLEANUP(buf_deinit) struct buf digests = {0};
    size_t bytes;
    char *block;
    int r = directory_list(files->packages, STR(".zip"), &digests);

    if (r < 0)
        return err_pass(r);
    r = directory_list(files->code, STR(""), &digests);
    if (r < 0)
        return err_pass(r);
    block = buf_steal(&digests, &bytes);
    if (!block)
        return err_new(-ENOMEM);
    *ret_digests = (struct digest *)(void *)block;
    *ret_count = bytes / sizeof(struct digest);
    return 0;
}
