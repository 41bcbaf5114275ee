/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The host's memory as boxes stand for it: every slot has a charge from BOX_NEW to BOX_GONE, and
 * the host keeps the sum. Who may take how much is decided by the scheduler; only what nobody waits
 * for (prepared boxes, stem cells) is made or given up here.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/must.h"
#include "sandbox/process_memory.h"
#include "sandbox/sandbox_internal.h"

enum {
    /* An empty box: its namespaces, mounts and init, and the daemon's part. Measured: 0.9 MiB. */
    BOX_BYTES = 1 << 20,
};

/* Charges */

static void charge(struct sandbox_host *host, struct slot *slot, uint64_t bytes)
{
    host->memory.charged_bytes += bytes - slot->charged_bytes;
    if (slot->is_going)
        host->memory.going_bytes += bytes - slot->charged_bytes;
    slot->charged_bytes = bytes;
}

void host_charge(struct sandbox_host *host, struct slot *slot, uint64_t used_bytes)
{
    charge(host, slot, BOX_BYTES + used_bytes);
}

void host_charge_going(struct sandbox_host *host, struct slot *slot)
{
    if (slot->is_going)
        return;
    slot->is_going = true;
    host->memory.going_bytes += slot->charged_bytes;
}

void host_say_freed(const struct sandbox_host *host)
{
    if (host->options.room_freed)
        host->options.room_freed(host->options.owner);
}

void host_charge_gone(struct sandbox_host *host, struct slot *slot)
{
    charge(host, slot, 0);
    slot->is_going = false;
}

bool host_has_memory(const struct sandbox_host *host, uint64_t used_bytes)
{
    return host->memory.charged_bytes + BOX_BYTES + used_bytes <= host->memory.bytes_max;
}

uint64_t sandbox_charge_bytes(uint32_t memory_mb)
{
    return BOX_BYTES + ((uint64_t)memory_mb << 20);
}

void sandbox_host_memory(const struct sandbox_host *host, struct sandbox_host_memory *ret_memory)
{
    *ret_memory = host->memory;
}

void sandbox_host_give_up_reserve(struct sandbox_host *host)
{
    stems_give_up(host);
    host_give_up_prepared(host);
}

/* What is used */

int host_memory_open(const struct sandbox_host *host, uint32_t slot)
{
    char name[64];
    int fd;

    (void)snprintf(name, sizeof(name), "%u/%s", slot,
                   host->features & JAIL_FEATURE_MEMORY_V2 ? "memory.peak"
                                                           : "memory.max_usage_in_bytes");
    fd = openat(host->memory_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || !(host->features & JAIL_FEATURE_MEMORY_V2))
        return fd;
    /* memory.peak came with Linux 5.19. */
    (void)snprintf(name, sizeof(name), "%u/memory.current", slot);
    return openat(host->memory_fd, name, O_RDONLY | O_CLOEXEC);
}

uint64_t host_memory_read(int fd)
{
    char text[24] = "";

    if (fd < 0 || pread(fd, text, sizeof(text) - 1, 0) <= 0)
        return 0;
    return strtoull(text, NULL, 10);
}

uint64_t host_memory_peak_bytes(const struct sandbox_host *host, const struct slot *slot)
{
    CLEANUP(close_fdp) int fd = -1;

    if (host->memory_fd < 0)
        return process_memory_peak_bytes(slot->pid);
    fd = host_memory_open(host, host_slot_number(host, slot));
    return host_memory_read(fd);
}
