/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

enum {
    CGROUP_PATH_BYTES = 512,
    LINE_BYTES = 1024,
    VALUE_BYTES = 64,
    MB_PER_CPU = 1769, /* AWS: this much memory comes with one CPU */
    CPU_PERIOD_US = 100000,
    REMOVE_TRIES = 200,
};

static const struct {
    const char *name;
    enum cgroup_controller controller;
} v1_names[] = {
    {"memory", CGROUP_MEMORY},
    {"pids", CGROUP_PIDS},
    {"cpu", CGROUP_CPU},
    {"freezer", CGROUP_FREEZE},
};

static void path_close(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

/* Small files: one write, one read. dir_fd is a hierarchy's folder, the name is relative to it. */

static int write_value(int dir_fd, const char *name, const char *value)
{
    CLEANUP(close_fdp) int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
    size_t len = strlen(value);

    if (fd < 0)
        return -errno;
    return write(fd, value, len) == (ssize_t)len ? 0 : -errno;
}

__attribute__((format(printf, 4, 5))) static int
box_write(int dir_fd, uint32_t slot, const char *file, const char *format, ...)
{
    char name[VALUE_BYTES];
    char value[VALUE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    (void)snprintf(name, sizeof(name), "%u/%s", slot, file);
    return write_value(dir_fd, name, value);
}

static ssize_t read_text(int dir_fd, const char *name, char *text, size_t size)
{
    CLEANUP(close_fdp) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (n < 0)
        return -errno;
    text[n] = '\0';
    return n;
}

/* Start-up: which hierarchies there are. */

static bool has_word(const char *list, const char *word, char separator)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
        bool starts = at == list || at[-1] == separator;

        if (starts && (at[len] == separator || at[len] == '\0' || at[len] == '\n'))
            return true;
    }
    return false;
}

/* Our own path in a hierarchy, from /proc/self/cgroup: "N:controllers:/path"; v2 is "0::/path". */
static int find_own_path(const char *controller, char *path, size_t size)
{
    CLEANUP(path_close) FILE *f = fopen("/proc/self/cgroup", "re");
    char line[LINE_BYTES];

    while (f && fgets(line, sizeof(line), f)) {
        char *names = strchr(line, ':');
        char *at = names ? strchr(names + 1, ':') : NULL;

        if (!at)
            continue;
        *at++ = '\0';
        names++;
        at[strcspn(at, "\n")] = '\0';
        if (controller ? !has_word(names, controller, ',') : *names != '\0')
            continue;
        return snprintf(path, size, "%s", at) < (int)size ? 0 : err_new(-ENAMETOOLONG);
    }
    return err_new(-ENOENT);
}

/* The folder of our own group: the mount point, and our path as far as it is below the mounted
 * root. */
static int own_folder(char *folder, size_t size, const char *root, const char *point,
                      const char *controller)
{
    char own[CGROUP_PATH_BYTES];
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    int r = find_own_path(controller, own, sizeof(own));

    if (r)
        return r;
    if (strncmp(own, root, len) != 0)
        len = strlen(own); /* the mount shows another part of the hierarchy; take its root */
    r = snprintf(folder, size, "%s%s", point, strcmp(own + len, "/") == 0 ? "" : own + len);
    return r < (int)size ? 0 : err_new(-ENAMETOOLONG);
}

static void kill_processes(int dir_fd, const char *procs)
{
    char text[8192];
    char *save = NULL;

    if (read_text(dir_fd, procs, text, sizeof(text)) <= 0)
        return;
    for (char *t = strtok_r(text, "\n", &save); t; t = strtok_r(NULL, "\n", &save)) {
        long pid = strtol(t, NULL, 10);

        if (pid > 1)
            (void)kill((pid_t)pid, SIGKILL);
    }
}

/* A group that an earlier jail left: thaw, kill, remove. Killed processes leave it when they are
 * reaped. */
