/* SPDX-License-Identifier: Apache-2.0 */

#include "server/memory_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

static char root[] = "/tmp/lambd-memory-XXXXXX";

/* Makes the folders, too. */
static void put(const char *name, const char *text)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_host_without_groups(void **state)
{
    (void)state;
    assert_int_equal(memory_available_bytes(root), 0);
    put("proc/meminfo",
        "MemTotal:       8000 kB\nMemFree:         100 kB\nMemAvailable:   4000 kB\n");
    assert_int_equal(memory_available_bytes(root), 4000 << 10);
}

static void a_group_of_version_1_above_ours(void **state)
{
    (void)state;
    put("proc/self/cgroup", "5:cpu,memory:/a/b\n0::/\n");
    put("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", "1000\n");
    assert_int_equal(memory_available_bytes(root), 4000 << 10);
    put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "3000000\n");
    put("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "1000000\n");
    assert_int_equal(memory_available_bytes(root), 2000000);
}

/* As in a container that sees its own group as the root of all. */
static void a_group_of_version_2_that_is_the_root(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/not/there\n");
    put("sys/fs/cgroup/memory.max", "max\n");
    put("sys/fs/cgroup/memory.current", "1000000\n");
    assert_int_equal(memory_available_bytes(root), 4000 << 10);
    put("sys/fs/cgroup/memory.max", "1500000\n");
    assert_int_equal(memory_available_bytes(root), 500000);
    put("sys/fs/cgroup/memory.current", "1600000\n");
    assert_int_equal(memory_available_bytes(root), 0);
}

static void a_budget(void **state)
{
    (void)state;
    assert_int_equal(memory_budget_bytes(3), 3 << 20);
    assert_true(memory_budget_bytes(0) > 0);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_without_groups),
        cmocka_unit_test(a_group_of_version_1_above_ours),
        cmocka_unit_test(a_group_of_version_2_that_is_the_root),
        cmocka_unit_test(a_budget),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
