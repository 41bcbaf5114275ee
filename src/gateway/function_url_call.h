/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One request to a function URL, from its head to its answer. Private to function_url_*.c. */

#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/rand.h"
#include "catalog/catalog.h"
#include "catalog/function_url.h"
#include "gateway/function_url_address.h"
#include "gateway/function_url_answer.h"
#include "gateway/function_url_event.h"
#include "invoke/target.h"

struct function_url_door;
struct http_request;
struct invocation;
struct invocation_sink;

struct function_url_call {
    const struct function_url_door *door;
    struct http_request *req; /* ours until it is answered, with which the call ends */
    struct arena arena;
    struct function_url_address address;
    char request_id[UUID_TEXT_BYTES];
    struct str trace_id;
    /* Of the catalogue; copies */
    struct function_id id;
    struct function_url url;
    struct function_url_caller caller; /* no account: anonymous */
    struct buf body;
    struct invoke_target target;
    /* The answer in pieces: */
    const struct invocation *inv; /* while it can be held back */
    bool is_stream;               /* such an answer has begun to come */
    bool is_sent;                 /* and its head has been sent on */
    bool is_broken;               /* what came is no answer, or too much */
    bool wants_prelude;           /* its head has not come to its end */
    struct str content_type;
    struct function_url_prelude prelude;
    struct function_url_answer head; /* of the prelude, when it came */
    struct buf output;               /* what is collected */
    /* The whole output, from which the answer is made: */
    char *payload; /* owned; NULL: it was collected */
    struct str text;
    uv_work_t reading;
    int outcome; /* of reading: a failure, or the answer is there */
    struct function_url_answer answer;
};

/* Answers; each ends the call. */

void function_url_send(struct function_url_call *call, const struct function_url_answer *answer);
/* error_type may be NULL. */
void function_url_refuse(struct function_url_call *call, unsigned status, const char *error_type,
                         struct str body);
/* 429; reason is AWS's word for the limit. */
void function_url_throttle(struct function_url_call *call, struct str reason);
/* 403, without saying why. */
void function_url_forbid(struct function_url_call *call);
/* The function, or what runs it, failed. */
void function_url_fail(struct function_url_call *call);
/* What a browser asks before a request to another origin. */
void function_url_preflight(struct function_url_call *call);

/* Of an invocation whose owner is the call: it answers. */
extern const struct invocation_sink function_url_sink;
