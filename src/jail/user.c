/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/user.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/cleanup.h"
#include "base/fd.h"

enum { RANGE_MIN = 1000, UIDS_ALL = 0xffffffffU - 1 };

static int write_file(const char *path, const char *text)
{
    CLEANUP(close_fdp) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return err_new(-errno);
    return fd_write_full(fd, text, strlen(text));
}

/* Are first … first+count-1 mapped in this user namespace? */
static bool is_mapped(const char *map_path, uint64_t first, uint64_t count)
{
    uint64_t inside, outside, size;
    bool found = false;
    FILE *f = fopen(map_path, "re");

    while (f && !found && fscanf(f, "%lu %lu %lu", &inside, &outside, &size) == 3)
        found = inside <= first && inside + size >= first + count;
    if (f)
        (void)fclose(f);
    return found;
}

/*
 * Ids for the boxes in the namespace where we are root now: the wanted ones where they exist (the
 * host), else those from 1000 on (a container, a subuid range), else none.
 */
void ids_choose(struct jail_ids *ids, uint32_t uid_base, uint32_t slots_max)
{
    const uint32_t bases[] = {uid_base, RANGE_MIN};

    *ids = (struct jail_ids){.is_rootless = !is_mapped("/proc/self/uid_map", 0, UIDS_ALL)};
    for (size_t i = 0; i < array_count(bases) && !ids->has_own; i++) {
        uint64_t first = bases[i] - 1; /* one below is the unpacker's */

        if (!is_mapped("/proc/self/uid_map", first, slots_max + 1ULL) ||
            !is_mapped("/proc/self/gid_map", first, slots_max + 1ULL))
            continue;
        ids->has_own = true;
        ids->base = bases[i];
        ids->unpacker = (uint32_t)first;
    }
}

static bool find_subid(const char *path, const char *name, uid_t uid, uint64_t *ret_first,
                       uint64_t *ret_count)
{
    char line[256];
    char number[16];
    bool found = false;
    FILE *f = fopen(path, "re");

    (void)snprintf(number, sizeof(number), "%u", uid);
    while (f && !found && fgets(line, sizeof(line), f)) {
        char *rest = strchr(line, ':');

        if (!rest)
            continue;
        *rest++ = '\0';
        if ((!name || strcmp(line, name) != 0) && strcmp(line, number) != 0)
            continue;
        found = sscanf(rest, "%lu:%lu", ret_first, ret_count) == 2;
    }
    if (f)
        (void)fclose(f);
    return found;
}

