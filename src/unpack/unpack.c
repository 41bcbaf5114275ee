/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every bound is on what comes out, counted while it comes out: sizes in the zip's headers are not
 * believed. That makes bombs (one that expands a million times, entries that overlap) cost no more
 * than an honest zip of the largest allowed size.
 *
 * Modes: AWS keeps those of the zip, and a file that others may not read cannot be imported there.
 * We make all files readable, and executable for all when the zip has any x bit; a zip that works
 * on AWS works here.
 */

#include "unpack/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "unpack/target.h"
#include "unpack/zip_end.h"
#include "unpack/zip_path.h"

enum { READ_BYTES = 65536 };

struct unpacking {
    const struct unpack_options *options;
    struct unpack_result *result;
    struct target target;
    off_t zip_offset;
    off_t zip_bytes;
    char zip_block[READ_BYTES];
    char data_block[READ_BYTES];
};

/* Sets the result and stops: every caller returns false. */
__attribute__((format(printf, 3, 4))) static bool stop(struct unpacking *u, uint32_t outcome,
                                                       const char *format, ...)
{
    va_list args;

    u->result->outcome = outcome;
    va_start(args, format);
    (void)vsnprintf(u->result->text, sizeof(u->result->text), format, args);
    va_end(args);
    return false;
}

/* Reading the zip */

static la_ssize_t on_read(struct archive *archive, void *data, const void **ret_block)
{
    struct unpacking *u = data;
    ssize_t n = pread(u->options->zip_fd, u->zip_block, sizeof(u->zip_block), u->zip_offset);

    if (n < 0) {
        archive_set_error(archive, errno, "cannot read the zip");
        return ARCHIVE_FATAL;
    }
    u->zip_offset += n;
    *ret_block = u->zip_block;
    return n;
}

static la_int64_t on_seek(struct archive *archive, void *data, la_int64_t offset, int whence)
{
    struct unpacking *u = data;
    la_int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? u->zip_offset : u->zip_bytes;

    (void)archive;
    if (offset < -base || offset > u->zip_bytes - base)
        return ARCHIVE_FATAL;
    u->zip_offset = base + offset;
    return u->zip_offset;
}

static la_int64_t on_skip(struct archive *archive, void *data, la_int64_t request)
{
    struct unpacking *u = data;
    la_int64_t left = u->zip_bytes - u->zip_offset;

    (void)archive;
    if (request > left)
        request = left;
    u->zip_offset += request;
    return request;
}

static bool open_zip(struct unpacking *u, struct archive *archive)
{
    struct stat st;
    uint64_t announced = 1;

    if (fstat(u->options->zip_fd, &st) < 0 || !S_ISREG(st.st_mode))
        return stop(u, JAIL_ERRAND_FAILED, "the zip is no file");
    u->zip_bytes = st.st_size;
    if (zip_end_read(u->options->zip_fd, (uint64_t)st.st_size, &announced) && announced == 0)
        return stop(u, JAIL_ERRAND_EMPTY, "the zip is empty");
    if (announced > u->options->entries_max)
        return stop(u, JAIL_ERRAND_TOO_MANY, "more than %u entries", u->options->entries_max);
    /* The seekable reader believes the central directory, as unzip and Python do, and not loose
     * headers. */
    if (archive_read_support_format_zip_seekable(archive) != ARCHIVE_OK ||
        archive_read_set_read_callback(archive, on_read) != ARCHIVE_OK ||
        archive_read_set_seek_callback(archive, on_seek) != ARCHIVE_OK ||
        archive_read_set_skip_callback(archive, on_skip) != ARCHIVE_OK ||
        archive_read_set_callback_data(archive, u) != ARCHIVE_OK)
        return stop(u, JAIL_ERRAND_FAILED, "libarchive: %s", archive_error_string(archive));
    if (archive_read_open1(archive) != ARCHIVE_OK)
        return stop(u, JAIL_ERRAND_BAD_ZIP, "not a zip file: %s", archive_error_string(archive));
    return true;
}

/* Writing entries */

static bool check_target(struct unpacking *u, int r, const char *path)
{
    switch (r) {
    case TARGET_OK:
        return true;
    case TARGET_CONFLICT:
        return stop(u, JAIL_ERRAND_BAD_ZIP, "%s is a file and a folder", path);
    case TARGET_FULL:
        return stop(u, JAIL_ERRAND_TOO_MANY, "more than %u files and folders",
                    u->options->entries_max);
    default:
        return stop(u, JAIL_ERRAND_FAILED, "cannot write %s: %s", path, strerror(-r));
    }
}