static int remove_leftover(int dir_fd, const char *name)
{
    char file[LINE_BYTES];

    for (int i = 0; i < REMOVE_TRIES; i++) {
        if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY)
            return err_new(-errno);
        (void)snprintf(file, sizeof(file), "%s/freezer.state", name);
        (void)write_value(dir_fd, file, "THAWED");
        (void)snprintf(file, sizeof(file), "%s/cgroup.procs", name);
        kill_processes(dir_fd, file);
        (void)usleep(5000); /* start-up only; nothing else waits, and a kernel event for this does
                               not exist */
    }
    return err_new(-EBUSY);
}

static void remove_leftovers(int tree_fd)
{
    int fd = dup(tree_fd);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_type == DT_DIR && entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
            (void)remove_leftover(tree_fd, entry->d_name);
    }
    if (dir)
        (void)closedir(dir);
}

/* Make (or find again) lambd-<instance> in folder. */
static int open_instance(struct cgroup_tree *tree, const char *folder, const char *name)
{
    CLEANUP(close_fdp) int parent_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (parent_fd < 0 || (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST))
        return -errno;
    tree->fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree->fd < 0)
        return -errno;
    tree->parent_fd = steal_fd(&parent_fd);
    remove_leftovers(tree->fd);
    return 0;
}

static void close_instance(struct cgroup_tree *tree, const char *name)
{
    (void)unlinkat(tree->parent_fd, name, AT_REMOVEDIR);
    (void)close(tree->fd);
    (void)close(tree->parent_fd);
}

static bool is_v1_usable(int tree_fd, enum cgroup_controller controller)
{
    /* The folder may be there and not ours to write to; the first box would find out too late. */
    const char *file = controller == CGROUP_FREEZE ? "freezer.state" : "cgroup.procs";

    return faccessat(tree_fd, file, W_OK, AT_EACCESS) == 0;
}

static void add_v1(struct cgroups *cgroups, const char *root, const char *point,
                   const char *options)
{
    struct cgroup_tree *tree = &cgroups->trees[cgroups->count];
    char folder[CGROUP_PATH_BYTES];
    unsigned controllers = 0;

    for (size_t i = 0; i < array_count(v1_names); i++) {
        if (!has_word(options, v1_names[i].name, ',') ||
            (cgroups_controllers(cgroups) & v1_names[i].controller))
            continue;
        if (own_folder(folder, sizeof(folder), root, point, v1_names[i].name) == 0)
            controllers |= v1_names[i].controller;
    }
    if (!controllers || cgroups->count == CGROUP_TREES_MAX ||
        open_instance(tree, folder, cgroups->name) != 0)
        return;
    if (!is_v1_usable(tree->fd, controllers)) {
        close_instance(tree, cgroups->name);
        return;
    }
    tree->controllers = controllers;
    tree->is_v2 = false;
    cgroups->count++;
}

/* Version 2: controllers have to be handed down, and a group that does so may have no processes of
 * its own. */