/* Run newuidmap or newgidmap for our parent: "0 <own> 1  1 <first> <count>". */
static int run_map_tool(const char *tool, pid_t pid, unsigned own, uint64_t first, uint64_t count)
{
    char args[6][24];
    char *argv[] = {(char *)(uintptr_t)tool,
                    args[0],
                    (char *)(uintptr_t) "0",
                    args[1],
                    (char *)(uintptr_t) "1",
                    (char *)(uintptr_t) "1",
                    args[2],
                    args[3],
                    NULL};
    pid_t child;
    int status = 0;

    (void)snprintf(args[0], sizeof(args[0]), "%d", pid);
    (void)snprintf(args[1], sizeof(args[1]), "%u", own);
    (void)snprintf(args[2], sizeof(args[2]), "%lu", first);
    (void)snprintf(args[3], sizeof(args[3]), "%lu", count);
    child = fork();
    if (child == 0) {
        (void)execvp(tool, argv);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return err_new(-errno);
    return status == 0 ? 0 : err_new(-EPERM);
}

/* The name in /etc/passwd; the C library's own look-up needs its shared libraries, and we are
 * static. */
static bool find_name(uid_t uid, char *name, size_t size)
{
    char line[512];
    bool found = false;
    FILE *f = fopen("/etc/passwd", "re");

    while (f && !found && fgets(line, sizeof(line), f)) {
        unsigned value;
        char *rest = strchr(line, ':');

        if (!rest || sscanf(rest, ":%*[^:]:%u:", &value) != 1 || value != uid)
            continue;
        *rest = '\0';
        found = snprintf(name, size, "%s", line) < (int)size;
    }
    if (f)
        (void)fclose(f);
    return found;
}

/* In a child that stayed outside: map a whole range for the parent. */
static int map_range(pid_t pid, uid_t uid, gid_t gid)
{
    char user[128];
    const char *name = find_name(uid, user, sizeof(user)) ? user : NULL;
    uint64_t first, count, first_gid, count_gid;
    int r;

    if (!find_subid("/etc/subuid", name, uid, &first, &count) ||
        !find_subid("/etc/subgid", name, uid, &first_gid, &count_gid))
        return err_new(-ENOENT);
    r = run_map_tool("newgidmap", pid, gid, first_gid, count_gid);
    return r ? r : run_map_tool("newuidmap", pid, uid, first, count);
}

static int map_single(uid_t uid, gid_t gid)
{
    char text[64];
    int r = write_file("/proc/self/setgroups", "deny");

    if (r)
        return err_pass(r);
    (void)snprintf(text, sizeof(text), "0 %u 1\n", gid);
    r = write_file("/proc/self/gid_map", text);
    if (r)
        return err_pass(r);
    (void)snprintf(text, sizeof(text), "0 %u 1\n", uid);
    return write_file("/proc/self/uid_map", text);
}

/*
 * Only a process outside of the new namespace may map a range into it (through the setuid
 * newuidmap), so a child is forked first and told when the namespace is there.
 */
static int enter_user_namespace(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    pid_t pid = getpid();
    int go[2];
    int status = 0;
    pid_t child;
    char byte;

    if (pipe2(go, O_CLOEXEC) < 0)
        return err_new(-errno);
    child = fork();
    if (child == 0) {
        (void)close(go[1]);
        _exit(read(go[0], &byte, 1) == 1 && map_range(pid, uid, gid) == 0 ? 0 : 1);
    }
    (void)close(go[0]);
    if (child > 0 && unshare(CLONE_NEWUSER) == 0)
        (void)!write(go[1], "", 1); /* when it fails the child has died, and we map one id */
    else
        child = child > 0 ? child : -1;
    (void)close(go[1]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return err_new(-errno);
    return status == 0 ? 0 : map_single(uid, gid);
}

int ids_enter_namespace(void)
{
    int r = enter_user_namespace();

    if (r)
        return err_pass(r);
    /* We are root there; say so, or new files would belong to nobody. */
    return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? err_new(-errno) : 0;
}

int ids_map_box(pid_t pid)
{
    char path[64];
    char text[64];
    int r;

    (void)snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
    (void)write_file(path, "deny"); /* denied in our own namespace already when it has one id */
    (void)snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
    (void)snprintf(text, sizeof(text), "%d 0 1\n", JAIL_SHARED_GID);
    r = write_file(path, text);
    if (r)
        return err_pass(r);
    (void)snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
    (void)snprintf(text, sizeof(text), "%d 0 1\n", JAIL_SHARED_UID);
    return write_file(path, text);
}

/*
 * Raw system calls: the C library's versions tell every thread, and there is only this one. Groups
 * first, while we still may. Setting all three ids leaves no saved id to go back to.
 */
static int become(const struct jail_ids *ids, uid_t uid, gid_t gid)
{
    if (ids->has_own && syscall(SYS_setgroups, 0, NULL) < 0)
        return -errno;
    if (syscall(SYS_setresgid, gid, gid, gid) < 0)
        return -errno;
    if (syscall(SYS_setresuid, uid, uid, uid) < 0)
        return -errno;
    return 0;
}

int ids_become(const struct jail_ids *ids, uint32_t slot)
{
    return become(ids, ids_uid(ids, slot), ids_gid(ids, slot));
}

int ids_become_unpacker(const struct jail_ids *ids)
{
    if (ids->has_own)
        return become(ids, ids->unpacker, ids->unpacker);
    return become(ids, JAIL_SHARED_UID, JAIL_SHARED_GID);
}
