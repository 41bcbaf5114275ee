/* SPDX-License-Identifier: Apache-2.0 */

#include "server/daemon_internal.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/request.h"
#include "async/async.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/must.h"
#include "catalog/function.h"
#include "gateway/front.h"
#include "http/server.h"
#include "invoke/dispatch.h"
#include "obs/log_store.h"
#include "obs/xray.h"
#include "sandbox/sandbox.h"
#include "store/store.h"
#include "server/version.h"

/* ---- requests ---- */

static void on_public_request(void *owner, struct http_request *req)
{
    struct daemon *daemon = owner;

    if (daemon->state == DAEMON_READY || daemon->state == DAEMON_DRAINING)
        front_request(daemon->front, req);
    else
        http_respond(req, 503, NULL, 0, STR("lambd is starting or stopping\n"));
}

void daemon_on_front_api(void *owner, struct http_request *req)
{
    struct daemon *daemon = owner;

    api_gate_request(daemon->gate, req, NULL);
}

/* A call from inside a sandbox acts as that function's account, whatever keys it carries. */
void daemon_on_sandbox_api(void *owner, struct function_version *version, bool is_running,
                           struct http_request *req)
{
    struct daemon *daemon = owner;
    struct api_principal principal = {
        .account = version->account, .region = version->region, .access_key = STR("")};

    /* What runs may finish, and may need the API for it; what only goes on in the background would
     * never end. */
    if (daemon->refusing || (daemon->state != DAEMON_READY && !is_running))
        http_respond(req, 503, NULL, 0, STR("lambd is stopping\n"));
    else
        api_gate_request(daemon->gate, req, &principal);
}

static const char *status(const struct daemon *daemon)
{
    if (store_failure(daemon->store) < 0)
        return "failing"; /* functions run, but nothing is written any more */
    return daemon->state == DAEMON_READY ? "ok" : "draining";
}

void daemon_on_health(void *owner, struct buf *json)
{
    struct daemon *daemon = owner;
    struct dispatch_stats dispatch;
    struct async_stats async;
    struct sandbox_host_stats boxes;
    struct xray_stats xray;
    struct sandbox_host_memory memory;

    dispatch_stats(daemon->dispatch, &dispatch);
    async_stats(daemon->async, &async);
    sandbox_host_stats(daemon->sandboxes, &boxes);
    xray_stats(daemon->xray, &xray);
    sandbox_host_memory(daemon->sandboxes, &memory);
    (void)buf_printf(
        json,
        "\"status\":\"%s\",\"version\":\"" LAMBD_VERSION "\",\"uptimeSeconds\":%llu,"
        "\"environments\":%zu,\"invocationsInFlight\":%zu,\"invocations\":%llu,"
        "\"boxes\":%zu,\"boxesPrepared\":%zu,\"stemCells\":%zu,\"logEventsDropped\":%llu",
        status(daemon), (unsigned long long)((clock_mono_ns() - daemon->started_ns) / NS_PER_S),
        dispatch.environments, dispatch.in_flight, (unsigned long long)dispatch.invocations,
        boxes.boxes, boxes.boxes_prepared, boxes.stems,
        (unsigned long long)log_store_dropped(daemon->logs));
    (void)buf_printf(json, ",\"traceSegments\":%llu,\"traceSegmentsDropped\":%llu",
                     (unsigned long long)xray.sent, (unsigned long long)xray.dropped);
    (void)buf_printf(json, ",\"memoryBytesMax\":%llu,\"memoryBytesCharged\":%llu",
                     (unsigned long long)memory.bytes_max,
                     (unsigned long long)memory.charged_bytes);
    (void)buf_printf(json,
                     ",\"asyncEvents\":%llu,\"asyncBytes\":%llu,\"asyncUnderWay\":%llu,"
                     "\"asyncAccepted\":%llu,\"asyncSucceeded\":%llu,\"asyncGivenUp\":%llu,"
                     "\"asyncDelivered\":%llu",
                     (unsigned long long)async.rows, (unsigned long long)async.bytes,
                     (unsigned long long)async.under_way, (unsigned long long)async.accepted,
                     (unsigned long long)async.succeeded, (unsigned long long)async.given_up,
                     (unsigned long long)async.delivered);
}

/* ---- life ---- */

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;

    (void)number;
    if (daemon->state != DAEMON_READY) {
        daemon_give_up(daemon, daemon->state == DAEMON_STARTING
                                   ? "asked to stop before it was ready"
                                   : "asked to stop again; stopping at once");
    }
    (void)fprintf(stderr, "lambd: stopping; running invocations may finish\n");
    daemon_drain(daemon);
}

