/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What deliveries (telemetry.c) and requests (telemetry_api.c) share; included by them only. */

#include "base/buf.h"
#include "base/list.h"
#include "runtime/telemetry.h"

struct sink;

struct subscriber {
    struct list node;
    struct telemetry *telemetry;
    const struct extension *extension; /* of the set */
    struct subscription subscription;
    struct sink *sink; /* owned */
    bool wants_socket;
    struct buf batch; /* events without the brackets around them */
    uint64_t items;
    uint64_t dropped_items;
    uint64_t dropped_bytes;
    uv_timer_t *timer; /* owned until it is closed */
};

struct telemetry {
    uv_loop_t *loop;
    struct extensions *set;
    const struct telemetry_ops *ops;
    void *owner;
    struct list subscribers;
    struct list kept; /* struct kept_event */
    size_t kept_bytes;
    struct list bodies; /* struct subscribe_body */
    bool is_closed;
};

/* telemetry.c */

/* NULL: it has not subscribed. */
struct subscriber *telemetry_find(struct telemetry *telemetry, const struct extension *extension);
/* It gets the events of the init so far, too. 0 or -ENOMEM. */
int telemetry_subscribe(struct telemetry *telemetry, const struct extension *extension,
                        const struct subscription *subscription);
void telemetry_unsubscribe(struct subscriber *subscriber);

/* telemetry_api.c: those who are sending requests are gone. */
void telemetry_drop_requests(struct telemetry *telemetry);
