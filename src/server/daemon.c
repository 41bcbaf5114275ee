/* SPDX-License-Identifier: Apache-2.0 */
#include "server/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "api/gate.h"
#include "api/lambda/service.h"
#include "api/request.h"
#include "async/async.h"
#include "aws/client.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/must.h"
#include "catalog/catalog.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"
#include "code/code_store.h"
#include "code/package_url.h"
#include "gateway/front.h"
#include "http/server.h"
#include "invoke/dispatch.h"
#include "invoke/provision.h"
#include "obs/log_store.h"
#include "sandbox/doctor.h"
#include "sandbox/sandbox.h"
#include "server/aws_environment.h"
#include "server/options.h"
#include "server/unpack_bridge.h"
#include "server/version.h"
#include "store/sqlite/sqlite.h"
#include "store/store.h"

enum daemon_state {
    DAEMON_STARTING,
    DAEMON_READY,
    DAEMON_DRAINING, /* running invocations end; nothing new */
    DAEMON_CLOSING,  /* parts are taken apart */
    DAEMON_CLOSED,
};

struct daemon {
    const struct server_options *options; /* borrowed */
    enum daemon_state state;
    uv_loop_t loop;
    uv_signal_t sigterm;
    uv_signal_t sigint;
    uv_timer_t drain_timer; /* the end of patience */
    uv_timer_t turn;        /* the next step of a drain, from the loop */
    bool refusing;          /* calls from inside sandboxes, too */
    bool stopped; /* so are environments */
    char spool_dir[OPTION_TEXT_BYTES + 16];
    struct package_url_key package_key;
    uint64_t started_ns;

    /* Owned, in the order in which they are made. */
    struct http_server *http;
    struct log_store *logs;
    struct store *store;
    struct sandbox_host *sandboxes;
    struct code_store *code;
    struct catalog *catalog;
    struct catalog_watch watch;
    struct dispatch *dispatch;
    struct aws_client *aws;
    struct async *async;
    struct provisioner *provisioner;
    struct lambda_service *lambda;
    struct api_gate *gate;
    struct front *front;
};

/* ---- requests ---- */

static void on_public_request(void *owner, struct http_request *req)
{
    struct daemon *daemon = owner;

    if (daemon->state == DAEMON_READY || daemon->state == DAEMON_DRAINING)
        front_request(daemon->front, req);
    else
        http_respond(req, 503, NULL, 0, STR("lambd is starting or stopping\n"));
}

static void on_front_api(void *owner, struct http_request *req)
{
    struct daemon *daemon = owner;

    api_gate_request(daemon->gate, req, NULL);
}

