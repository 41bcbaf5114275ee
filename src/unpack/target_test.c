/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static char folder[64];
static int folder_fd;
static struct target target;

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/lambd-target-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    target_init(&target, folder_fd, 10);
    return folder_fd < 0;
}

static int teardown(void **state)
{
    char command[96];

    (void)state;
    target_deinit(&target);
    (void)close(folder_fd);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static int add_file(const char *path)
{
    CLEANUP(close_fdp) int fd = -1;
    int r = target_add_file(&target, path, &fd);
    const struct timespec modified = {.tv_sec = 1700000000};

    return r ? r : target_finish_file(fd, false, &modified);
}

static void test_parents_are_made(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(add_file("a/b/c"), TARGET_OK);
    assert_int_equal(fstatat(folder_fd, "a/b/c", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0644);
    assert_int_equal(st.st_mtime, 1700000000);
    assert_int_equal(target_add_folder(&target, "a/b"), TARGET_OK);
}

static void test_implied_folders_count(void **state)
{
    (void)state;
    assert_int_equal(target_add_folder(&target, "1/2/3/4/5/6/7/8/9"), TARGET_OK);
    assert_int_equal(add_file("1/x"), TARGET_OK);
    assert_int_equal(add_file("1/y"), TARGET_FULL);
    assert_int_equal(target_add_folder(&target, "z"), TARGET_FULL);
}

static void test_links_are_not_followed(void **state)
{
    (void)state;
    assert_int_equal(symlinkat("/tmp", folder_fd, "out"), 0);
    assert_int_equal(add_file("out/evil"), TARGET_CONFLICT);
    assert_int_equal(target_add_folder(&target, "out"), TARGET_CONFLICT);
    /* As the last part it is replaced. */
    assert_int_equal(add_file("out"), TARGET_OK);
}

static void test_kinds_do_not_mix(void **state)
{
    (void)state;
    assert_int_equal(add_file("f"), TARGET_OK);
    assert_int_equal(add_file("f/x"), TARGET_CONFLICT);
    assert_int_equal(target_add_folder(&target, "d"), TARGET_OK);
    assert_int_equal(add_file("d"), TARGET_CONFLICT);
    assert_int_equal(target_add_link(&target, "d", "f"), TARGET_CONFLICT);
    assert_int_equal(target_add_link(&target, "f", "d"), TARGET_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parents_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_implied_folders_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds_do_not_mix, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