static bool copy_data(struct unpacking *u, struct archive *archive, const char *path, int fd)
{
    la_ssize_t n;

    while ((n = archive_read_data(archive, u->data_block, sizeof(u->data_block))) > 0) {
        int r;

        if (u->options->bytes_max - u->result->bytes < (uint64_t)n)
            return stop(u, JAIL_ERRAND_TOO_LARGE, "more than %lu bytes unpacked",
                        u->options->bytes_max);
        u->result->bytes += (uint64_t)n;
        r = fd_write_full(fd, u->data_block, (size_t)n);
        if (r)
            return stop(u, JAIL_ERRAND_FAILED, "cannot write %s: %s", path, strerror(-r));
    }
    /* A wrong checksum or a size that is not what was announced shows here as well. */
    if (n < 0)
        return stop(u, JAIL_ERRAND_BAD_ZIP, "%s is damaged: %s", path,
                    archive_error_string(archive));
    return true;
}

static bool add_file(struct unpacking *u, struct archive *archive, struct archive_entry *entry,
                     const char *path)
{
    CLEANUP(close_fdp) int fd = -1;
    const struct timespec modified = {.tv_sec = archive_entry_mtime(entry)};
    bool is_executable = archive_entry_perm(entry) & 0111;
    int r;

    if (archive_entry_is_encrypted(entry))
        return stop(u, JAIL_ERRAND_BAD_ZIP, "%s is encrypted", path);
    r = target_add_file(&u->target, path, &fd);
    if (!check_target(u, r, path) || !copy_data(u, archive, path, fd))
        return false;
    r = target_finish_file(fd, is_executable, &modified);
    return r ? check_target(u, r, path) : true;
}

static bool add_link(struct unpacking *u, struct archive_entry *entry, const char *path)
{
    const char *to = archive_entry_symlink(entry);

    if (!to || !zip_link_is_inside(path, to))
        return stop(u, JAIL_ERRAND_BAD_ZIP, "the link %s points out of the package", path);
    return check_target(u, target_add_link(&u->target, path, to), path);
}

static bool check_path(struct unpacking *u, const char *name, char clean[ZIP_PATH_BYTES],
                       bool *ret_is_root)
{
    int r = name ? zip_path_clean(clean, name) : ZIP_PATH_TOO_LONG;

    *ret_is_root = r == ZIP_PATH_ROOT;
    switch (r) {
    case ZIP_PATH_OK:
    case ZIP_PATH_ROOT:
        return true;
    case ZIP_PATH_ABSOLUTE:
        return stop(u, JAIL_ERRAND_BAD_ZIP, "the name %.100s is absolute", name);
    case ZIP_PATH_OUTSIDE:
        return stop(u, JAIL_ERRAND_BAD_ZIP, "the name %.100s leaves the package", name);
    default:
        return stop(u, JAIL_ERRAND_BAD_ZIP, "a name is too long or not readable");
    }
}

static bool add_entry(struct unpacking *u, struct archive *archive, struct archive_entry *entry)
{
    char path[ZIP_PATH_BYTES];
    bool is_root;

    if (u->result->entries++ >= u->options->entries_max)
        return stop(u, JAIL_ERRAND_TOO_MANY, "more than %u entries", u->options->entries_max);
    if (!check_path(u, archive_entry_pathname(entry), path, &is_root))
        return false;
    if (is_root)
        return true;
    if (archive_entry_hardlink(entry))
        return stop(u, JAIL_ERRAND_BAD_ZIP, "%s is a hard link", path);
    switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
        return check_target(u, target_add_folder(&u->target, path), path);
    case AE_IFREG:
        return add_file(u, archive, entry, path);
    case AE_IFLNK:
        return add_link(u, entry, path);
    default:
        return stop(u, JAIL_ERRAND_BAD_ZIP, "%s is neither file, folder nor link", path);
    }
}

static bool add_entries(struct unpacking *u, struct archive *archive)
{
    struct archive_entry *entry;
    int r;

    while ((r = archive_read_next_header(archive, &entry)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
        if (!add_entry(u, archive, entry))
            return false;
    }
    if (r != ARCHIVE_EOF)
        return stop(u, JAIL_ERRAND_BAD_ZIP, "damaged or not a zip file: %s",
                    archive_error_string(archive));
    if (u->result->entries == 0)
        return stop(u, JAIL_ERRAND_EMPTY, "the zip is empty");
    return true;
}

void unpack_zip(const struct unpack_options *options, struct unpack_result *result)
{
    /* Static: large, and this program unpacks one zip. */
    static struct unpacking u;
    struct archive *archive = archive_read_new();

    memset(result, 0, sizeof(*result));
    u = (struct unpacking){.options = options, .result = result};
    target_init(&u.target, options->target_fd, options->entries_max);
    if (!archive)
        (void)stop(&u, JAIL_ERRAND_FAILED, "out of memory");
    else if (open_zip(&u, archive))
        (void)add_entries(&u, archive);
    target_deinit(&u.target);
    (void)archive_read_free(archive);
}