static void signal_start(struct daemon *daemon, uv_signal_t *handle, int number)
{
    must(uv_signal_init(&daemon->loop, handle) == 0);
    handle->data = daemon;
    must(uv_signal_start(handle, on_signal, number) == 0);
    uv_unref((uv_handle_t *)handle);
}

int daemon_new(struct daemon **ret_daemon, const struct server_options *options, struct reason *why)
{
    static const struct http_server_ops http_ops = {on_public_request};
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    struct http_server_options http = {
        .connections_max = LIMIT_HTTP_CONNECTIONS,
        .header_bytes_max = LIMIT_HTTP_HEADER_BYTES,
        .header_timeout_ms = LIMIT_HTTP_HEADER_MS,
        .idle_timeout_ms = LIMIT_HTTP_KEEPALIVE_MS,
        .body_timeout_ms = LIMIT_HTTP_BODY_IDLE_MS,
        .ops = &http_ops,
        .owner = daemon,
    };
    int r;

    if (!daemon)
        return err_new(-ENOMEM);
    daemon->options = options;
    daemon->started_ns = clock_mono_ns();
    r = uv_loop_init(&daemon->loop);
    if (r < 0) {
        reason_set_errno(why, r, "cannot make an event loop");
        free(daemon);
        return err_new(r);
    }
    http.loop = &daemon->loop;
    r = http_server_new(&daemon->http, &http);
    if (r < 0) {
        (void)uv_loop_close(&daemon->loop);
        free(daemon);
        return err_pass(r);
    }
    signal_start(daemon, &daemon->sigterm, SIGTERM);
    signal_start(daemon, &daemon->sigint, SIGINT);
    must(uv_timer_init(&daemon->loop, &daemon->drain_timer) == 0);
    daemon->drain_timer.data = daemon;
    must(uv_timer_init(&daemon->loop, &daemon->turn) == 0);
    daemon->turn.data = daemon;
    *ret_daemon = daemon;
    return 0;
}

struct daemon *daemon_free(struct daemon *daemon)
{
    if (!daemon)
        return NULL;
    must(daemon->state == DAEMON_CLOSED);
    must(uv_loop_close(&daemon->loop) == 0);
    package_url_key_clear(&daemon->package_key);
    free(daemon);
    return NULL;
}

static bool is_loopback(struct str address)
{
    return str_starts_with(address, STR("127.")) || str_starts_with(address, STR("[::1]:")) ||
           str_starts_with(address, STR("localhost:"));
}

int daemon_listen(struct daemon *daemon, struct reason *why)
{
    struct str rest = str_of(daemon->options->listen);
    struct str address;
    int r = 0;

    while (r == 0 && str_next(&rest, ',', &address)) {
        address = str_trim(address);
        if (!is_loopback(address)) {
            reason_set(
                why,
                "refusing to listen on %.*s: lambd does not verify signatures yet, so it serves "
                "loopback addresses only (127.0.0.1:PORT or [::1]:PORT)",
                STR_FMT(address));
            return err_new(-EINVAL);
        }
        r = http_server_listen(daemon->http, address, why);
    }
    return r < 0 ? err_pass(r) : 0;
}

void daemon_run(struct daemon *daemon)
{
    while (daemon->state != DAEMON_CLOSED)
        (void)uv_run(&daemon->loop, UV_RUN_ONCE);
    /* Handles whose closing was asked for last. */
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
}

static struct digest digest_of_state_dir(const char *state_dir)
{
    struct digest digest = {0};

    (void)hash_bytes(&digest, state_dir, strlen(state_dir));
    return digest;
}

void daemon_instance_name(const char *state_dir, char *name)
{
    struct digest digest = digest_of_state_dir(state_dir);
    char hex[DIGEST_HEX_BYTES];

    (void)snprintf(name, 33, "l%.16s", digest_hex(&digest, hex));
}

/* The kernel counts processes by user: sandboxes of two daemons that shared one could starve each
 * other. */
uint32_t daemon_uid_base(const char *state_dir)
{
    enum { FIRST = 1900000000, RANGES = 9000, RANGE = 16384 };
    struct digest digest = digest_of_state_dir(state_dir);

    static_assert((int)RANGE > (int)LIMIT_ENVIRONMENTS, "a range has an id for each sandbox");
    return (uint32_t)FIRST + be32_get(digest.bytes) % RANGES * RANGE;
}
