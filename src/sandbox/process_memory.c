/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/process_memory.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { PROCESSES_MAX = 256, TEXT_BYTES = 4096 };

static size_t read_proc(char *text, int32_t pid, const char *file)
{
    CLEANUP(close_fdp) int fd = -1;
    char path[64];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, TEXT_BYTES - 1);
    if (n < 0)
        n = 0;
    text[n] = '\0';
    return (size_t)n;
}

static uint64_t own_peak_bytes(int32_t pid)
{
    char text[TEXT_BYTES];
    const char *at;

    (void)read_proc(text, pid, "status");
    at = strstr(text, "\nVmHWM:");
    return at ? strtoull(at + strlen("\nVmHWM:"), NULL, 10) << 10 : 0;
}

/* Children of the main thread; those that other threads made are rare and left out. */
static size_t add_children(int32_t *pids, size_t count, int32_t pid)
{
    char text[TEXT_BYTES];
    char file[48];
    char *at = text;
    char *end;

    (void)snprintf(file, sizeof(file), "task/%d/children", pid);
    (void)read_proc(text, pid, file);
    while (count < PROCESSES_MAX) {
        long child = strtol(at, &end, 10);

        if (end == at)
            break;
        pids[count++] = (int32_t)child;
        at = end;
    }
    return count;
}

uint64_t process_memory_peak_bytes(int32_t pid)
{
    int32_t pids[PROCESSES_MAX];
    size_t count = add_children(pids, 0, pid);
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += own_peak_bytes(pids[i]);
        count = add_children(pids, count, pids[i]);
    }
    return bytes;
}
