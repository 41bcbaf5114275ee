/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a disk that fails and a clock that jumps are like, for a daemon that knows nothing of it: preloaded, this library
 * stands between the daemon and the C library's fsync, fdatasync and clock_gettime. It does what a file says that the
 * test writes and this maps, so that a change acts at once and without a system call. Only lambd-server is meant; in
 * every other process (the command line, the jail) it does nothing.
 *
 * Why not a VFS of SQLite: the program under test is the one that is shipped, and packages are synced without SQLite.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* As in faults.py. */
struct control {
    _Atomic int64_t syncs_left;   /* that work before all fail; negative: none fails */
    _Atomic int64_t spares_log;   /* not 0: only files other than the database's log fail */
    _Atomic int64_t failed_syncs; /* so many were made to fail */
    _Atomic int64_t shift_ms;     /* of the wall clock */
};

static struct control *control;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULTS_CONTROL");
    char name[16] = ""; /* the program's file; argv[0] is another */
    int fd;

    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    prctl(PR_GET_NAME, name);
    if (!path || strcmp(name, "lambd-server") != 0)
        return;
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || control == MAP_FAILED)
        abort();
    close(fd);
}

static int is_log(int fd)
{
    char link[64], path[4096];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path));
    return len >= 4 && memcmp(path + len - 4, "-wal", 4) == 0;
}

static int fails(int fd)
{
    int64_t left;

    if (!control || atomic_load(&control->syncs_left) < 0 || (atomic_load(&control->spares_log) && is_log(fd)))
        return 0;
    left = atomic_load(&control->syncs_left);
    while (left > 0)
        if (atomic_compare_exchange_weak(&control->syncs_left, &left, left - 1))
            return 0;
    if (left < 0)
        return 0;
    atomic_fetch_add(&control->failed_syncs, 1);
    errno = EIO;
    return 1;
}

int fsync(int fd)
{
    return fails(fd) ? -1 : real_fsync(fd);
}

int fdatasync(int fd)
{
    return fails(fd) ? -1 : real_fdatasync(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int r = real_clock_gettime ? real_clock_gettime(clock, ts) : -1;

    if (r == 0 && control && clock == CLOCK_REALTIME) {
        int64_t ns = ts->tv_sec * INT64_C(1000000000) + ts->tv_nsec + atomic_load(&control->shift_ms) * 1000000;

        ts->tv_sec = ns / 1000000000;
        ts->tv_nsec = ns % 1000000000;
    }
    return r;
}
