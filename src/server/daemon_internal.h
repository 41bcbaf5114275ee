/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of the daemon share; included by them only.
 *
 *   daemon.c        the loop, signals, and where requests go
 *   daemon_start.c  making the parts, in order
 *   daemon_stop.c   draining, and taking the parts apart
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "catalog/catalog.h"
#include "code/package_url.h"
#include "server/daemon.h"
#include "server/options.h"

struct api_gate;
struct async;
struct aws_client;
struct buf;
struct code_store;
struct dispatch;
struct front;
struct function_version;
struct http_request;
struct http_server;
struct lambda_service;
struct log_store;
struct provisioner;
struct sandbox_host;
struct store;
struct xray;

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
    bool stopped;           /* so are environments */
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
    struct xray *xray; /* NULL: there is no daemon to send segments to */
    struct dispatch *dispatch;
    struct aws_client *aws;
    struct async *async;
    struct provisioner *provisioner;
    struct lambda_service *lambda;
    struct api_gate *gate;
    struct front *front;
};

/* ---- daemon.c ---- */

void daemon_on_front_api(void *owner, struct http_request *req);
void daemon_on_sandbox_api(void *owner, struct function_version *version, bool is_running,
                           struct http_request *req);
void daemon_on_health(void *owner, struct buf *json);

/* ---- daemon_stop.c ---- */

/* From SIGTERM to the end. */
void daemon_drain(struct daemon *daemon);
/* At once, with a sentence. Does not return. */
_Noreturn void daemon_give_up(struct daemon *daemon, const char *what);
