/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who gets room for an environment: the host has so much memory to give, and so many sandboxes.
 * When there is none left, what is only kept in reserve goes first, then the environments that have
 * been idle for longest, whosoever they are; then invocations wait, and after some time they are
 * throttled. Why memory is counted as it is: docs/decisions/0008-memory-budget.md.
 *
 * Pools that wait are served in the order in which they came, one environment each in turn, so that
 * a function with many invocations delays no other by more than its one. Where the first ones need
 * more than there is, others that need less may go before them, for a second: then what becomes
 * free is saved for a function that has no environment at all ("neglected"), and environments that
 * could run more for their own function are let go for it. Environments that are provisioned, or
 * that run, are never taken away.
 *
 * What grows with what: nothing here but the lists, which pools and environments bring with them.
 * Asking for room is constant time, besides what is stopped for it; so is serving those that wait,
 * for each environment that is given. While there is no room for all that is provisioned, each
 * environment that becomes idle or goes costs a look at all pools. Loop thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "invoke/env_pool.h"

struct room;
struct sandbox_host;

struct room_options {
    uv_loop_t *loop;
    struct sandbox_host *sandboxes; /* they keep account of the memory, and know its limit */
    uint32_t environments_max;
    uint64_t wait_ms;         /* then an invocation for which there is no room is throttled */
    const struct list *pools; /* all of them */
};

int room_new(struct room **ret_room, const struct room_options *options);
/* Every pool must have been freed. */
struct room *room_free(struct room *room);

/* What pools ask and say; the owner is the room. */
extern const struct env_pool_room_ops room_ops;

/* A box has gone, or what holds one may be on its way out: look whether there is room now. */
void room_look_soon(struct room *room);
size_t room_environments(const struct room *room);
