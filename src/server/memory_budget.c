/* SPDX-License-Identifier: Apache-2.0 */

#include "server/memory_budget.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

enum {
    SHARE_PERCENT = 80, /* the rest is for the daemon, the page cache, and what else grows */
    FILE_BYTES = 8192,
};

/* Absent when there is no such file. */
static struct str read_text(const char *path, char *text)
{
    CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, FILE_BYTES);

    return n < 0 ? STR_NONE : str_make(text, (size_t)n);
}

/* "MemAvailable:   23926028 kB" */
static uint64_t available_of_host(const char *root)
{
    char path[PATH_MAX], text[FILE_BYTES];
    struct str rest, line, word;
    uint64_t kilobytes = 0;

    (void)snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    rest = read_text(path, text);
    while (str_next(&rest, '\n', &line)) {
        if (!str_starts_with(line, STR("MemAvailable:")))
            continue;
        line = str_trim(str_sub(line, strlen("MemAvailable:"), line.len));
        if (str_next(&line, ' ', &word) && str_to_u64(word, &kilobytes))
            return kilobytes << 10;
    }
    return 0;
}

static bool read_number(const char *folder, struct str group, const char *name, uint64_t *ret)
{
    char path[2 * PATH_MAX], text[FILE_BYTES];
    struct str rest, line;

    (void)snprintf(path, sizeof(path), "%s%.*s/%s", folder, STR_FMT(group), name);
    rest = read_text(path, text);
    return str_next(&rest, '\n', &line) && str_to_u64(line, ret); /* not so: "max" */
}

/* One of the hierarchies that the kernel counts memory in. */
struct hierarchy {
    const char *folder;
    const char *limit;
    const char *usage;
};

/* What the group and those above it leave. */
static uint64_t available_of_groups(const char *root, const struct hierarchy *hierarchy,
                                    struct str group)
{
    uint64_t available = UINT64_MAX, limit, usage;
    char folder[PATH_MAX];

    (void)snprintf(folder, sizeof(folder), "%s%s", root, hierarchy->folder);
    for (;;) {
        if (read_number(folder, group, hierarchy->limit, &limit) &&
            read_number(folder, group, hierarchy->usage, &usage)) {
            limit = usage < limit ? limit - usage : 0;
            available = limit < available ? limit : available;
        }
        if (group.len == 0)
            return available;
        while (group.len > 0 && group.ptr[--group.len] != '/')
            continue;
    }
}

static bool has_word(struct str list, struct str word)
{
    struct str one;

    while (str_next(&list, ',', &one))
        if (str_eq(one, word))
            return true;
    return false;
}

/* Lines "4:memory:/group" (version 1) and "0::/group" (version 2). */
static uint64_t available_of_own_groups(const char *root)
{
    static const struct hierarchy v1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                        "memory.usage_in_bytes"};
    static const struct hierarchy v2 = {"/sys/fs/cgroup", "memory.max", "memory.current"};
    char path[PATH_MAX], text[FILE_BYTES];
    uint64_t available = UINT64_MAX;
    struct str rest, line, number, controllers;

    (void)snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    rest = read_text(path, text);
    while (str_next(&rest, '\n', &line)) {
        uint64_t here = UINT64_MAX;

        if (!str_next(&line, ':', &number) || !str_next(&line, ':', &controllers))
            continue;
        if (has_word(controllers, STR("memory")))
            here = available_of_groups(root, &v1, line);
        else if (controllers.len == 0)
            here = available_of_groups(root, &v2, line);
        available = here < available ? here : available;
    }
    return available;
}

uint64_t memory_available_bytes(const char *root)
{
    uint64_t host = available_of_host(root);
    uint64_t groups = available_of_own_groups(root);

    return groups < host ? groups : host;
}

uint64_t memory_budget_bytes(uint64_t megabytes)
{
    uint64_t available;

    if (megabytes > 0)
        return megabytes << 20;
    available = memory_available_bytes("");
    if (available == 0) /* no /proc, which nothing else here would work without either */
        available = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return available / 100 * SHARE_PERCENT;
}
