/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/zip_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void check_clean(const char *name, int outcome, const char *clean)
{
    char got[ZIP_PATH_BYTES] = "";
    int r = zip_path_clean(got, name);

    if (r != outcome || (r == ZIP_PATH_OK && strcmp(got, clean) != 0))
        fail_msg("\"%.40s\": outcome %d \"%.40s\", expected %d \"%.40s\"", name, r, got, outcome,
                 clean);
}

static void test_plain_names_pass(void **state)
{
    (void)state;
    check_clean("a", ZIP_PATH_OK, "a");
    check_clean("a/b/c.py", ZIP_PATH_OK, "a/b/c.py");
    check_clean("./a//b/./c/", ZIP_PATH_OK, "a/b/c");
    check_clean("...", ZIP_PATH_OK, "...");
    check_clean("..a/b..", ZIP_PATH_OK, "..a/b..");
    check_clean("a\\..\\b", ZIP_PATH_OK, "a\\..\\b");
    check_clean("", ZIP_PATH_ROOT, "");
    check_clean("./", ZIP_PATH_ROOT, "");
}

static void test_names_that_leave_are_refused(void **state)
{
    (void)state;
    check_clean("/etc/passwd", ZIP_PATH_ABSOLUTE, "");
    check_clean("//a", ZIP_PATH_ABSOLUTE, "");
    check_clean("..", ZIP_PATH_OUTSIDE, "");
    check_clean("../a", ZIP_PATH_OUTSIDE, "");
    check_clean("a/../b", ZIP_PATH_OUTSIDE, "");
    check_clean("a/b/..", ZIP_PATH_OUTSIDE, "");
}

static void test_long_names_are_refused(void **state)
{
    char part[ZIP_PART_BYTES_MAX + 2];
    char path[ZIP_PATH_BYTES + 8];

    (void)state;
    memset(part, 'x', sizeof(part));
    part[sizeof(part) - 1] = '\0';
    check_clean(part, ZIP_PATH_TOO_LONG, "");
    part[ZIP_PART_BYTES_MAX] = '\0';
    check_clean(part, ZIP_PATH_OK, part);
    for (size_t i = 0; i < sizeof(path); i++)
        path[i] = i % 2 ? '/' : 'a';
    path[sizeof(path) - 1] = '\0';
    check_clean(path, ZIP_PATH_TOO_LONG, "");
}

static void test_links_stay_inside(void **state)
{
    static const struct {
        const char *path;
        const char *target;
        bool is_inside;
    } links[] = {
        {"a", "b", true},     {"d/a", "../b", true},     {"d/e/a", "../../b/../c", true},
        {"a", "../b", false}, {"d/a", "../../b", false}, {"a", "/etc/passwd", false},
        {"a", "", false},     {"a", "b/../../c", false}, {"d/a", "./.././b", true},
    };

    (void)state;
    for (size_t i = 0; i < array_count(links); i++) {
        if (zip_link_is_inside(links[i].path, links[i].target) != links[i].is_inside)
            fail_msg("%s -> %s", links[i].path, links[i].target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_names_pass),
        cmocka_unit_test(test_names_that_leave_are_refused),
        cmocka_unit_test(test_long_names_are_refused),
        cmocka_unit_test(test_links_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
