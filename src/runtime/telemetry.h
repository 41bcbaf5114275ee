/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Telemetry API and the Logs API of one environment (spec: extensions-api, B and C): who has
 * subscribed, and what waits to be delivered to him. Events of the init are kept for those who
 * subscribe during it. What a subscriber does not take in time is dropped and counted, so that
 * memory is bounded: about twice the buffer that he asked for. Loop thread only; ops are called
 * from the loop.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/str.h"
#include "runtime/extensions.h"
#include "runtime/subscription.h"

struct http_request;
struct telemetry;

struct telemetry_ops {
    /* A socket of the sandbox's network is needed: telemetry_give_socket() follows. May be called
     * inside any telemetry_* call. */
    void (*socket_wanted)(void *owner);
};

/* set: who may subscribe; borrowed. */
int telemetry_new(struct telemetry **ret_telemetry, uv_loop_t *loop, struct extensions *set,
                  const struct telemetry_ops *ops, void *owner);
struct telemetry *telemetry_free(struct telemetry *telemetry);

/* New processes are about to be started: all subscriptions end. */
void telemetry_reset(struct telemetry *telemetry);
/* The init is over: nobody can subscribe any more. */
void telemetry_close(struct telemetry *telemetry);

/* False when the path is none of these APIs' own, and nothing was done. */
bool telemetry_request(struct telemetry *telemetry, struct http_request *req);
/* fd is owned from now on; -1: there is none. */
void telemetry_give_socket(struct telemetry *telemetry, int fd);

/* Call visit for each subscription, in their order. */
void telemetry_each(struct telemetry *telemetry,
                    void (*visit)(void *owner, const struct extension *extension,
                                  const struct subscription *subscription),
                    void *owner);

enum telemetry_audience {
    TELEMETRY_FOR_TELEMETRY = 1,
    TELEMETRY_FOR_LOGS = 2,
    TELEMETRY_FOR_LOGS_2 = 4, /* the Logs API's second version only */
    TELEMETRY_FOR_ALL = 3,
};

/* Would anybody get events of this type? Not worth making one otherwise. */
bool telemetry_wants(const struct telemetry *telemetry, enum subscription_type type);
/* A platform event as JSON text: {"time":…,"type":…,"record":…}, perhaps with a newline. */
void telemetry_platform(struct telemetry *telemetry, unsigned audience, struct str event);
/* What the function or an extension has printed, one event of the log. json: in a function's JSON
 * format a line that is an object is passed on as such. */
void telemetry_line(struct telemetry *telemetry, enum subscription_type type, uint64_t real_ms,
                    struct str line, bool json);
/* Send what is there without waiting for more: the environment is about to end. */
void telemetry_flush(struct telemetry *telemetry);
