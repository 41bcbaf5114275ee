/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sink.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"

enum {
    RETRY_MS_MIN = 50,
    RETRY_MS_MAX = 2000,
    STATUS_BYTES = 13, /* "HTTP/1.1 200 " */
};

enum sink_state {
    SINK_IDLE,
    SINK_WAITS,   /* for a socket */
    SINK_SENDS,   /* connects, too */
    SINK_LISTENS, /* for the status */
    SINK_RESTS,   /* before it tries again */
};

struct sink {
    struct subscription subscription;
    const struct sink_ops *ops;
    void *owner;
    enum sink_state state;
    uv_loop_t *loop;
    struct socket_watch *watch; /* owned; NULL without a connection */
    uv_timer_t timer;
    uint64_t retry_ms;
    struct buf head; /* of the request */
    struct buf batch;
    size_t sent; /* of both */
    char status[STATUS_BYTES];
    size_t status_len;
};

/* One connection. Its memory outlives it until libuv has let go. */
struct socket_watch {
    uv_poll_t poll;
    int fd;
    struct sink *sink;
};

static void on_watch_closed(uv_handle_t *handle)
{
    struct socket_watch *watch = handle->data;

    close_fdp(&watch->fd);
    free(watch);
}

static void hang_up(struct sink *sink)
{
    if (sink->watch)
        uv_close((uv_handle_t *)&sink->watch->poll, on_watch_closed);
    sink->watch = NULL;
}

int sink_new(struct sink **ret_sink, uv_loop_t *loop, const struct subscription *subscription,
             const struct sink_ops *ops, void *owner)
{
    struct sink *sink = calloc(1, sizeof(*sink));

    if (!sink)
        return err_new(-ENOMEM);
    sink->subscription = *subscription;
    sink->ops = ops;
    sink->owner = owner;
    sink->loop = loop;
    sink->retry_ms = RETRY_MS_MIN;
    must(uv_timer_init(loop, &sink->timer) == 0);
    sink->timer.data = sink;
    *ret_sink = sink;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct sink *sink = handle->data;

    buf_deinit(&sink->head);
    buf_deinit(&sink->batch);
    free(sink);
}

struct sink *sink_free(struct sink *sink)
{
    if (!sink)
        return NULL;
    hang_up(sink);
    uv_close((uv_handle_t *)&sink->timer, on_timer_closed);
    return NULL;
}

bool sink_is_busy(const struct sink *sink)
{
    return sink->state != SINK_IDLE;
}

/* ---- one try ---- */

static void on_retry(uv_timer_t *timer)
{
    struct sink *sink = timer->data;

    sink->state = SINK_WAITS;
    sink->ops->socket_wanted(sink->owner, sink);
}

static void fail(struct sink *sink)
{
    hang_up(sink);
    sink->state = SINK_RESTS;
    sink->sent = 0;
    must(uv_timer_start(&sink->timer, on_retry, sink->retry_ms, 0) == 0);
    if (sink->retry_ms < RETRY_MS_MAX)
        sink->retry_ms *= 2;
}

