/* SPDX-License-Identifier: Apache-2.0 */

/* The start: the parts are made, each after those that it needs; then what is on disk is read. */

#include "server/daemon_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/gate.h"
#include "api/lambda/service.h"
#include "async/async.h"
#include "aws/client.h"
#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"
#include "code/code_store.h"
#include "gateway/front.h"
#include "http/server.h"
#include "invoke/dispatch.h"
#include "invoke/provision.h"
#include "obs/log_store.h"
#include "obs/xray.h"
#include "sandbox/doctor.h"
#include "sandbox/sandbox.h"
#include "server/aws_environment.h"
#include "server/memory_budget.h"
#include "server/unpack_bridge.h"
#include "server/version.h"
#include "store/sqlite/sqlite.h"
#include "store/store.h"

static void on_jail_gone(void *owner)
{
    daemon_give_up(owner, "the jail ended by itself: no function can be run any more");
}

/* What this host cannot enforce is never kept silent. */
static void say_what_is_missing(const struct daemon *daemon)
{
    struct doctor_report report;
    struct reason why = {0};

    doctor_from_features(&report, sandbox_host_features(daemon->sandboxes));
    for (size_t i = 0; i < report.count; i++)
        (void)fprintf(stderr, "lambd: on this host, %s (%s)\n", report.checks[i].text,
                      report.checks[i].remedy);
    if (sandbox_host_network_missing(daemon->sandboxes, &why))
        (void)fprintf(stderr, "lambd: on this host, %s\n", why.text);
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
        daemon_give_up(daemon, "the state directory cannot be used");
    }
    code_store_sweep(daemon->code, on_swept, daemon);
}

static void on_loaded(void *owner, int failure)
{
    struct daemon *daemon = owner;

    if (failure < 0) {
        (void)fprintf(stderr, "lambd: cannot load the functions: %s\n", strerror(-failure));
        daemon_give_up(daemon, "the state directory cannot be used");
    }
    async_load(daemon->async, on_async_loaded, daemon);
}

/* A function that is gone has nothing set aside. */
static void concurrency_follow(struct daemon *daemon, const struct function_id *id)
{
    struct function_concurrency aside = {0};
    struct version_provisioned *versions = NULL;
    struct function_settings settings;
    size_t count = 0;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = catalog_get_settings(daemon->catalog, id, &arena, &settings);
    if (r == CATALOG_OK)
        r = function_concurrency_of(&settings, &arena, &aside);
    if (r == 0)
        r = function_provisioned_versions(&settings, &arena, &versions, &count);
    if (r >= 0)
        r = dispatch_set_concurrency(daemon->dispatch, id, &aside, versions, count);
    arena_deinit(&arena);
    /* Else limits that were acknowledged would not hold; the next start reads them from disk. */
    must(r == 0);
    r = provisioner_follow(daemon->provisioner, id);
    if (r < 0) /* environments that are missing are started when they are needed */
        (void)fprintf(stderr, "lambd: cannot provision %.*s: %s\n", STR_FMT(id->name),
                      strerror(-r));
}

/* Its first invocation may come soon. */
static void expect(struct daemon *daemon, const struct catalog_event *event)
{
    struct function_version *version;

    if (catalog_invoke_target(daemon->catalog, &event->id, event->version, &version) != CATALOG_OK)
        return;
    dispatch_expect(daemon->dispatch, version);
    (void)function_version_unref(version);
}

static void on_catalog_event(struct catalog_watch *watch, const struct catalog_event *event)
{
    struct daemon *daemon = container_of(watch, struct daemon, watch);

    if (!daemon->provisioner)
        return;
    if (event->kind == CATALOG_VERSION_READY) {
        expect(daemon, event);
        return;
    }
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

static void on_room_freed(void *owner)
{
    struct daemon *daemon = owner;

    if (daemon->dispatch)
        dispatch_room_freed(daemon->dispatch);
}

static int start_sandboxes(struct daemon *daemon, int jail_sock, struct reason *why)
{
    struct sandbox_host_options options = {
        .loop = &daemon->loop,
        .jail_sock = jail_sock,
        .boxes_prepared = (uint32_t)daemon->options->boxes_prepared,
        .stems_per_kind = (uint32_t)daemon->options->stem_cells,
        .memory_bytes_max = memory_budget_bytes(daemon->options->memory_mb),
        .room_freed = on_room_freed,
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

static int start_xray(struct daemon *daemon, struct reason *why)
{
    const char *address = daemon->options->xray_daemon;

    return *address ? xray_new(&daemon->xray, &daemon->loop, address, why) : 0;
}

static int start_dispatch(struct daemon *daemon)
{
    static const struct dispatch_ops ops = {daemon_on_sandbox_api};
    const struct server_options *o = daemon->options;
    struct dispatch_options options = {
        .loop = &daemon->loop,
        .sandboxes = daemon->sandboxes,
        .logs = daemon->logs,
        .idle_freeze_ms = o->idle_freeze_ms,
        .idle_stop_ms = o->idle_stop_s * 1000,
        .init_limit_ms = o->init_limit_ms,
        .stream_bytes_per_s = o->stream_rate_kb * 1024,
        .environments_max = (uint32_t)o->environments_max,
        .concurrency_limit = (uint32_t)o->concurrency_limit,
        .ramp = (uint32_t)o->scale_up_per_10s,
        .room_wait_ms = o->room_wait_ms,
        .endpoint_url = o->endpoint_url,
        .xray = daemon->xray,
        .xray_daemon = daemon->xray ? str_of(o->xray_daemon) : STR_NONE,
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
    static const struct front_ops ops = {daemon_on_front_api, daemon_on_health};
    struct aws_client_options aws = {0};
    struct front_options options = {
        .loop = &daemon->loop,
        .code = daemon->code,
        .key = &daemon->package_key,
        .urls =
            {
                .loop = &daemon->loop,
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
        r = start_xray(daemon, why);
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