static unsigned v2_listed(int dir_fd, const char *file)
{
    char text[LINE_BYTES];
    unsigned controllers = 0;

    if (read_text(dir_fd, file, text, sizeof(text)) < 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    for (size_t i = 0; i < array_count(v1_names); i++) {
        if (v1_names[i].controller != CGROUP_FREEZE && has_word(text, v1_names[i].name, ' '))
            controllers |= v1_names[i].controller;
    }
    return controllers;
}

static void v2_enable(int dir_fd, unsigned wanted)
{
    static const char *const values[] = {"+memory", "+pids", "+cpu"};

    for (size_t i = 0; i < array_count(values); i++) {
        if (wanted & v1_names[i].controller)
            (void)write_value(dir_fd, "cgroup.subtree_control", values[i]);
    }
}

/* Move the daemon and ourselves into a leaf, if nobody else is in this group. */
static void v2_move_to_leaf(int own_fd, const char *group)
{
    char text[LINE_BYTES];
    char name[VALUE_BYTES * 2];
    char value[VALUE_BYTES];
    long pids[] = {getpid(), getppid()};
    char *save = NULL;

    if (read_text(own_fd, "cgroup.procs", text, sizeof(text)) <= 0)
        return;
    for (char *t = strtok_r(text, "\n", &save); t; t = strtok_r(NULL, "\n", &save)) {
        long pid = strtol(t, NULL, 10);

        if (pid != pids[0] && pid != pids[1])
            return;
    }
    (void)snprintf(name, sizeof(name), "%s-daemon", group);
    if (mkdirat(own_fd, name, 0755) < 0 && errno != EEXIST)
        return;
    (void)snprintf(name, sizeof(name), "%s-daemon/cgroup.procs", group);
    for (size_t i = 0; i < array_count(pids); i++) {
        (void)snprintf(value, sizeof(value), "%ld", pids[i]);
        (void)write_value(own_fd, name, value);
    }
}

static unsigned v2_hand_down(const char *folder, const char *group, unsigned wanted)
{
    CLEANUP(close_fdp) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned available;

    if (fd < 0)
        return 0;
    available = v2_listed(fd, "cgroup.controllers") & wanted;
    v2_enable(fd, available);
    if ((v2_listed(fd, "cgroup.subtree_control") & available) != available) {
        v2_move_to_leaf(fd, group);
        v2_enable(fd, available);
    }
    return v2_listed(fd, "cgroup.subtree_control") & available;
}

static void add_v2(struct cgroups *cgroups, const char *root, const char *point)
{
    struct cgroup_tree *tree = &cgroups->trees[cgroups->count];
    unsigned wanted = (CGROUP_MEMORY | CGROUP_PIDS | CGROUP_CPU) & ~cgroups_controllers(cgroups);
    char folder[CGROUP_PATH_BYTES];
    unsigned given;

    if (cgroups->count == CGROUP_TREES_MAX ||
        own_folder(folder, sizeof(folder), root, point, NULL) != 0)
        return;
    given = v2_hand_down(folder, cgroups->name, wanted);
    if (!given && geteuid() == 0 && v2_hand_down(point, cgroups->name, wanted)) {
        (void)snprintf(folder, sizeof(folder), "%s", point);
        given = v2_hand_down(point, cgroups->name, wanted);
    }
    if (open_instance(tree, folder, cgroups->name) != 0)
        return;
    if (faccessat(tree->fd, "cgroup.procs", W_OK, AT_EACCESS) != 0) {
        close_instance(tree, cgroups->name);
        return;
    }
    v2_enable(tree->fd, given);
    tree->controllers = v2_listed(tree->fd, "cgroup.subtree_control") & given;
    tree->is_v2 = true;
    if (faccessat(tree->fd, "cgroup.freeze", W_OK, AT_EACCESS) == 0 || errno == ENOENT)
        tree->controllers |= CGROUP_FREEZE;
    cgroups->count++;
}

/* A line of mountinfo: "id parent dev ROOT POINT options … - TYPE source SUPER-OPTIONS". */
static void take_mount(struct cgroups *cgroups, char *line, bool want_v2)
{
    char root[CGROUP_PATH_BYTES];
    char point[CGROUP_PATH_BYTES];
    char type[16];
    char options[LINE_BYTES];
    const char *rest = strstr(line, " - ");

    if (!rest || sscanf(line, "%*d %*d %*s %511s %511s", root, point) != 2 ||
        sscanf(rest, " - %15s %*s %1023s", type, options) != 2)
        return;
    if (want_v2 && strcmp(type, "cgroup2") == 0)
        add_v2(cgroups, root, point);
    if (!want_v2 && strcmp(type, "cgroup") == 0)
        add_v1(cgroups, root, point, options);
}

static bool has_v2(const struct cgroups *cgroups)
{
    for (size_t i = 0; i < cgroups->count; i++) {
        if (cgroups->trees[i].is_v2)
            return true;
    }
    return false;
}

/* v2 first; what it does not have may be in v1. The v1 freezer is used only when v2 cannot freeze.
 */
int cgroups_init(struct cgroups *cgroups, const char *instance)
{
    const struct cgroup_tree *memory;
    char line[LINE_BYTES * 2];

    memset(cgroups, 0, sizeof(*cgroups));
    if (snprintf(cgroups->name, sizeof(cgroups->name), "lambd-%s", instance) >=
        (int)sizeof(cgroups->name))
        return err_new(-ENAMETOOLONG);
    for (int want_v2 = 1; want_v2 >= 0; want_v2--) {
        CLEANUP(path_close) FILE *f = fopen("/proc/self/mountinfo", "re");

        if (!f)
            return err_new(-errno);
        while (fgets(line, sizeof(line), f)) {
            if (!want_v2 || !has_v2(cgroups))
                take_mount(cgroups, line, want_v2);
        }
    }
    memory = cgroups_find(cgroups, CGROUP_MEMORY);
    if (memory)
        cgroups->has_swap =
            memory->is_v2 || faccessat(memory->fd, "memory.memsw.limit_in_bytes", F_OK, 0) == 0;
    return 0;
}

void cgroups_remove(struct cgroups *cgroups)
{
    for (size_t i = 0; i < cgroups->count; i++) {
        remove_leftovers(cgroups->trees[i].fd);
        close_instance(&cgroups->trees[i], cgroups->name);
    }
    cgroups->count = 0;
}

unsigned cgroups_controllers(const struct cgroups *cgroups)
{
    unsigned controllers = 0;

    for (size_t i = 0; i < cgroups->count; i++)
        controllers |= cgroups->trees[i].controllers;
    return controllers;
}

const struct cgroup_tree *cgroups_find(const struct cgroups *cgroups,
                                       enum cgroup_controller controller)
{
    for (size_t i = 0; i < cgroups->count; i++) {
        if (cgroups->trees[i].controllers & controller)
            return &cgroups->trees[i];
    }
    return NULL;
}

int cgroups_box_new(const struct cgroups *cgroups, uint32_t slot, int *ret_v2_fd)
{
    char name[VALUE_BYTES];
    int v2_fd = -1;

    (void)snprintf(name, sizeof(name), "%u", slot);
    for (size_t i = 0; i < cgroups->count; i++) {
        const struct cgroup_tree *tree = &cgroups->trees[i];

        if (mkdirat(tree->fd, name, 0755) < 0 && errno != EEXIST)
            return -errno;
        if (tree->is_v2) {
            v2_fd = openat(tree->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (v2_fd < 0)
                return -errno;
        }
    }
    *ret_v2_fd = v2_fd;
    return 0;
}

int cgroups_box_attach(const struct cgroups *cgroups, uint32_t slot, pid_t pid, bool is_in_v2)
{
    for (size_t i = 0; i < cgroups->count; i++) {
        int r;

        if (cgroups->trees[i].is_v2 && is_in_v2)
            continue;
        r = box_write(cgroups->trees[i].fd, slot, "cgroup.procs", "%d", pid);
        if (r)
            return r;
    }
    return 0;
}

int cgroups_box_remove(const struct cgroups *cgroups, uint32_t slot)
{
    char name[VALUE_BYTES];
    int r = 0;

    (void)snprintf(name, sizeof(name), "%u", slot);
    for (size_t i = 0; i < cgroups->count; i++) {
        if (unlinkat(cgroups->trees[i].fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
            r = -errno;
    }
    return r;
}

static int limit_memory(const struct cgroups *cgroups, const struct cgroup_tree *tree,
                        uint32_t slot, uint64_t bytes)
{
    int r;

    if (tree->is_v2) {
        r = box_write(tree->fd, slot, "memory.max", "%lu", bytes);
        (void)box_write(tree->fd, slot, "memory.swap.max",
                        "0"); /* absent without swap accounting */
        return r;
    }
    r = box_write(tree->fd, slot, "memory.limit_in_bytes", "%lu", bytes);
    if (!r && cgroups->has_swap)
        r = box_write(tree->fd, slot, "memory.memsw.limit_in_bytes", "%lu", bytes);
    return r;
}

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
    return value < min ? min : value > max ? max : value;
}

int cgroups_box_limit_cpu(const struct cgroups *cgroups, uint32_t slot, uint32_t memory_mb,
                          bool is_strict)
{
    const struct cgroup_tree *tree = cgroups_find(cgroups, CGROUP_CPU);
    uint64_t mb = memory_mb;
    uint64_t quota_us = clamp(mb * CPU_PERIOD_US / MB_PER_CPU, 1000, UINT64_MAX);
    int r;

    if (!tree)
        return 0;
    if (tree->is_v2)
        r = box_write(tree->fd, slot, "cpu.weight", "%lu", clamp(mb * 100 / MB_PER_CPU, 1, 10000));
    else
        r = box_write(tree->fd, slot, "cpu.shares", "%lu",
                      clamp(mb * 1024 / MB_PER_CPU, 2, 262144));
    if (r || !is_strict)
        return r;
    if (tree->is_v2)
        return box_write(tree->fd, slot, "cpu.max", "%lu %d", quota_us, CPU_PERIOD_US);
    return box_write(tree->fd, slot, "cpu.cfs_quota_us", "%lu", quota_us);
}

int cgroups_box_limit(const struct cgroups *cgroups, uint32_t slot,
                      const struct cgroup_limits *limits)
{
    const struct cgroup_tree *memory = cgroups_find(cgroups, CGROUP_MEMORY);
    const struct cgroup_tree *pids = cgroups_find(cgroups, CGROUP_PIDS);
    int r = 0;

    if (memory)
        r = limit_memory(cgroups, memory, slot, (uint64_t)limits->memory_mb << 20);
    if (!r && pids)
        r = box_write(pids->fd, slot, "pids.max", "%u", limits->processes_max);
    return r;
}

int cgroups_box_freezer(const struct cgroups *cgroups, uint32_t slot)
{
    const struct cgroup_tree *tree = cgroups_find(cgroups, CGROUP_FREEZE);
    char name[VALUE_BYTES];
    int fd;

    if (!tree)
        return -1;
    (void)snprintf(name, sizeof(name), "%u/%s", slot,
                   tree->is_v2 ? "cgroup.freeze" : "freezer.state");
    fd = openat(tree->fd, name, O_WRONLY | O_CLOEXEC);
    return fd;
}

int cgroups_box_thaw(const struct cgroups *cgroups, uint32_t slot)
{
    const struct cgroup_tree *tree = cgroups_find(cgroups, CGROUP_FREEZE);

    if (!tree || tree->is_v2)
        return 0;
    return box_write(tree->fd, slot, "freezer.state", "THAWED");
}

uint64_t cgroups_box_oom_kills(const struct cgroups *cgroups, uint32_t slot)
{
    const struct cgroup_tree *tree = cgroups_find(cgroups, CGROUP_MEMORY);
    char name[VALUE_BYTES];
    char text[LINE_BYTES];
    const char *at;

    if (!tree)
        return 0;
    (void)snprintf(name, sizeof(name), "%u/%s", slot,
                   tree->is_v2 ? "memory.events" : "memory.oom_control");
    if (read_text(tree->fd, name, text, sizeof(text)) < 0)
        return 0;
    /* A line "oom_kill N"; other names start with the same letters. */
    for (at = text; (at = strstr(at, "oom_kill ")) != NULL; at++) {
        if (at == text || at[-1] == '\n')
            return strtoull(at + strlen("oom_kill "), NULL, 10);
    }
    return 0;
}
