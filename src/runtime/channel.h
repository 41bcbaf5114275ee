/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon's end of one runtime channel: a non-blocking stream socket on the loop, frames in both
 * directions. Loop thread only. Ops are never called from inside channel_* calls, except
 * channel_drain(), which exists to call them. After channel_free() none is called; it may be used
 * inside an op.
 */

#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"
#include "base/str.h"
#include "runtime/frame.h"

struct channel;

struct channel_ops {
    /* The frame is valid during the call; its payload may be taken with channel_steal_payload(). */
    void (*frame)(void *owner, struct frame *frame);
    /* The other side closed it, broke the rules (error -EPROTO) or the socket failed. No op
     * follows. */
    void (*closed)(void *owner, int error);
};

/* fd is owned from now on, also on failure. */
int channel_new(struct channel **ret_channel, uv_loop_t *loop, int fd,
                const struct channel_ops *ops, void *owner);
struct channel *channel_free(struct channel *channel);

/*
 * Send one frame: head (made with frame_begin …, with room for nothing else) and its payload.
 * payload is borrowed until the next frame is sent or the channel is freed: it is not copied when
 * the socket is full. There must be no frame on the way (the protocol is strictly by turns). A
 * broken socket shows in `closed` later.
 */
void channel_send(struct channel *channel, const struct buf *head, struct str payload);
/* True while the other side has not read all of the last frame: its payload is still borrowed. */
bool channel_is_sending(const struct channel *channel);

/*
 * Read nothing more until released: the other side waits when the socket is full. What was read
 * already, at most some tens of kilobytes, is still handled.
 */
void channel_hold(struct channel *channel, bool held);

/* Handle everything that can be read right now, held or not; bounded. */
void channel_drain(struct channel *channel);

char *channel_steal_payload(struct channel *channel, struct frame *frame, size_t *ret_len);
