/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Function environments: one sandbox plus one runtime session, the only place where the two meet.
 * An env runs one invocation at a time; its owner is an env_pool.
 *
 *              runtime started          first next
 *   STARTING ─────────────────▶ INIT ───────────────▶ IDLE ◀──────────────┐ done
 *      │                         │ error, exit, 10 s   │ env_run           │
 *      │                         ▼                     ▼                   │
 *      │        exited     RESETTING            ┌──── BUSY ───────────────┘
 *      │    DOWN ◀──────────────────────────────┤ time-out, broken: killed; exit
 *      │     │ env_run      first next          │
 *      │     └──────▶ REINIT ─────────▶ BUSY    │
 *      ▼                 └── error, exit, time-out ──▶ RESETTING ──▶ DOWN
 *   HOPELESS (no interpreter, no bootstrap: the first invocation gets the reason)
 *   LEAVING (freed; its extensions have their last seconds)
 *   any state: the box is gone ──▶ DEAD
 *
 * An IDLE env whose process broke the rules, and is being killed, takes an invocation into
 * RESETTING and from there on to REINIT.
 *
 * RESETTING and DOWN keep the box: same /tmp, same listener, same log stream; the next invocation
 * runs the init again within its own time ("suppressed init", spec: lifecycle 1.3).
 *
 * Loop thread only. Ops are never called from inside env_new(), env_free() or env_kill(); env_run()
 * may call them only in the HOPELESS state.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/list.h"
#include "base/str.h"

struct env;
struct function_version;
struct http_request;
struct invocation;
struct log_store;
struct sandbox_host;
struct xray;

struct env_ops {
    /* Init is over, or it failed in a way that the next invocation repeats: env_run() may be
     * called. */
    void (*available)(void *owner, struct env *env);
    /* The invocation is over: its sink has been told. The callee frees it; `available` follows when
     * the env lives on. */
    void (*ended)(void *owner, struct env *env, struct invocation *inv);
    /* The box is gone; env_free() must follow. When no invocation was running, outcome and why tell
     * a waiting one. */
    void (*dead)(void *owner, struct env *env, const struct reason *why);
    /* A request from inside the sandbox to the daemon's own API. */
    void (*api_request)(void *owner, struct env *env, struct http_request *req);
};

struct env_context {
    uv_loop_t *loop;
    struct sandbox_host *sandboxes;
    struct log_store *logs;
    uint64_t idle_freeze_ms;     /* idle for so long: frozen; UINT64_MAX: never */
    uint64_t idle_stop_ms;       /* idle for so long: `dead` is called */
    uint64_t init_limit_ms;      /* an init that takes longer is repeated by the first invocation */
    uint64_t stream_bytes_per_s; /* of a streamed response, after its burst; 0: no bound */
    bool endpoint_url;           /* give functions AWS_ENDPOINT_URL */
    struct xray *xray;           /* NULL: nobody wants segments */
    struct str xray_daemon;      /* its address, for functions; absent: none */
    /* Envs that were freed and still let their extensions end; env_kill() before the loop does. */
    struct list *leaving;
    /* There is one less of them. */
    void (*left)(void *owner);
    void *left_owner;
};

struct env_options {
    const struct env_context *context; /* borrowed; outlives the env */
    struct function_version *version;  /* referenced */
    const struct env_ops *ops;
    void *owner;
    bool is_provisioned; /* started ahead of invocations: its init may take longer */
};

/* An environment of this version may be wanted soon. */
void env_expect(const struct env_context *context, const struct function_version *version);
/* -EAGAIN: all boxes are taken, by some that end, too. */
int env_new(struct env **ret_env, const struct env_options *options, struct reason *why);
/*
 * Ends the env; an invocation in it must have ended. Without extensions the box is killed at once;
 * with some it stays, in context->leaving, until they have had their time. No op is called any
 * more.
 */
struct env *env_free(struct env *env);
/* Ends one that is leaving now. */
void env_kill(struct env *env);

/* Run an invocation (borrowed until `ended`); the env must be available. */
void env_run(struct env *env, struct invocation *inv);

bool env_is_available(const struct env *env);
bool env_is_running(const struct env *env); /* an invocation */
/* Set until env_set_known(): the pool counts environments that have not been available yet. */
bool env_is_new(const struct env *env);
void env_set_known(struct env *env);
/* Its processes were killed just now: `available` follows within milliseconds. */
bool env_is_resetting(const struct env *env);
/* A mark of the pool's: it counts on that. */
bool env_is_awaited(const struct env *env);
void env_set_awaited(struct env *env, bool is_awaited);
/* It was started as provisioned capacity. */
bool env_is_provisioned(const struct env *env);
/* Its last init failed; the next invocation repeats it. */
bool env_has_failed_init(const struct env *env);
/* By how much more of the host's memory it may use when it runs again. */
uint64_t env_thaw_bytes(const struct env *env);

/* For the pool: the env's node in the list it is in now. */
struct list *env_node(struct env *env);
struct env *env_of_node(struct list *node);
/* The same for the list of all idle envs, oldest first. */
struct list *env_lru_node(struct env *env);
struct env *env_of_lru_node(struct list *node);
void *env_owner(const struct env *env);
