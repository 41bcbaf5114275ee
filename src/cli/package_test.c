/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/package.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"

struct folder {
    char path[64];
    int fd;
};

static void make_file(const struct folder *folder, const char *name, const char *text, mode_t mode)
{
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_full(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int setup(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));

    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/lambd-package-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->fd >= 0);
    make_file(folder, "b.txt", "bb", 0600);
    make_file(folder, "a.sh", "#!/bin/sh\n", 0700);
    make_file(folder, ".hidden", "h", 0644);
    assert_int_equal(mkdirat(folder->fd, "sub", 0700), 0);
    assert_int_equal(mkdirat(folder->fd, "sub/empty", 0755), 0);
    assert_int_equal(symlinkat("../b.txt", folder->fd, "sub/link"), 0);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"b.txt", "a.sh", ".hidden", "sub/link", "extra"};
    struct folder *folder = *state;

    for (size_t i = 0; i < array_count(names); i++)
        (void)unlinkat(folder->fd, names[i], 0);
    (void)unlinkat(folder->fd, "sub/empty", AT_REMOVEDIR);
    (void)unlinkat(folder->fd, "sub", AT_REMOVEDIR);
    close(folder->fd);
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static struct digest digest_of_package(const char *path)
{
    CLEANUP(close_fdp) int fd = -1;
    struct digest digest = {0};
    struct reason why = {0};
    uint64_t len = 0;
    char *bytes;

    assert_int_equal(package_open(path, &fd, &len, &why), 0);
    bytes = malloc(len);
    assert_int_equal(pread(fd, bytes, len, 0), (ssize_t)len);
    assert_int_equal(hash_bytes(&digest, bytes, len), 0);
    free(bytes);
    return digest;
}

static void check_same_bytes(void **state)
{
    struct folder *folder = *state;
    struct digest first = digest_of_package(folder->path), second;

    make_file(folder, "b.txt", "xx", 0600);
    second = digest_of_package(folder->path);
    assert_false(digest_eq(&first, &second));
    make_file(folder, "b.txt", "bb", 0644); /* another time and mode, the same content */
    second = digest_of_package(folder->path);
    assert_true(digest_eq(&first, &second));
}

static void check_entries(void **state)
{
    static const struct {
        const char *name;
        mode_t type;
        mode_t mode;
    } expected[] = {
        {".hidden", S_IFREG, 0644}, {"a.sh", S_IFREG, 0755},       {"b.txt", S_IFREG, 0644},
        {"sub/", S_IFDIR, 0755},    {"sub/empty/", S_IFDIR, 0755}, {"sub/link", S_IFLNK, 0755},
    };
    struct folder *folder = *state;
    struct archive *zip = archive_read_new();
    struct archive_entry *entry;
    struct reason why = {0};
    uint64_t len;
    int fd = -1;

    assert_int_equal(package_open(folder->path, &fd, &len, &why), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(archive_read_support_format_zip_seekable(zip), ARCHIVE_OK);
    assert_int_equal(archive_read_open_fd(zip, fd, 16384), ARCHIVE_OK);
    for (size_t i = 0; i < array_count(expected); i++) {
        assert_int_equal(archive_read_next_header(zip, &entry), ARCHIVE_OK);
        assert_string_equal(archive_entry_pathname(entry), expected[i].name);
        assert_int_equal(archive_entry_filetype(entry), expected[i].type);
        assert_int_equal(archive_entry_perm(entry), expected[i].mode);
    }
    assert_string_equal(archive_entry_symlink(entry), "../b.txt");
    assert_int_equal(archive_read_next_header(zip, &entry), ARCHIVE_EOF);
    archive_read_free(zip);
    close(fd);
}

static void expect_refused(const struct folder *folder, const char *words)
{
    struct reason why = {0};
    uint64_t len;
    int fd = -1;

    assert_true(package_open(folder->path, &fd, &len, &why) < 0);
    if (!strstr(why.text, words))
        fail_msg("\"%s\" does not say \"%s\"", why.text, words);
    assert_int_equal(fd, -1);
}

static void check_link_out(void **state)
{
    static const char *const targets[] = {"/etc/passwd", "../../etc/passwd", "sub/../../x"};
    struct folder *folder = *state;

    for (size_t i = 0; i < array_count(targets); i++) {
        assert_int_equal(symlinkat(targets[i], folder->fd, "extra"), 0);
        expect_refused(folder, "outside of the folder");
        assert_int_equal(unlinkat(folder->fd, "extra", 0), 0);
    }
}

static void check_fifo(void **state)
{
    struct folder *folder = *state;

    assert_int_equal(mkfifoat(folder->fd, "extra", 0600), 0);
    expect_refused(folder, "extra is neither a file, a folder nor a link");
}

static void check_missing(void **state)
{
    struct reason why = {0};
    uint64_t len;
    int fd = -1;

    (void)state;
    assert_int_equal(package_open("/nonexistent/folder", &fd, &len, &why), -ENOENT);
    assert_string_equal(why.text, "cannot open /nonexistent/folder: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(check_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(check_link_out, setup, teardown),
        cmocka_unit_test_setup_teardown(check_fifo, setup, teardown),
        cmocka_unit_test(check_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
