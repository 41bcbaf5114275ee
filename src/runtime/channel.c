/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"

enum {
    READ_BYTES = 65536,
    /* Bytes that one channel may deliver before others get their turn. */
    READ_ROUNDS = 16,
};

struct channel {
    uv_poll_t poll;
    int fd;
    const struct channel_ops *ops;
    void *owner;
    struct frame_reader reader;
    struct buf head;    /* what is left to send: first head, then payload */
    struct str payload; /* borrowed, see channel_send() */
    size_t sent;        /* of head and payload together */
    bool writing;
    bool held;
    bool freed; /* by the owner; memory goes when libuv has closed the handle */
    bool ended; /* closed was called, or will be at the next turn */
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void arm(struct channel *channel)
{
    int events = (channel->held ? 0 : UV_READABLE) | (channel->writing ? UV_WRITABLE : 0);

    if (events)
        must(uv_poll_start(&channel->poll, events, on_poll) == 0);
    else
        (void)uv_poll_stop(&channel->poll);
}

int channel_new(struct channel **ret_channel, uv_loop_t *loop, int fd,
                const struct channel_ops *ops, void *owner)
{
    CLEANUP(close_fdp) int owned_fd = fd;
    struct channel *channel = calloc(1, sizeof(*channel));
    int r;

    if (!channel)
        return err_new(-ENOMEM);
    r = uv_poll_init(loop, &channel->poll, fd);
    if (r < 0) {
        free(channel);
        return err_new(r);
    }
    channel->poll.data = channel;
    channel->fd = steal_fd(&owned_fd);
    channel->ops = ops;
    channel->owner = owner;
    arm(channel);
    *ret_channel = channel;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct channel *channel = handle->data;

    close_fdp(&channel->fd);
    frame_reader_deinit(&channel->reader);
    buf_deinit(&channel->head);
    free(channel);
}

struct channel *channel_free(struct channel *channel)
{
    if (!channel)
        return NULL;
    channel->freed = true;
    channel->ended = true;
    uv_close((uv_handle_t *)&channel->poll, on_closed);
    return NULL;
}

static void end(struct channel *channel, int error)
{
    if (channel->ended)
        return;
    channel->ended = true;
    (void)uv_poll_stop(&channel->poll);
    channel->ops->closed(channel->owner, error);
}

/* Frames in the bytes just read; false when the channel ended or was freed by an op. */
static bool handle_bytes(struct channel *channel, struct str bytes)
{
    struct frame frame;
    int r;

    while (bytes.len) {
        r = frame_read(&channel->reader, &bytes, &frame);
        if (r < 0) {
            end(channel, r);
            return false;
        }
        if (r == FRAME_MORE)
            return true;
        channel->ops->frame(channel->owner, &frame);
        if (channel->ended)
            return false;
    }
    return true;
}

/* even_held: for what an ended process has left in the socket. */
static void read_some(struct channel *channel, int rounds, bool even_held)
{
    char bytes[READ_BYTES];
    ssize_t n;

    while (rounds-- > 0 && !channel->ended && (even_held || !channel->held)) {
        n = recv(channel->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            end(channel, n == 0 ? 0 : err_new(-errno));
            return;
        }
        if (!handle_bytes(channel, str_make(bytes, (size_t)n)) || (size_t)n < sizeof(bytes))
            return;
    }
}

void channel_drain(struct channel *channel)
{
    read_some(channel, READ_ROUNDS, true);
}

void channel_hold(struct channel *channel, bool held)
{
    if (channel->held == held)
        return;
    channel->held = held;
    if (!channel->ended)
        arm(channel);
}

/* Send what is left; the head and the payload count as one run of bytes. */
static void write_some(struct channel *channel)
{
    struct msghdr msg = {0};
    struct iovec iov[2];
    size_t total = channel->head.len + channel->payload.len;
    ssize_t n;

    while (channel->sent < total) {
        size_t in_head = channel->sent < channel->head.len ? channel->sent : channel->head.len;
        size_t in_payload = channel->sent - in_head;

        iov[0] = (struct iovec){channel->head.ptr + in_head, channel->head.len - in_head};
        iov[1] = (struct iovec){(void *)(uintptr_t)(channel->payload.ptr + in_payload),
                                channel->payload.len - in_payload};
        msg.msg_iov = iov;
        msg.msg_iovlen = 2;
        n = sendmsg(channel->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            /* Nothing more can be told, though it may still send: end it, which the reading side
             * finds. */
            (void)shutdown(channel->fd, SHUT_RDWR);
            channel->sent = total;
            break;
        }
        channel->sent += (size_t)n;
    }
    if (channel->writing != (channel->sent < total)) {
        channel->writing = !channel->writing;
        arm(channel);
    }
}

void channel_send(struct channel *channel, const struct buf *head, struct str payload)
{
    if (channel->ended)
        return;
    must(!channel->writing);
    buf_clear(&channel->head);
    if (buf_append(&channel->head, head->ptr, head->len) < 0) {
        /* Without memory for a head this runtime cannot be told anything: let it end. */
        (void)shutdown(channel->fd, SHUT_RDWR);
        return;
    }
    channel->payload = payload;
    channel->sent = 0;
    write_some(channel);
}

bool channel_is_sending(const struct channel *channel)
{
    return channel->writing;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct channel *channel = poll->data;

    if (status < 0) {
        end(channel, status);
        return;
    }
    if (events & UV_WRITABLE && channel->writing)
        write_some(channel);
    if (events & UV_READABLE)
        read_some(channel, READ_ROUNDS, false);
}

char *channel_steal_payload(struct channel *channel, struct frame *frame, size_t *ret_len)
{
    return frame_steal_payload(&channel->reader, frame, ret_len);
}
