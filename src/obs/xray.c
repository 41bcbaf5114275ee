/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/xray.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"
#include "obs/xray_segment.h"

enum { HOST_BYTES = 256, LOOKUP_AGAIN_S = 10 };

struct xray {
    uv_udp_t socket;
    uv_getaddrinfo_t lookup; /* of the host's address */
    bool looking;
    bool connected;
    bool freed;          /* memory goes when the handle and the look-up have */
    bool closed;         /* the handle has */
    uint64_t lookup_ns;  /* when it was asked for last */
    struct buf datagram; /* its memory is reused */
    struct xray_stats stats;
    char host[HOST_BYTES];
    char port[8];
};

static bool parse(struct xray *xray, const char *address)
{
    const char *colon = strrchr(address, ':');
    struct str host = str_make(address, colon ? (size_t)(colon - address) : 0);
    uint64_t port;

    if (str_starts_with(host, STR("[")) && str_ends_with(host, STR("]")))
        host = str_sub(host, 1, host.len - 1);
    if (!host.len || !str_to_u64(str_of(colon + 1), &port) || port == 0 || port > UINT16_MAX)
        return false;
    (void)snprintf(xray->port, sizeof(xray->port), "%u", (unsigned)port);
    return str_to_cstr(host, xray->host, sizeof(xray->host));
}

static void release(struct xray *xray)
{
    if (!xray->freed || !xray->closed || xray->looking)
        return;
    buf_deinit(&xray->datagram);
    free(xray);
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct xray *xray = lookup->data;

    xray->looking = false;
    if (status == 0 && !xray->freed)
        xray->connected = uv_udp_connect(&xray->socket, found->ai_addr) == 0;
    uv_freeaddrinfo(found);
    release(xray);
}

/* Asked again now and then while it has no answer; a daemon's address does not change under us. */
static void look_up(struct xray *xray)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    uint64_t now_ns = clock_mono_ns();

    if (xray->looking || (xray->lookup_ns && now_ns - xray->lookup_ns < LOOKUP_AGAIN_S * NS_PER_S))
        return;
    xray->lookup_ns = now_ns;
    xray->looking = uv_getaddrinfo(xray->socket.loop, &xray->lookup, on_looked_up, xray->host,
                                   xray->port, &hints) == 0;
}

int xray_new(struct xray **ret_xray, uv_loop_t *loop, const char *address, struct reason *why)
{
    struct xray *xray = calloc(1, sizeof(*xray));

    if (!xray)
        return err_new(-ENOMEM);
    if (!parse(xray, address)) {
        free(xray);
        reason_set(why, "xray-daemon must be HOST:PORT, not '%s'", address);
        return err_new(-EINVAL);
    }
    must(uv_udp_init(loop, &xray->socket) == 0);
    xray->socket.data = xray;
    xray->lookup.data = xray;
    xray->datagram.max = XRAY_DATAGRAM_BYTES_MAX;
    look_up(xray);
    *ret_xray = xray;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct xray *xray = handle->data;

    xray->closed = true;
    release(xray);
}

struct xray *xray_free(struct xray *xray)
{
    if (!xray)
        return NULL;
    xray->freed = true;
    if (xray->looking)
        (void)uv_cancel((uv_req_t *)&xray->lookup);
    uv_close((uv_handle_t *)&xray->socket, on_closed);
    return NULL;
}

static bool send_now(struct xray *xray)
{
    uv_buf_t bytes = uv_buf_init(xray->datagram.ptr, (unsigned)xray->datagram.len);

    if (!xray->connected) {
        look_up(xray);
        return false;
    }
    return !buf_failed(&xray->datagram) && uv_udp_try_send(&xray->socket, &bytes, 1, NULL) >= 0;
}

static void send_segment(struct xray *xray, const struct invocation_record *record,
                         void (*make)(struct buf *buf, const struct invocation_record *record))
{
    if (!xray || !record->segments)
        return;
    buf_clear(&xray->datagram);
    make(&xray->datagram, record);
    if (send_now(xray))
        xray->stats.sent++;
    else
        xray->stats.dropped++;
}

void xray_send(struct xray *xray, const struct invocation_record *record)
{
    send_segment(xray, record, xray_service_segment);
    send_segment(xray, record, xray_function_segment);
}

void xray_send_throttle(struct xray *xray, const struct invocation_record *record)
{
    send_segment(xray, record, xray_throttle_segment);
}

void xray_stats(const struct xray *xray, struct xray_stats *ret_stats)
{
    *ret_stats = xray ? xray->stats : (struct xray_stats){0};
}
