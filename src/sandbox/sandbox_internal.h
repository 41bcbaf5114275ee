/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The two halves of this folder: host.c keeps the connection to the jail, the slots and the pool of
 * prepared boxes; stems.c makes stem cells of some of them; box_memory.c keeps account of their
 * memory; sandbox.c is one box in the hands of the scheduler; errands.c unpacks.
 *
 * A slot is the jail's name for a box. Its state here:
 *
 *   FREE ──BOX_NEW──▶ CREATING ──BOX_READY──▶ PREPARED      (owner: a sandbox, the pool, or a kind)
 *    ▲                    └────────┬─────────────┘
 *    └──BOX_GONE── STOPPING ◀──BOX_STOP
 *
 * All costs are constant per event; the table has one entry per slot that was ever used.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/fd.h"
#include "base/list.h"
#include "jail/protocol.h"
#include "sandbox/sandbox.h"

struct stem_kind;

enum slot_state { SLOT_FREE, SLOT_CREATING, SLOT_PREPARED, SLOT_STOPPING };

struct slot {
    struct list node;        /* of the pool's or a kind's lists while it is theirs */
    struct sandbox *sandbox; /* owner, borrowed */
    struct stem_kind *kind;  /* owner, borrowed; neither: the pool */
    uint32_t next_free;      /* FREE only */
    uint32_t generation;
    enum slot_state state;
    int32_t pid;     /* of its init */
    int listener_fd; /* until the owner has it */
    int freeze_fd;   /* -1 where the host cannot freeze by a file */
    int channel_fd;  /* of a stem cell's runtime, until the owner has it; -1 */
    int log_fd;      /* likewise */
    bool is_going;   /* it was told to end, or its processes were */
    uint64_t charged_bytes;
};

struct errand_job;

struct sandbox_host {
    struct sandbox_host_options options;
    uint32_t features;
    struct jail_failure network_failure;
    uint32_t slots_max;
    struct slot *slots;   /* [slots_max], owned */
    uint32_t slots_used;  /* those from here on were never used */
    uint32_t first_free;  /* stack through next_free; slots_max: empty */
    struct list prepared; /* struct slot; newest first, whose memory is warmest */
    struct list creating; /* struct slot of the pool that are not ready yet; oldest first */
    size_t prepared_count;
    size_t creating_count;
    struct list stem_kinds; /* struct stem_kind, owned; the most recently used first */
    size_t stem_kind_count;
    size_t stems_starting;
    struct list
        starts_due; /* struct sandbox: owners that are to hear of their stem cell's runtime */
    struct list sandboxes; /* struct sandbox */
    size_t sandbox_count;
    struct sandbox_host_memory memory;
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
    uv_timer_t stem_check;
    uv_timer_t turn; /* the next turn of the loop: starts_due */
};

/* host.c */
/* tail follows the request; fd is -1 or duplicated when it has to wait. 0 or -ENOMEM, -ECONNRESET.
 */
int host_send(struct sandbox_host *host, const struct jail_request *request, const void *tail,
              size_t tail_len, int fd);
uint32_t host_slot_number(const struct sandbox_host *host, const struct slot *slot);
/* A box for this sandbox: a stem cell, a prepared one, one that is being made, or a new one. */
int host_take(struct sandbox_host *host, const struct sandbox_spec *spec, struct sandbox *sandbox,
              uint32_t *ret_slot, struct reason *why);
/* A box of the pool, for stem cells; NULL when none is ready. The pool is not refilled by that. */
struct slot *host_take_prepared(struct sandbox_host *host);
void host_stop_slot(struct sandbox_host *host, struct slot *slot);
/* Stop the prepared boxes. The pool is refilled by later starts when there is memory. */
void host_give_up_prepared(struct sandbox_host *host);
void host_give_back(struct sandbox_host *host, uint32_t slot);
int host_send_simple(struct sandbox_host *host, enum jail_request_type type, uint32_t slot,
                     uint32_t value);
/* A start has been seen: this is a good moment to think of the pool. */
void host_refill_soon(struct sandbox_host *host);
/* Call sandbox_on_stem_started() of all starts_due, from the loop. */
void host_turn_soon(struct sandbox_host *host);

/* stems.c */
/* A ready stem cell for this spec, which is the caller's now; NULL when there is none. Remembers
 * that such ones are wanted. */
struct slot *stems_take(struct sandbox_host *host, const struct sandbox_spec *spec);
/* Start what is missing, as far as there are prepared boxes. */
void stems_refill(struct sandbox_host *host);
/* An event of a box that belongs to a kind. */
void stems_on_event(struct sandbox_host *host, struct slot *slot, const struct jail_event *event,
                    int fds[FD_PASS_MAX]);
size_t stems_count(const struct sandbox_host *host);
/* Stop all; their kinds stay known. */
void stems_give_up(struct sandbox_host *host);
void stems_drop(struct sandbox_host *host);

/* box_memory.c */
/* The box stands for so much, and for what a box costs itself. */
void host_charge(struct sandbox_host *host, struct slot *slot, uint64_t used_bytes);
void host_charge_going(struct sandbox_host *host, struct slot *slot);
void host_charge_gone(struct sandbox_host *host, struct slot *slot);
void host_say_freed(const struct sandbox_host *host);
/* Would another box with that fit? */
bool host_has_memory(const struct sandbox_host *host, uint64_t used_bytes);
/* The file that tells the peak (or what comes nearest to it) of a box; -1. */
int host_memory_open(const struct sandbox_host *host, uint32_t slot);
uint64_t host_memory_read(int fd); /* 0: unknown */
uint64_t host_memory_peak_bytes(const struct sandbox_host *host, const struct slot *slot);

/* sandbox.c: events of its box. Each may end in an op, after which the sandbox may be gone. */
void sandbox_on_box_ready(struct sandbox *sandbox);
void sandbox_on_assigned(struct sandbox *sandbox);
void sandbox_on_stem_started(struct sandbox *sandbox);
void sandbox_on_started(struct sandbox *sandbox, int log_fd, int channel_fd);
void sandbox_on_extension(struct sandbox *sandbox, const struct jail_extension *extension,
                          int log_fd);
void sandbox_on_extensions_started(struct sandbox *sandbox, uint32_t launch);
void sandbox_on_socket(struct sandbox *sandbox, int fd);
void sandbox_on_exited(struct sandbox *sandbox, const struct jail_exited *exited);
void sandbox_on_failed(struct sandbox *sandbox, const struct jail_failure *failure);
struct sandbox *sandbox_of_node(struct list *node);
struct sandbox *sandbox_of_due_node(struct list *node);

/* errands.c */
void errands_on_done(struct sandbox_host *host, const struct jail_event *event);
/* The jail ended: every job fails. */
void errands_fail(struct sandbox_host *host);
void errands_deinit(struct sandbox_host *host);
