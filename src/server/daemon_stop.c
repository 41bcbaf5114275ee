/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The end: nothing new begins, what runs may finish, then the parts are closed, each before those
 * that it needs.
 */

#include "server/daemon_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/gate.h"
#include "api/lambda/service.h"
#include "async/async.h"
#include "aws/client.h"
#include "base/must.h"
#include "catalog/catalog.h"
#include "code/code_store.h"
#include "gateway/front.h"
#include "http/server.h"
#include "invoke/dispatch.h"
#include "invoke/provision.h"
#include "obs/log_store.h"
#include "obs/xray.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

static void on_store_closed(void *owner)
{
    struct daemon *daemon = owner;

    daemon->store = NULL;
    daemon->sandboxes = sandbox_host_free(daemon->sandboxes);
    daemon->logs = log_store_free(daemon->logs);
    daemon->state = DAEMON_CLOSED;
    uv_close((uv_handle_t *)&daemon->sigterm, NULL);
    uv_close((uv_handle_t *)&daemon->sigint, NULL);
    uv_close((uv_handle_t *)&daemon->drain_timer, NULL);
    uv_close((uv_handle_t *)&daemon->turn, NULL);
}

static void on_code_closed(void *owner)
{
    struct daemon *daemon = owner;

    daemon->code = NULL;
    if (daemon->store)
        store_close(daemon->store, on_store_closed, daemon);
    else
        on_store_closed(daemon);
}

static void on_catalog_closed(void *owner)
{
    struct daemon *daemon = owner;

    daemon->catalog = NULL;
    if (daemon->code)
        code_store_close(daemon->code, on_code_closed, daemon);
    else
        on_code_closed(daemon);
}

static void on_async_closed(void *owner)
{
    struct daemon *daemon = owner;

    daemon->async = NULL;
    (void)uv_timer_stop(&daemon->drain_timer);
    daemon->aws = aws_client_free(daemon->aws);
    daemon->provisioner = provisioner_free(daemon->provisioner);
    daemon->dispatch = dispatch_free(daemon->dispatch);
    daemon->xray = xray_free(daemon->xray);
    if (daemon->catalog) {
        catalog_watch_stop(&daemon->watch);
        catalog_close(daemon->catalog, on_catalog_closed, daemon);
    } else {
        on_catalog_closed(daemon);
    }
}

/* Nothing is in flight any more. */
static void close_all(struct daemon *daemon)
{
    if (daemon->state >= DAEMON_CLOSING)
        return;
    daemon->state = DAEMON_CLOSING;
    (void)uv_signal_stop(&daemon->sigterm);
    (void)uv_signal_stop(&daemon->sigint);
    daemon->http = http_server_free(daemon->http);
    daemon->front = front_free(daemon->front);
    daemon->gate = api_gate_free(daemon->gate);
    daemon->lambda = lambda_service_free(daemon->lambda);
    if (daemon->async)
        async_close(daemon->async, on_async_closed, daemon);
    else
        on_async_closed(daemon);
}

static void on_part_drained(void *owner);

/*
 * All connections from outside have ended. Functions whose clients left may still run, and
 * functions may still call the API, which may start others. In the end neither is under way.
 */
static void on_turn(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    struct dispatch_stats stats;

    dispatch_stats(daemon->dispatch, &stats);
    if (stats.in_flight) {
        dispatch_drain(daemon->dispatch, on_part_drained, daemon);
        return;
    }
    if (daemon->stopped) {
        close_all(daemon);
        return;
    }
    if (daemon->refusing) {
        daemon->stopped = true;
        dispatch_stop(daemon->dispatch, on_part_drained, daemon);
        return;
    }
    daemon->refusing = true;
    api_gate_drain(daemon->gate, on_part_drained, daemon);
}

/* From the loop, because this may be called from deep inside what close_all() takes apart. */
static void on_part_drained(void *owner)
{
    struct daemon *daemon = owner;

    must(uv_timer_start(&daemon->turn, on_turn, 0, 0) == 0);
}

/* The kernel ends what does not end by itself: the jail kills the boxes when our socket closes. */
_Noreturn void daemon_give_up(struct daemon *daemon, const char *what)
{
    (void)fprintf(stderr, "lambd: %s\n", what);
    (void)fflush(NULL);
    if (daemon->logs && daemon->state != DAEMON_CLOSED)
        log_store_flush(daemon->logs);
    _Exit(EXIT_FAILURE);
}

static void on_drain_timeout(uv_timer_t *timer)
{
    daemon_give_up(timer->data, "the drain took longer than drain-s; stopping at once");
}

void daemon_drain(struct daemon *daemon)
{
    daemon->state = DAEMON_DRAINING;
    async_stop(daemon->async); /* what waits stays on disk */
    must(uv_timer_start(&daemon->drain_timer, on_drain_timeout, daemon->options->drain_s * 1000,
                        0) == 0);
    http_server_drain(daemon->http, on_part_drained, daemon);
}
