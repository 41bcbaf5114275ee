/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The events of one function. On disk they lie in the order in which they are due; in memory is a
 * window of those that are due now. `cursor` is the place of the last one that came into memory:
 *
 *   rows up to the cursor: in memory (ready, or under way), or ended
 *   rows behind it:        on disk only; next_due says when the first of them is due
 *
 * so that nothing needs to be remembered of an event that waits.
 */

#include "async/async.h"
#include "async/async_clock.h"
#include "async/retry.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "invoke/invocation.h"
#include "invoke/target.h"
#include "store/store.h"

struct async_delivery;

struct async {
    struct async_options options;
    struct async_clock clock;
    uint64_t marked_ms; /* when its mark was last written; 0: write it with the next commit */
    uint64_t last_number;
    uint64_t commits; /* that succeeded */
    struct store_commit probe;
    bool probes;
    struct map queues;
    struct async_stats stats;
    struct store_scan scan; /* at the start: the mark, then the first row of each queue */
    struct arena scan_arena;
    struct str after; /* in it: where the next queue is looked for; absent: from the beginning */
    int load_failure;
    void (*on_loaded)(void *owner, int failure);
    bool runs;
    bool is_closing;
    size_t handles; /* timers that libuv has not closed yet */
    void (*on_closed)(void *owner);
    void *owner;
};

struct async_queue {
    struct async *async;
    struct list ready;     /* struct async_item, due now: invocations */
    struct list results;   /* … that are to be delivered */
    struct list arrivals;  /* … that were committed while a part of the rows was being read */
    struct list unsettled; /* … whose end could not be made or written */
    size_t ready_count;
    size_t ready_bytes;
    struct async_place cursor;
    uint64_t next_due; /* UINT64_MAX: there is nothing behind the cursor */
    size_t items;      /* in memory, in whatever state */
    size_t set_aside;  /* rows up to the cursor that wait for the next start */
    size_t under_way;  /* invocations */
    size_t limit;      /* of under_way */
    size_t delivering; /* results, until their rows are gone */
    size_t deliver_limit;
    uint64_t deliver_grown_ms;
    uint64_t paused_until;
    uint32_t refusals; /* in a row, for want of concurrency */
    uint64_t ended;    /* attempts, since looked_ms */
    uint64_t looked_ms;
    size_t ramp_max; /* the limit grows quickly up to this */
    uint64_t ramp_ended;
    uint64_t ramped_ms;
    size_t good_limit; /* what is known to be worth it, and what it gets done each millisecond */
    double good_rate;
    unsigned patience; /* looks until more is tried */
    bool pumps;        /* async_queue_pump() is at work */
    bool is_loading;
    bool is_stuck; /* the last end could not be made or written */
    struct store_scan scan;
    struct arena scan_arena; /* the place from which it goes on */
    uint64_t loaded_next_due;
    uv_timer_t timer;
    struct function_id id; /* views of key */
    struct str key;
    char key_bytes[];
};

/* An event in memory. */
struct async_item {
    struct list node;
    struct async_queue *queue;
    struct async_place place;
    struct async_event event; /* views of row */
    char *row;                /* owned */
    size_t row_len;
    struct store_commit commit;
    struct list followers; /* struct async_item: rows that the end of this one makes */
    void (*accepted)(void *owner, int failure);
    void *owner;
    bool is_delivering; /* counted by its queue */
    unsigned settle_failures;
    uint64_t commits_before; /* those of others that had succeeded at the first failure */
    /* The attempt: */
    struct arena arena;
    struct invoke_target target;
    struct str version;
    struct str trace_id; /* with this function in it */
    bool has_run;        /* with this outcome, from which the end is still to be made */
    bool is_open;        /* … later: there was no memory */
    enum invocation_outcome outcome;
    char *response; /* owned */
    size_t response_len;
    struct async_delivery *delivery; /* owned */
};

/* Of async_clock.h. */
uint64_t async_now(const struct async *async);

/* ---- queue.c ---- */

/* NULL when out of memory (make). */
struct async_queue *async_queue_make(struct async *async, struct str key);
/* The row of that item is on disk from now on. */
void async_queue_arrived(struct async_queue *queue, struct async_item *item);
/* Starts what can be started, and sets the timer for the rest. */
void async_queue_pump(struct async_queue *queue);
/* The same in the next turn of the loop. */
void async_queue_wake(struct async_queue *queue);
/* The attempt has ended, in whatever way; of a delivery the row is still to go. */
void async_queue_attempt_ended(struct async_item *item);
/* Its row is gone, or stays for a while. */
void async_queue_settled(struct async_item *item);
/* There is no room to run it: it stays the first, and the queue waits a while. */
void async_queue_refused(struct async_queue *queue, struct async_item *item);
/* Its end could not be written, or not be made: that is tried again. */
void async_queue_unsettled(struct async_queue *queue, struct async_item *item);
/* Its end can never be written: it leaves the memory, and the queue goes on without it. */
void async_queue_set_aside(struct async_queue *queue, struct async_item *item, int failure);
/* It may have nothing left to do: then it goes. */
void async_queue_release(struct async_queue *queue);
void async_queue_close(struct async_queue *queue);
void async_close_when_idle(struct async *async);

/* ---- item.c ---- */

/* event is copied. NULL when out of memory. Its bytes count from now on. */
struct async_item *async_item_new(struct async_queue *queue, const struct async_event *event,
                                  uint64_t due_ms);
/* A row that was read. NULL when out of memory or unreadable. */
struct async_item *async_item_of_row(struct async_queue *queue, const struct async_place *place,
                                     struct str row);
struct async_item *async_item_free(struct async_item *item);
/* Puts the new row on disk; arrives when it is there. */
void async_item_put(struct async_item *item);
/* Takes the row from disk and puts the followers there, in one commit. */
void async_item_settle(struct async_item *item);
/* There was no memory for what comes of it: it is tried again, but what has run does not run again.
 */
void async_item_retry(struct async_item *item);

/* ---- attempt.c, deliver.c ---- */

void async_attempt_start(struct async_item *item);
/* What comes of an attempt that has run. */
void async_attempt_conclude(struct async_item *item);
void async_delivery_start(struct async_item *item);
/* Tries the same later, in place of this row. */
void async_item_postpone(struct async_item *item, const struct async_event *event,
                         uint64_t delay_ms);
