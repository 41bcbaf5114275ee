/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Extensions API over HTTP (spec: extensions-api, part A), on the listener that the Runtime API
 * is on. Whoever can connect is in the box; calls are told apart by the identifier that registering
 * gives. Loop thread only; ops are called from the loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "runtime/extensions.h"

struct extensions_api;
struct http_request;

struct extensions_api_ops {
    /* One more has registered, or waits for an event: what extensions_are_…() say may be new. */
    void (*changed)(void *owner);
    /* One has called init/error or exit/error. */
    void (*failed)(void *owner, const struct extension *extension);
};

/* What registering tells; borrowed. */
struct extensions_function {
    struct str account;
    struct str name;
    struct str version;
    struct str handler;
};

/* An event; texts are copied. */
struct extensions_invoke {
    struct str request_id;
    struct str function_arn;
    struct str trace_id;
    uint64_t deadline_real_ms;
};

int extensions_api_new(struct extensions_api **ret_api, const struct extensions_function *function,
                       const struct extensions_api_ops *ops, void *owner);
struct extensions_api *extensions_api_free(struct extensions_api *api);

/* The state, to be read and for what processes do; calls and events go through this module. */
struct extensions *extensions_api_set(struct extensions_api *api);

/*
 * New processes are about to be started: those before are dead, their calls are dropped.
 * is_launching: external extensions, too; calls of `register` then wait for
 * extensions_api_launched(), because whose name is an external one's is not known before.
 */
void extensions_api_reset(struct extensions_api *api, bool is_launching);
/* extensions_add() was called for all; may call `changed`. */
void extensions_api_launched(struct extensions_api *api);
/* False when the path is none of its own, and nothing was done. */
bool extensions_api_request(struct extensions_api *api, struct http_request *req);

void extensions_api_invoke(struct extensions_api *api, const struct extensions_invoke *invoke);
/* reason: "spindown", "timeout", "failure". */
void extensions_api_shutdown(struct extensions_api *api, const char *reason,
                             uint64_t deadline_real_ms);
