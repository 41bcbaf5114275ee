/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Brings batches to one listener inside a sandbox: each as an HTTP request on a connection of its
 * own, or all over one TCP connection. Sockets come from the sandbox, because they belong to its
 * network: whenever one is needed the owner is asked, and gives it with sink_connect(). One batch
 * at a time; one that is not taken is tried again, ever more slowly, until it is or the sink is
 * freed. Loop thread only; ops are called from the loop.
 */

#include <uv.h>

#include "base/buf.h"
#include "runtime/subscription.h"

struct sink;

struct sink_ops {
    /* A socket is needed: sink_connect() follows, later. May be called inside sink_send(). */
    void (*socket_wanted)(void *owner, struct sink *sink);
    /* The batch has been taken; the next may be sent. */
    void (*sent)(void *owner, struct sink *sink);
};

int sink_new(struct sink **ret_sink, uv_loop_t *loop, const struct subscription *subscription,
             const struct sink_ops *ops, void *owner);
struct sink *sink_free(struct sink *sink);

bool sink_is_busy(const struct sink *sink);
/* batch is taken over (and empty after). The sink must not be busy. */
void sink_send(struct sink *sink, struct buf *batch);
/* fd is owned from now on; -1: there is none now. */
void sink_connect(struct sink *sink, int fd);
