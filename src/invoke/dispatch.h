/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The scheduler's front: takes invocations, holds the concurrency limits and the pools of
 * environments, one for each function version that runs. Who gets how much of the host is room.h's
 * matter. Every invocation takes this road, whatever brought it. Loop thread only.
 *
 * What grows with what: a pool per function version with environments or waiting invocations; an
 * environment per concurrent invocation, at most environments_max; finding a pool and taking an
 * idle environment are constant time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/str.h"

struct dispatch;
struct env_pool_counts;
struct function_concurrency;
struct function_id;
struct function_version;
struct http_request;
struct invocation;
struct log_store;
struct sandbox_host;
struct version_provisioned;
struct xray;

struct dispatch_ops {
    /*
     * A request from inside a sandbox to the daemon's own API; it acts as that version's account
     * and role. is_running: an invocation runs there.
     */
    void (*api_request)(void *owner, struct function_version *version, bool is_running,
                        struct http_request *req);
};

struct dispatch_options {
    uv_loop_t *loop;
    struct sandbox_host *sandboxes;
    struct log_store *logs;
    uint64_t idle_freeze_ms; /* UINT64_MAX: never */
    uint64_t idle_stop_ms;
    uint64_t init_limit_ms;
    uint32_t environments_max;
    uint64_t room_wait_ms;      /* then an invocation for which the host has no room is throttled */
    uint32_t concurrency_limit; /* per account and region */
    uint32_t ramp;              /* environments by which a function may grow in RAMP_PERIOD_S */
    uint64_t stream_bytes_per_s; /* 0: streamed responses have no bound */
    bool endpoint_url;           /* AWS_ENDPOINT_URL inside functions */
    struct xray *xray;           /* gets the segments of traced invocations; NULL: nobody does */
    struct str xray_daemon;      /* its address, borrowed, for functions; absent: none */
    const struct dispatch_ops *ops;
    void *owner;
};

int dispatch_new(struct dispatch **ret_dispatch, const struct dispatch_options *options);
/* Kills all environments; nothing may be in flight. */
struct dispatch *dispatch_free(struct dispatch *dispatch);

/* Outcomes of dispatch_submit() */
enum {
    DISPATCH_OK,
    DISPATCH_CONCURRENCY_LIMIT, /* what the account's functions share is all in use */
    DISPATCH_RESERVED_LIMIT,    /* what is reserved for the function is */
    DISPATCH_RAMP_LIMIT,        /* the function grows as fast as it may */
    DISPATCH_NO_ROOM,           /* never: it is told to the sink, as INVOCATION_THROTTLED */
};

/*
 * DISPATCH_OK: inv is the dispatch's, and its sink will be told (possibly before this returns).
 * Otherwise it is still the caller's: a limit, or -ENOMEM.
 */
int dispatch_submit(struct dispatch *dispatch, struct invocation *inv);

/*
 * Is this invocation to be sampled? Only where the function's tracing is active, and its caller has
 * not decided; given: his X-Amzn-Trace-Id. Ask once for each.
 */
bool dispatch_samples(struct dispatch *dispatch, const struct function_version *version,
                      struct str given);

/* AWS's word for such an outcome, the Reason of a TooManyRequestsException. */
struct str dispatch_limit_reason(int outcome);

/* What that function and its versions have set aside of their account's concurrency from now on. 0
 * or -ENOMEM. */
int dispatch_set_concurrency(struct dispatch *dispatch, const struct function_id *id,
                             const struct function_concurrency *aside,
                             const struct version_provisioned *versions, size_t count);

/* Keep so many environments of that version, initialised ahead. 0 or -ENOMEM. */
int dispatch_provision(struct dispatch *dispatch, struct function_version *version, uint32_t count);
/*
 * Only these versions of that function are to be kept from now on: what is provisioned for others
 * stays until all that dispatch_provision() asks for is there or has failed, and then goes.
 */
void dispatch_hold(struct dispatch *dispatch, const struct function_id *id,
                   const struct version_provisioned *kept, size_t count);
/* It goes now. */
void dispatch_release(struct dispatch *dispatch, const struct function_id *id);
/* Environments of that function that are to go so. */
size_t dispatch_held(const struct dispatch *dispatch, const struct function_id *id);
/* All zero when none of that version ("1") is there. */
void dispatch_counts(const struct dispatch *dispatch, const struct function_id *id,
                     struct str version, struct env_pool_counts *ret_counts);

/*
 * This version of this function was changed or deleted: let the environments of its last snapshot
 * go, the idle ones now and the busy ones when they are done.
 */
void dispatch_retire(struct dispatch *dispatch, struct str account, struct str region,
                     struct str name, struct str version);

/* This version may be invoked soon, for the first time. */
void dispatch_expect(struct dispatch *dispatch, const struct function_version *version);

/* The sandboxes' host has said that there may be room for another. */
void dispatch_room_freed(struct dispatch *dispatch);

/* drained is called when nothing is in flight (perhaps at once); the caller submits nothing any
 * more. */
void dispatch_drain(struct dispatch *dispatch, void (*drained)(void *owner), void *owner);

/*
 * End all environments, with the time that extensions have for it; stopped is called from the loop.
 * Nothing may be in flight, and nothing is submitted any more.
 */
void dispatch_stop(struct dispatch *dispatch, void (*stopped)(void *owner), void *owner);

struct dispatch_stats {
    size_t environments;
    size_t in_flight;
    uint64_t invocations; /* ended so far */
};
void dispatch_stats(const struct dispatch *dispatch, struct dispatch_stats *ret_stats);
