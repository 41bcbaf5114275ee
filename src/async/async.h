/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Asynchronous invocations: accepted when they are on disk, tried until they succeed or are given
 * up, and their results delivered. A row leaves the queue only when the event has come to its end:
 * the function has succeeded and nobody is to be told, or a destination has acknowledged. What was
 * under way when the daemon died is tried again by the next.
 *
 *   async_accept ─► row ─► attempt ─┬─ ok ──────────────────► (record for a destination) ─► end
 *                     ▲             ├─ error, refused: later ─┐
 *                     └─────────────┼─────────────────────────┘
 *                                   └─ given up ─► (record, dead letter) ─► end
 *
 * Each arrow is one commit. The events of a function are a queue of its own (queue.h), so that a
 * function with many does not delay another's. Loop thread only.
 *
 * What grows with what: memory with the functions that have events (each up to
 * ASYNC_WINDOW_EVENTS or ASYNC_WINDOW_BYTES of events that are due), not with the events; the disk
 * with the events, up to bytes_max.
 */

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "async/event.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "catalog/catalog.h"

struct async;
struct aws_client;
struct code_store;
struct dispatch;
struct store;

enum { ASYNC_WINDOW_EVENTS = 128, ASYNC_WINDOW_BYTES = 1024 * 1024 };

/* Everything is borrowed and outlives the queue. */
struct async_options {
    uv_loop_t *loop;
    struct store *store;
    struct catalog *catalog;
    struct code_store *code;
    struct dispatch *dispatch;
    struct aws_client *aws;
    uint64_t bytes_max;         /* of all rows */
    uint32_t delay_permille;    /* of AWS's delays and ages: 1000, or less for tests */
    uint32_t concurrency_limit; /* per account and region */
};

/* 0 or -ENOMEM. */
int async_new(struct async **ret_async, const struct async_options *options);
/* Looks for the queues; on_loaded is called once. Nothing is tried before async_start(). */
void async_load(struct async *async, void (*on_loaded)(void *owner, int failure), void *owner);
void async_start(struct async *async);
/* No further attempt begins; events are still accepted. */
void async_stop(struct async *async);
/* After async_stop(), when no invocation is under way: waits for commits and deliveries. */
void async_close(struct async *async, void (*on_closed)(void *owner), void *owner);

/* Answers of async_accept() besides failures. */
enum {
    ASYNC_STARTED, /* accepted() will be called */
    ASYNC_FULL,    /* the queue has bytes_max */
};

/*
 * Takes an invocation in; event is copied (its attempts and waits are 0, accepted_ms is set).
 * accepted is called when it is on disk, or with a failure, when it is not.
 */
int async_accept(struct async *async, const struct function_id *id, const struct async_event *event,
                 void (*accepted)(void *owner, int failure), void *owner);

struct async_stats {
    uint64_t rows; /* on disk */
    uint64_t bytes;
    uint64_t under_way;
    uint64_t accepted; /* since the start, as those below */
    uint64_t succeeded;
    uint64_t given_up;
    uint64_t delivered;
};
void async_stats(const struct async *async, struct async_stats *ret_stats);