static void succeed(struct sink *sink)
{
    if (sink->subscription.is_http)
        hang_up(sink);
    sink->state = SINK_IDLE;
    sink->retry_ms = RETRY_MS_MIN;
    buf_clear(&sink->batch);
    sink->ops->sent(sink->owner, sink);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch_for(struct sink *sink, int events)
{
    must(uv_poll_start(&sink->watch->poll, events, on_poll) == 0);
}

static struct iovec rest_of(const struct buf *buf, size_t sent)
{
    struct str rest = buf_str(buf); /* over TCP there is no head, nor memory for one */

    return (struct iovec){(void *)(uintptr_t)(rest.ptr + sent), rest.len - sent};
}

static void send_some(struct sink *sink)
{
    size_t total = sink->head.len + sink->batch.len;
    struct msghdr msg = {0};
    struct iovec iov[2];
    ssize_t n;

    while (sink->sent < total) {
        size_t in_head = sink->sent < sink->head.len ? sink->sent : sink->head.len;
        size_t in_batch = sink->sent - in_head;

        iov[0] = rest_of(&sink->head, in_head);
        iov[1] = rest_of(&sink->batch, in_batch);
        msg.msg_iov = iov;
        msg.msg_iovlen = 2;
        n = sendmsg(sink->watch->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) {
            watch_for(sink, UV_WRITABLE);
            return;
        }
        if (n < 0) {
            fail(sink);
            return;
        }
        sink->sent += (size_t)n;
    }
    if (!sink->subscription.is_http) {
        watch_for(sink, UV_READABLE); /* only to hear of its end */
        succeed(sink);
        return;
    }
    sink->state = SINK_LISTENS;
    watch_for(sink, UV_READABLE);
}

/* Of the answer only the status counts; the connection ends with it. */
static void read_status(struct sink *sink)
{
    ssize_t n = recv(sink->watch->fd, sink->status + sink->status_len,
                     sizeof(sink->status) - sink->status_len, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        fail(sink);
        return;
    }
    sink->status_len += (size_t)n;
    if (sink->status_len < sizeof(sink->status))
        return;
    if (memcmp(sink->status, "HTTP/1.", 7) == 0 && sink->status[9] == '2')
        succeed(sink);
    else
        fail(sink);
}

/* Nothing is expected from a TCP listener; when it closes, a new connection is made for the next
 * batch. */
static void read_nothing(struct sink *sink)
{
    char bytes[1024];
    ssize_t n = recv(sink->watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        hang_up(sink);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct socket_watch *watch = poll->data;
    struct sink *sink = watch->sink;

    (void)events;
    if (sink->state == SINK_SENDS && status < 0)
        fail(sink);
    else if (sink->state == SINK_SENDS)
        send_some(sink);
    else if (sink->state == SINK_LISTENS)
        read_status(sink);
    else
        read_nothing(sink);
}

static int open_watch(struct sink *sink, int fd)
{
    CLEANUP(close_fdp) int owned_fd = fd;
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct socket_watch *watch;

    be16_put(&address.sin_port, sink->subscription.port);
    be32_put(&address.sin_addr.s_addr, INADDR_LOOPBACK);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS)
        return err_new(-errno);
    watch = calloc(1, sizeof(*watch));
    if (!watch)
        return err_new(-ENOMEM);
    if (uv_poll_init(sink->loop, &watch->poll, fd) < 0) {
        free(watch);
        return err_new(-ENOMEM);
    }
    watch->poll.data = watch;
    watch->fd = steal_fd(&owned_fd);
    watch->sink = sink;
    sink->watch = watch;
    return 0;
}

void sink_connect(struct sink *sink, int fd)
{
    must(sink->state == SINK_WAITS);
    sink->state = SINK_SENDS;
    sink->status_len = 0;
    if (fd < 0 || open_watch(sink, fd) < 0)
        fail(sink);
    else
        watch_for(sink, UV_WRITABLE);
}

void sink_send(struct sink *sink, struct buf *batch)
{
    struct buf old = sink->batch;

    must(sink->state == SINK_IDLE);
    sink->batch = *batch;
    *batch = old;
    buf_clear(batch);
    sink->sent = 0;
    buf_clear(&sink->head);
    if (sink->subscription.is_http)
        (void)buf_printf(&sink->head,
                         "%s %s HTTP/1.1\r\nHost: sandbox.localdomain:%u\r\n"
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                         "Connection: close\r\n\r\n",
                         sink->subscription.is_put ? "PUT" : "POST", sink->subscription.path,
                         (unsigned)sink->subscription.port, sink->batch.len);
    if (sink->watch) { /* TCP */
        sink->state = SINK_SENDS;
        watch_for(sink, UV_WRITABLE);
        return;
    }
    sink->state = SINK_WAITS;
    sink->ops->socket_wanted(sink->owner, sink);
}
