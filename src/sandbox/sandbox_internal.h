/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The two halves of this folder: host.c keeps the connection to the jail, the slots and the pool of
 * prepared boxes; sandbox.c is one box in the hands of the scheduler; errands.c unpacks.
 *
 * A slot is the jail's name for a box. Its state here:
 *
 *   FREE ──BOX_NEW──▶ CREATING ──BOX_READY──▶ PREPARED      (owner: a sandbox, or the pool)
 *    ▲                    └────────┬─────────────┘
 *    └──BOX_GONE── STOPPING ◀──BOX_STOP
 *
 * All costs are constant per event; the table has one entry per slot that was ever used.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "jail/protocol.h"
#include "sandbox/sandbox.h"

enum slot_state { SLOT_FREE, SLOT_CREATING, SLOT_PREPARED, SLOT_STOPPING };

struct slot {
    struct list node;        /* of host->prepared or host->creating while the pool owns it */
    struct sandbox *sandbox; /* owner, borrowed; NULL: the pool */
    uint32_t next_free;      /* FREE only */
    uint32_t generation;
    enum slot_state state;
    int32_t pid;     /* of its init */
    int listener_fd; /* until the owner has it */
    int freeze_fd;   /* -1 where the host cannot freeze by a file */
};

struct errand_job;

struct sandbox_host {
    struct sandbox_host_options options;
    uint32_t features;
    uint32_t slots_max;
    struct slot *slots;   /* [slots_max], owned */
    uint32_t slots_used;  /* those from here on were never used */
    uint32_t first_free;  /* stack through next_free; slots_max: empty */
    struct list prepared; /* struct slot; newest first, whose memory is warmest */
    struct list creating; /* struct slot of the pool that are not ready yet; oldest first */
    size_t prepared_count;
    size_t creating_count;
    struct list sandboxes; /* struct sandbox */
    size_t sandbox_count;
    struct list outgoing; /* struct outgoing: what the socket did not take yet */
    struct errand_job *running[JAIL_ERRANDS_MAX]; /* owned */
    struct list waiting;                          /* struct errand_job, owned */
    int memory_fd;                                /* folder of the memory cgroups; -1 */
    uint32_t pool_failures;                       /* in a row */
    bool is_gone;                                 /* the jail ended */
    bool is_polling_write;
    unsigned handles_open; /* uv handles; the host is freed when the last has closed */
    uv_poll_t poll;
    uv_timer_t refill;
};

/* host.c */
/* tail follows the request; fd is -1 or duplicated when it has to wait. 0 or -ENOMEM, -ECONNRESET.
 */
int host_send(struct sandbox_host *host, const struct jail_request *request, const void *tail,
              size_t tail_len, int fd);
/* A box for this sandbox: a prepared one, one that is being made, or a new one. */
int host_take(struct sandbox_host *host, struct sandbox *sandbox, uint32_t *ret_slot,
              struct reason *why);
void host_give_back(struct sandbox_host *host, uint32_t slot);
int host_send_simple(struct sandbox_host *host, enum jail_request_type type, uint32_t slot,
                     uint32_t value);
/* A start has been seen: this is a good moment to think of the pool. */
void host_refill_soon(struct sandbox_host *host);

/* sandbox.c: events of its box. Each may end in an op, after which the sandbox may be gone. */
void sandbox_on_box_ready(struct sandbox *sandbox);
void sandbox_on_assigned(struct sandbox *sandbox);
void sandbox_on_started(struct sandbox *sandbox, int log_fd, int channel_fd);
void sandbox_on_extension(struct sandbox *sandbox, const struct jail_extension *extension,
                          int log_fd);
void sandbox_on_extensions_started(struct sandbox *sandbox, uint32_t launch);
void sandbox_on_socket(struct sandbox *sandbox, int fd);
void sandbox_on_exited(struct sandbox *sandbox, const struct jail_exited *exited);
void sandbox_on_failed(struct sandbox *sandbox, const struct jail_failure *failure);
struct sandbox *sandbox_of_node(struct list *node);

/* errands.c */
void errands_on_done(struct sandbox_host *host, const struct jail_event *event);
/* The jail ended: every job fails. */
void errands_fail(struct sandbox_host *host);
void errands_deinit(struct sandbox_host *host);
