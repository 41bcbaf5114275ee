/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the asynchronous queue keeps on disk: a row per event, from its acceptance to its end. An
 * event is an invocation that is still to succeed, or a result that is still to be delivered. The
 * key holds the function and when it is due, so that the rows of a function lie in the order in
 * which they are to be looked at. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct buf;
struct function_id;

enum async_kind {
    ASYNC_INVOCATION,
    ASYNC_RECORD,      /* the payload is an invocation record, for a destination */
    ASYNC_DEAD_LETTER, /* the payload is the event itself, for a dead-letter queue */
};

struct async_event {
    uint32_t kind;
    struct str request_id;
    struct str qualifier; /* as called; absent: none */
    struct str trace_id;
    struct str client_context; /* JSON text; absent: none */
    struct str tenant_id;
    uint64_t accepted_ms; /* of async_clock.h; of a result: when it was there */
    uint32_t attempts;    /* that ran and failed */
    uint32_t waits;       /* in a row, because it could not be tried */
    struct str payload;
    /* Of what is to be delivered: */
    struct str target; /* ARN */
    bool is_success;
    uint32_t error_code;      /* an HTTP status */
    struct str error_message; /* cut */
};

/* Failures stay in the buffer. */
void async_event_encode(struct buf *out, const struct async_event *event);
/* Views of the bytes. 0 or -EBADMSG. */
int async_event_decode(struct str bytes, struct async_event *ret_event);

/* When it is due, and a number that no other row of the queue has. Their order is that of rows. */
struct async_place {
    uint64_t due_ms; /* of async_clock.h */
    uint64_t number;
};

int async_place_cmp(const struct async_place *a, const struct async_place *b);

/* "account/region/function/" and the key of a row in that queue; absent when out of memory. */
struct str async_queue_key(struct arena *arena, const struct function_id *id);
struct str async_row_key(struct arena *arena, struct str queue, const struct async_place *place);
/* False: none that async_row_key() made. ret_queue is a view of the key. */
bool async_row_key_parse(struct str key, struct str *ret_queue, struct async_place *ret_place);
/* The function of a queue; views. */
bool async_queue_key_parse(struct str queue, struct function_id *ret_id);
