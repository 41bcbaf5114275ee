/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Is the source of a mapping there? Asked of the service itself, where one is configured; without
 * that, and where the service gives no definite answer, the source counts as existing: who reads
 * from it will see.
 */

#include <stdbool.h>
#include <stdint.h>

#include "aws/client.h"
#include "base/buf.h"
#include "base/str.h"

struct arena;
struct event_source_mapping;

/* Outcomes; failures are negative errnos. */
enum {
    EVENT_SOURCE_PROBING, /* on_done will be called */
    EVENT_SOURCE_THERE,
    EVENT_SOURCE_NOT_THERE,
    EVENT_SOURCE_FORBIDDEN,
};

enum { EVENT_SOURCE_PROBE_HEADERS = 2 };

/* A part of the caller's object. */
struct event_source_probe {
    void (*on_done)(struct event_source_probe *probe, int outcome);
    /* Of a queue that is there; has_visibility: it said so. */
    uint64_t visibility_s;
    bool has_visibility;

    /* private */
    struct aws_call call;
    struct aws_header headers[EVENT_SOURCE_PROBE_HEADERS];
    struct buf answer;
};

/* Texts are made in the arena, which has to live until on_done. */
int event_source_probe_start(struct event_source_probe *probe, struct aws_client *client,
                             const struct event_source_mapping *mapping, struct arena *arena);
