/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The metadata store: durable records, found by kind and key, changed in conditional batches.
 * Callers see verbs, never SQL; drivers (store/sqlite, later store/postgres) implement struct
 * store_ops and are held to the same conformance test (store_test.c).
 *
 * A record is {kind, key, value, revision}. Revisions are numbers of one sequence for the whole
 * store: every commit takes the next one and gives it to all records it puts. So a revision says
 * whether a record is still the one that was read, and the order of revisions is the order of
 * changes.
 *
 * Threading: everything here belongs to the loop thread. No verb blocks and none calls back from
 * inside itself; results come later on the loop, in the order in which the commits were submitted.
 * The request structures are the caller's, usually inside a larger object that container_of finds
 * again.
 *
 * Promise: when on_done reports STORE_OK, the change survives the death of the process and of the
 * machine. Any other result means that nothing of the batch was done; only after a failure of the
 * disk itself may it yet be found done at the next start. Such a failure is the last word of a
 * store: from then on store_failure() is set, every commit fails, and reading goes on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/str.h"

struct reason;
struct store;
struct store_scan;

/* What is kept. The numbers are on disk: never reuse one. */
enum store_kind {
    STORE_FUNCTION = 1,         /* catalog: account/region/name */
    STORE_FUNCTION_VERSION = 2, /* catalog: account/region/name:version */
    /* catalog/resource.h: account/region/name */
    STORE_LAYER = 3,
    STORE_LAYER_VERSION = 4,
    STORE_CODE_SIGNING_CONFIG = 5,
    STORE_EVENT_SOURCE_MAPPING = 6,
    STORE_EVENT_SOURCE_PAIR = 7,
    STORE_ASYNC_EVENT = 8, /* async/event.h: account/region/function/due and number */
    STORE_ASYNC_CLOCK = 9, /* async/async_clock.h: one record */
};

/* Sums over records, changed in the same commit as these; kept so that nobody has to count. */
enum store_counter {
    STORE_ASYNC_ROWS,
    STORE_ASYNC_BYTES,
    STORE_COUNTER_COUNT,
};

/* Outcomes; a failure is a negative errno (-ENOSPC: disk full, -EIO: the disk failed). */
enum {
    STORE_OK,
    STORE_CONFLICT, /* a record was not at the expected revision */
};

/* Expected revisions besides real ones. */
#define STORE_ABSENT UINT64_C(0)      /* there must be no such record */
#define STORE_ANY_REVISION UINT64_MAX /* whatever is there */

struct store_change {
    struct list node;
    enum store_kind kind;
    struct str key;
    struct str value; /* absent: delete */
    uint64_t expected;
};

/*
 * A batch of changes, done all or not at all. Fill it with store_commit_put and store_commit_delete
 * (texts are copied; failures to do so come out at the end), submit it once, and deinit it in
 * on_done or later.
 */
struct store_commit {
    void (*on_done)(struct store_commit *commit);
    int outcome;       /* STORE_OK, STORE_CONFLICT or a failure */
    uint64_t revision; /* with STORE_OK: of everything that was put */

    /* private */
    struct arena arena;
    struct list changes;
    int64_t added[STORE_COUNTER_COUNT];
    size_t bytes;
    int failure;
    struct list node;
};

void store_commit_init(struct store_commit *commit, void (*on_done)(struct store_commit *commit));
void store_commit_deinit(struct store_commit *commit); /* not while it is submitted */
void store_commit_put(struct store_commit *commit, enum store_kind kind, struct str key,
                      struct str value, uint64_t expected);
void store_commit_delete(struct store_commit *commit, enum store_kind kind, struct str key,
                         uint64_t expected);
/* A change of a counter, negative or positive. */
void store_commit_count(struct store_commit *commit, enum store_counter counter, int64_t added);
void store_commit_submit(struct store *store, struct store_commit *commit);

/* What the counter was when the store was opened. */
int64_t store_counter(const struct store *store, enum store_counter counter);
/* 0, or why nothing is written any more. */
int store_failure(const struct store *store);

struct store_record {
    struct list node; /* private */
    struct str key;   /* borrowed during the call, as the value */
    struct str value;
    uint64_t revision;
};

/*
 * All records of a kind whose keys start with prefix, in the byte order of the keys. Records that
 * change meanwhile may be seen in either state. The reader is never more than a page behind the
 * store.
 */
struct store_scan {
    enum store_kind kind;
    struct str prefix; /* borrowed until the end, as after; empty: all */
    struct str after;  /* only keys behind this one, which has the prefix; absent: all */
    uint32_t max;      /* at most so many records; 0: all */
    bool stop;         /* set in on_record: the scan is over with this record */
    uint32_t seen;     /* records so far; at max there may be more behind them */
    void (*on_record)(struct store_scan *scan, const struct store_record *record);
    void (*on_done)(struct store_scan *scan, int failure);

    /* private */
    struct list node;
    struct arena page;
    struct arena page_next;
    struct list records;
    bool is_last;
    int failure;
};

void store_scan_start(struct store *store, struct store_scan *scan);

/* Releases the store after everything submitted has been answered; on_closed may free its
 * surroundings. */
void store_close(struct store *store, void (*on_closed)(void *owner), void *owner);

/* What a driver implements; the functions above do the rest. */
struct store_ops {
    void (*commit)(struct store *store, struct store_commit *commit);
    void (*scan)(struct store *store, struct store_scan *scan);
    void (*close)(struct store *store, void (*on_closed)(void *owner), void *owner);
};

/* The first member of a driver's own structure. */
struct store {
    const struct store_ops *ops;
    int failure;
    int64_t counters[STORE_COUNTER_COUNT];
};