/* A call from inside a sandbox acts as that function's account, whatever keys it carries. */
static void on_sandbox_api(void *owner, struct function_version *version, bool is_running,
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

static void on_health(void *owner, struct buf *json)
{
    struct daemon *daemon = owner;
    struct dispatch_stats dispatch;
    struct async_stats async;
    struct sandbox_host_stats boxes;

    dispatch_stats(daemon->dispatch, &dispatch);
    async_stats(daemon->async, &async);
    sandbox_host_stats(daemon->sandboxes, &boxes);
    (void)buf_printf(json,
                     "\"status\":\"%s\",\"version\":\"" LAMBD_VERSION "\",\"uptimeSeconds\":%llu,"
                     "\"environments\":%zu,\"invocationsInFlight\":%zu,\"invocations\":%llu,"
                     "\"boxes\":%zu,\"boxesPrepared\":%zu,\"logEventsDropped\":%llu",
                     daemon->state == DAEMON_READY ? "ok" : "draining",
                     (unsigned long long)((clock_mono_ns() - daemon->started_ns) / NS_PER_S),
                     dispatch.environments, dispatch.in_flight,
                     (unsigned long long)dispatch.invocations, boxes.boxes, boxes.boxes_prepared,
                     (unsigned long long)log_store_dropped(daemon->logs));
    (void)buf_printf(json,
                     ",\"asyncEvents\":%llu,\"asyncBytes\":%llu,\"asyncUnderWay\":%llu,"
                     "\"asyncAccepted\":%llu,\"asyncSucceeded\":%llu,\"asyncGivenUp\":%llu,"
                     "\"asyncDelivered\":%llu",
                     (unsigned long long)async.rows, (unsigned long long)async.bytes,
                     (unsigned long long)async.under_way, (unsigned long long)async.accepted,
                     (unsigned long long)async.succeeded, (unsigned long long)async.given_up,
                     (unsigned long long)async.delivered);
}

/* ---- the end ---- */

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
static void give_up(struct daemon *daemon, const char *what)
{
    (void)fprintf(stderr, "lambd: %s\n", what);
    (void)fflush(NULL);
    if (daemon->logs && daemon->state != DAEMON_CLOSED)
        log_store_flush(daemon->logs);
    _Exit(EXIT_FAILURE);
}

static void on_drain_timeout(uv_timer_t *timer)
{
    give_up(timer->data, "the drain took longer than drain-s; stopping at once");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;

    (void)number;
    if (daemon->state != DAEMON_READY) {
        give_up(daemon, daemon->state == DAEMON_STARTING ? "asked to stop before it was ready"
                                                         : "asked to stop again; stopping at once");
        return;
    }
    (void)fprintf(stderr, "lambd: stopping; running invocations may finish\n");
    daemon->state = DAEMON_DRAINING;
    async_stop(daemon->async); /* what waits stays on disk */
    must(uv_timer_start(&daemon->drain_timer, on_drain_timeout, daemon->options->drain_s * 1000,
                        0) == 0);
    http_server_drain(daemon->http, on_part_drained, daemon);
}

static void on_jail_gone(void *owner)
{
    give_up(owner, "the jail ended by itself: no function can be run any more");
}

/* ---- the start ---- */

/* What this host cannot enforce is never kept silent. */
static void say_what_is_missing(const struct daemon *daemon)
{
    struct doctor_report report;

    doctor_from_features(&report, sandbox_host_features(daemon->sandboxes));
    for (size_t i = 0; i < report.count; i++)
        (void)fprintf(stderr, "lambd: on this host, %s (%s)\n", report.checks[i].text,
                      report.checks[i].remedy);
}

static void on_swept(void *owner)
{
    struct daemon *daemon = owner;

    if (daemon->state != DAEMON_STARTING)
        return;
    daemon->state = DAEMON_READY;
    async_start(daemon->async);
    provisioner_start(daemon->provisioner);
    say_what_is_missing(daemon);
    (void)printf("lambd " LAMBD_VERSION " on port %u, state in %s\nReady.\n",
                 http_server_port(daemon->http), daemon->options->state_dir);
    (void)fflush(stdout);
}

static void on_async_loaded(void *owner, int failure)
{
    struct daemon *daemon = owner;

    if (failure < 0) {
        (void)fprintf(stderr, "lambd: cannot load the asynchronous events: %s\n",
                      strerror(-failure));
        give_up(daemon, "the state directory cannot be used");
    }
    code_store_sweep(daemon->code, on_swept, daemon);
}

static void on_loaded(void *owner, int failure)
{
    struct daemon *daemon = owner;

    if (failure < 0) {
        (void)fprintf(stderr, "lambd: cannot load the functions: %s\n", strerror(-failure));
        give_up(daemon, "the state directory cannot be used");
    }
    async_load(daemon->async, on_async_loaded, daemon);
}

/* A function that is gone has nothing set aside. */
static void concurrency_follow(struct daemon *daemon, const struct function_id *id)
{
    struct function_concurrency aside = {0};
    struct function_settings settings;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = catalog_get_settings(daemon->catalog, id, &arena, &settings);
    if (r == CATALOG_OK)
        r = function_concurrency_of(&settings, &arena, &aside);
    arena_deinit(&arena);
    if (r >= 0)
        r = dispatch_set_concurrency(daemon->dispatch, id->account, id->region, id->name, &aside);
    /* Else limits that were acknowledged would not hold; the next start reads them from disk. */
    must(r == 0);
    r = provisioner_follow(daemon->provisioner, id);
    if (r < 0) /* environments that are missing are started when they are needed */
        (void)fprintf(stderr, "lambd: cannot provision %.*s: %s\n", STR_FMT(id->name),
                      strerror(-r));
}

static void on_catalog_event(struct catalog_watch *watch, const struct catalog_event *event)
{
    struct daemon *daemon = container_of(watch, struct daemon, watch);

    if (!daemon->provisioner)
        return;
    if (event->kind != CATALOG_VERSION_CHANGED)
        concurrency_follow(daemon, &event->id);
    if (event->kind != CATALOG_SETTINGS_CHANGED)
        dispatch_retire(daemon->dispatch, event->id.account, event->id.region, event->id.name,
                        event->version);
}

static int code_retain(void *context, const struct digest *code, uint64_t unpacked_bytes)
{
    struct daemon *daemon = context;

    return code_store_retain(daemon->code, code, unpacked_bytes);
}

static void code_release(void *context, const struct digest *code)
{
    struct daemon *daemon = context;

    code_store_release(daemon->code, code);
}

static int start_logs(struct daemon *daemon, struct reason *why)
{
    char dir[OPTION_TEXT_BYTES + 16];

    (void)snprintf(dir, sizeof(dir), "%s/logs", daemon->options->state_dir);
    return log_store_new(&daemon->logs, &daemon->loop, dir, why);
}

static int start_store(struct daemon *daemon, struct reason *why)
{
    char path[OPTION_TEXT_BYTES + 16];
    int r;

    (void)snprintf(path, sizeof(path), "%s/lambd.db", daemon->options->state_dir);
    r = store_sqlite_open(&daemon->store, &daemon->loop, path, why);
    return r > 0 ? err_new(-EINVAL) : r;
}

static int start_sandboxes(struct daemon *daemon, int jail_sock, struct reason *why)
{
    struct sandbox_host_options options = {
        .loop = &daemon->loop,
        .jail_sock = jail_sock,
        .boxes_prepared = (uint32_t)daemon->options->boxes_prepared,
        .jail_gone = on_jail_gone,
        .owner = daemon,
    };

    return sandbox_host_new(&daemon->sandboxes, &options, why);
}

static int start_code(struct daemon *daemon, struct reason *why)
{
    struct code_store_options options = {
        .loop = &daemon->loop,
        .state_directory = daemon->options->state_dir,
        .unpack = &unpack_bridge_ops,
        .unpack_context = daemon->sandboxes,
    };

    package_url_key_make(&daemon->package_key);
    return code_store_open(&daemon->code, &options, why);
}

static int start_catalog(struct daemon *daemon)
{
    static const struct catalog_code_ops code_ops = {code_retain, code_release};
    struct catalog_options options = {
        .loop = &daemon->loop,
        .store = daemon->store,
        .code = &code_ops,
        .code_context = daemon,
        .settle_delay_ms = daemon->options->settle_ms,
    };
    int r = catalog_new(&daemon->catalog, &options);

    if (r < 0)
        return err_pass(r);
    daemon->watch.on_event = on_catalog_event;
    catalog_watch_start(daemon->catalog, &daemon->watch);
    return 0;
}

static int start_dispatch(struct daemon *daemon)
{
    static const struct dispatch_ops ops = {on_sandbox_api};
    const struct server_options *o = daemon->options;
    struct dispatch_options options = {
        .loop = &daemon->loop,
        .sandboxes = daemon->sandboxes,
        .logs = daemon->logs,
        .idle_freeze_ms = o->idle_freeze_ms,
        .idle_stop_ms = o->idle_stop_s * 1000,
        .init_limit_ms = o->init_limit_ms,
        .environments_max = (uint32_t)o->environments_max,
        .concurrency_limit = (uint32_t)o->concurrency_limit,
        .endpoint_url = o->endpoint_url,
        .ops = &ops,
        .owner = daemon,
    };

    int r = dispatch_new(&daemon->dispatch, &options);

    if (r < 0)
        return err_pass(r);
    daemon->provisioner = provisioner_new(daemon->catalog, daemon->code, daemon->dispatch);
    return daemon->provisioner ? 0 : err_new(-ENOMEM);
}

static int start_aws(struct daemon *daemon)
{
    struct aws_client_options options = {.loop = &daemon->loop};

    aws_environment_read(&options, daemon->options);
    return aws_client_new(&daemon->aws, &options);
}

static int start_async(struct daemon *daemon)
{
    const struct server_options *o = daemon->options;
    struct async_options options = {
        .loop = &daemon->loop,
        .store = daemon->store,
        .catalog = daemon->catalog,
        .code = daemon->code,
        .dispatch = daemon->dispatch,
        .aws = daemon->aws,
        .bytes_max = o->async_queue_mb * 1024 * 1024,
        .delay_permille = (uint32_t)o->async_delay_permille,
        .concurrency_limit = (uint32_t)o->concurrency_limit,
    };

    return async_new(&daemon->async, &options);
}

static int start_api(struct daemon *daemon)
{
    struct lambda_service_options lambda = {
        .loop = &daemon->loop,
        .catalog = daemon->catalog,
        .code = daemon->code,
        .aws = daemon->aws,
        .spool_directory = daemon->spool_dir,
        .dispatch = daemon->dispatch,
        .async = daemon->async,
        .package_key = &daemon->package_key,
        .concurrency_limit = (uint32_t)daemon->options->concurrency_limit,
        .public_port = (uint16_t)http_server_port(daemon->http),
    };
    struct api_gate_options gate = {
        .loop = &daemon->loop,
        .service_count = 1,
        .spool_directory = daemon->spool_dir,
        .default_account = str_of(daemon->options->account),
        .default_region = str_of(daemon->options->region),
    };
    int r = lambda_service_new(&daemon->lambda, &lambda);

    if (r < 0)
        return err_pass(r);
    gate.services = lambda_service_api(daemon->lambda);
    (void)snprintf(daemon->spool_dir, sizeof(daemon->spool_dir), "%s/spool",
                   daemon->options->state_dir);
    r = api_gate_new(&daemon->gate, &gate);
    return r < 0 ? err_pass(r) : 0;
}

static int start_front(struct daemon *daemon)
{
    static const struct front_ops ops = {on_front_api, on_health};
    struct aws_client_options aws = {0};
    struct front_options options = {
        .loop = &daemon->loop,
        .code = daemon->code,
        .key = &daemon->package_key,
        .urls =
            {
                .catalog = daemon->catalog,
                .code = daemon->code,
                .dispatch = daemon->dispatch,
                .default_account = str_of(daemon->options->account),
            },
        .ops = &ops,
        .owner = daemon,
    };

    aws_environment_read(&aws, daemon->options);
    options.urls.credentials = aws.credentials;
    daemon->front = front_new(&options);
    return daemon->front ? 0 : err_new(-ENOMEM);
}

int daemon_start(struct daemon *daemon, int jail_sock, struct reason *why)
{
    int r = start_sandboxes(daemon, jail_sock, why);

    if (r == 0)
        r = start_logs(daemon, why);
    if (r == 0)
        r = start_store(daemon, why);
    if (r == 0)
        r = start_code(daemon, why);
    if (r == 0)
        r = start_catalog(daemon);
    if (r == 0)
        r = start_dispatch(daemon);
    if (r == 0)
        r = start_aws(daemon);
    if (r == 0)
        r = start_async(daemon);
    if (r == 0)
        r = start_api(daemon);
    if (r == 0)
        r = start_front(daemon);
    if (r < 0)
        return err_pass(r);
    catalog_load(daemon->catalog, on_loaded, daemon);
    return 0;
}

/* ---- life ---- */

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

void daemon_instance_name(const char *state_dir, char *name)
{
    struct digest digest = {0};
    char hex[DIGEST_HEX_BYTES];

    (void)hash_bytes(&digest, state_dir, strlen(state_dir));
    (void)snprintf(name, 33, "l%.16s", digest_hex(&digest, hex));
}
