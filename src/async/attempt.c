/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One attempt to run a function for an event, and what comes of it. The rules (retries, age,
 * destinations) are looked up each time: a change of them counts for events that wait already.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "async/queue.h"
#include "async/record.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "base/limits.h"
#include "base/must.h"
#include "catalog/arn.h"
#include "catalog/destination.h"
#include "catalog/event_invoke.h"
#include "catalog/function.h"
#include "invoke/dispatch.h"

enum {
    ERROR_MESSAGE_BYTES_MAX = 1024,
    ERROR_READ_BYTES_MAX = 262144, /* 6 MB of small values would hold the loop up for long */
};

/* Texts in the item's arena. */
struct rules {
    struct retry_rules retry;
    bool is_blocked; /* nothing may run: reserved concurrency is 0 */
    struct str on_success;
    struct str on_failure;
    struct str dead_letter;
};

/* ---- what holds for this event now ---- */

static int event_invoke_apply(struct async_item *item, const struct function_settings *settings,
                              struct rules *rules)
{
    struct str qualifier =
        str_is_set(item->event.qualifier) ? item->event.qualifier : STR("$LATEST");
    const struct codec_pair *pair = codec_pairs_find(&settings->event_invokes, qualifier);
    struct function_event_invoke config;
    int r;

    if (!pair)
        return 0;
    r = function_event_invoke_decode(pair, &item->arena, &config);
    if (r < 0)
        return err_pass(r);
    if (config.has_retries_max)
        rules->retry.retries_max = config.retries_max;
    if (config.age_s_max > 0)
        rules->retry.age_ms_max = (uint64_t)config.age_s_max * 1000;
    rules->on_success = arena_str(&item->arena, config.on_success);
    rules->on_failure = arena_str(&item->arena, config.on_failure);
    return 0;
}

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
static int rules_get(struct async_item *item, struct rules *ret_rules)
{
    struct async_queue *queue = item->queue;
    const struct async_options *options = &queue->async->options;
    struct function_settings settings;
    struct function_view view;
    uint64_t version;
    int r = catalog_get_settings(options->catalog, &queue->id, &item->arena, &settings);

    *ret_rules = (struct rules){.retry = {.retries_max = ASYNC_RETRIES_DEFAULT,
                                          .age_ms_max = (uint64_t)ASYNC_AGE_S_DEFAULT * 1000,
                                          .delay_permille = options->delay_permille}};
    if (r == CATALOG_OK)
        r = catalog_resolve(options->catalog, &queue->id, item->event.qualifier, &version);
    if (r == CATALOG_OK)
        r = catalog_get(options->catalog, &queue->id, version, &item->arena, &view);
    if (r != CATALOG_OK)
        return r;
    ret_rules->is_blocked = settings.reserves_concurrency && settings.reserved_concurrency == 0;
    ret_rules->dead_letter = arena_str(&item->arena, view.config.dead_letter_arn);
    r = event_invoke_apply(item, &settings, ret_rules);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static uint64_t age_ms(const struct async_item *item)
{
    uint64_t now = async_now(item->queue->async);

    return now > item->event.accepted_ms ? now - item->event.accepted_ms : 0;
}

/* ---- the end ---- */

/* The queue in which a result is told: that of the function which gets it, or this one's own. */
static struct async_item *follower_new(struct async_item *item, struct async_event *event)
{
    struct destination destination = destination_parse(event->target);
    struct async_queue *queue = item->queue;
    char request_id[UUID_TEXT_BYTES];
    struct str key;

    if (destination.kind == DESTINATION_FUNCTION) {
        key = async_queue_key(&item->arena, &destination.function);
        queue = str_is_set(key) ? async_queue_make(item->queue->async, key) : NULL;
        event->kind = ASYNC_INVOCATION;
        event->request_id = str_of(rand_uuid(request_id));
        event->qualifier = destination.qualifier;
        event->target = STR_NONE;
    }
    return queue ? async_item_new(queue, event, async_now(item->queue->async)) : NULL;
}

/* No function is called with it; other targets refuse themselves what they do not take. */
static bool is_too_large(const struct async_event *event)
{
    return event->payload.len > LIMIT_EVENT_BYTES &&
           destination_parse(event->target).kind == DESTINATION_FUNCTION;
}

/* 0 or -ENOMEM */
static int follow(struct async_item *item, struct async_event event)
{
    struct async_item *follower;

    if (!str_is_set(event.target))
        return 0;
    if (is_too_large(&event)) {
        (void)fprintf(stderr, "a result of %.*s for %.*s is dropped: it is larger than an event\n",
                      STR_FMT(item->queue->id.name), STR_FMT(event.target));
        return 0;
    }
    event.qualifier = item->event.qualifier;
    event.request_id = item->event.request_id;
    event.trace_id = str_is_set(item->trace_id) ? item->trace_id : item->event.trace_id;
    event.accepted_ms = async_now(item->queue->async);
    follower = follower_new(item, &event);
    if (!follower)
        return err_new(-ENOMEM);
    list_push_back(&item->followers, &follower->node);
    return 0;
}

static int follow_record(struct async_item *item, struct str target,
                         const struct async_result *result)
{
    CLEANUP(buf_deinit) struct buf record = {0};
    struct str qualifier =
        str_is_set(item->event.qualifier) ? item->event.qualifier : STR("$LATEST");
    struct str arn = arn_function(&item->arena, &item->queue->id, qualifier);

    if (!str_is_set(target))
        return 0;
    async_record_write(&record, &item->event, arn, clock_real_ms(), result);
    if (buf_failed(&record) || !str_is_set(arn))
        return err_new(-ENOMEM);
    return follow(item,
                  (struct async_event){.kind = ASYNC_RECORD,
                                       .target = target,
                                       .payload = buf_str(&record),
                                       .is_success = !result->is_error && result->has_response});
}

/* The errorMessage of what the function answered, cut; else why it was given up. */
static struct str error_message(struct async_item *item, const struct async_result *result)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct str message = STR_NONE;

    if (result->has_response && result->response.len <= ERROR_READ_BYTES_MAX &&
        json_doc_load(&doc, result->response, NULL) == 0)
        message = json_doc_str(doc, "errorMessage");
    if (!str_is_set(message))
        message = str_of(result->condition);
    return arena_str(&item->arena, str_sub(message, 0, ERROR_MESSAGE_BYTES_MAX));
}

static int follow_dead_letter(struct async_item *item, struct str target,
                              const struct async_result *result)
{
    if (!str_is_set(target))
        return 0;
    return follow(item, (struct async_event){.kind = ASYNC_DEAD_LETTER,
                                             .target = target,
                                             .payload = item->event.payload,
                                             .error_code = result->has_response ? 200 : 429,
                                             .error_message = error_message(item, result)});
}

static void end(struct async_item *item, const struct rules *rules,
                const struct async_result *result, bool is_success)
{
    struct async_queue *queue = item->queue;
    int r = follow_record(item, is_success ? rules->on_success : rules->on_failure, result);

    if (r == 0 && !is_success)
        r = follow_dead_letter(item, rules->dead_letter, result);
    if (r < 0) {
        async_item_retry(item);
        return;
    }
    *(is_success ? &queue->async->stats.succeeded : &queue->async->stats.given_up) += 1;
    async_queue_attempt_ended(item);
    async_item_settle(item);
}

static void give_up(struct async_item *item, const struct rules *rules, const char *condition,
                    bool has_response)
{
    const struct async_result result = {
        .condition = condition,
        .invoke_count = item->event.attempts,
        .has_response = has_response,
        .is_error = has_response,
        .executed_version = item->version,
        .response = str_make(item->response ? item->response : "", item->response_len),
    };

    end(item, rules, &result, false);
}

/* The function is gone: nobody is left who could say what is to become of the event. */
static void drop(struct async_item *item)
{
    item->queue->async->stats.given_up++;
    async_queue_attempt_ended(item);
    async_item_settle(item);
}

/* It could not be tried. */
static void refused(struct async_item *item, const struct rules *rules)
{
    struct async_event event = item->event;
    uint64_t delay_ms;

    event.waits++;
    if (retry_after_refusal(&rules->retry, event.waits, age_ms(item), &delay_ms) == RETRY_LATER)
        async_item_postpone(item, &event, delay_ms);
    else
        give_up(item, rules, "EventAgeExceeded", false);
}

static void failed(struct async_item *item, const struct rules *rules)
{
    struct async_event event = item->event;
    uint64_t delay_ms;

    event.attempts++;
    event.waits = 0;
    switch (retry_after_error(&rules->retry, event.attempts, age_ms(item), &delay_ms)) {
    case RETRY_LATER:
        async_item_postpone(item, &event, delay_ms);
        return;
    case RETRY_EXHAUSTED:
        item->event.attempts = event.attempts;
        give_up(item, rules, "RetriesExhausted", true);
        return;
    case RETRY_TOO_OLD:
        item->event.attempts = event.attempts;
        give_up(item, rules, "EventAgeExceeded", true);
        return;
    }
}

static void succeeded(struct async_item *item, const struct rules *rules)
{
    const struct async_result result = {
        .condition = "Success",
        .invoke_count = item->event.attempts + 1,
        .has_response = true,
        .executed_version = item->version,
        .response = str_make(item->response ? item->response : "", item->response_len),
    };

    end(item, rules, &result, true);
}

/* ---- the attempt ---- */

/* The rules as they are now; false: the item has been dealt with. */
static bool rules_renew(struct async_item *item, struct rules *rules)
{
    int r = rules_get(item, rules);

    if (r == CATALOG_OK)
        return true;
    if (r == CATALOG_NOT_FOUND)
        drop(item);
    else
        refused(item, rules);
    return false;
}

static void on_responded(struct invocation *inv, enum invocation_outcome outcome, char *payload,
                         size_t len)
{
    struct async_item *item = inv->sink_owner;

    free(item->response);
    item->outcome = outcome;
    item->response = payload;
    item->response_len = len;
    item->version = arena_str(&item->arena, inv->version->version);
}

void async_attempt_conclude(struct async_item *item)
{
    struct rules rules;
    int r = rules_get(item, &rules);

    if (r < 0)
        async_item_retry(item);
    else if (r != CATALOG_OK)
        drop(item);
    else if (item->outcome == INVOCATION_OK)
        succeeded(item, &rules);
    else if (item->outcome == INVOCATION_FUNCTION_ERROR)
        failed(item, &rules);
    else
        refused(item, &rules);
}

static void on_ended(struct invocation *inv, const struct invocation_record *record)
{
    struct async_item *item = inv->sink_owner;
    struct async_queue *queue = item->queue;

    (void)record;
    queue->refusals = 0;
    item->has_run = item->outcome != INVOCATION_UNAVAILABLE;
    async_attempt_conclude(item);
    async_queue_wake(queue); /* not now: the environment is not free again yet */
}

static const struct invocation_sink async_sink = {.responded = on_responded, .ended = on_ended};

static void stop_loop(struct async_item *item)
{
    struct rules rules;

    if (rules_renew(item, &rules))
        give_up(item, &rules, "RecursiveInvocation", false);
}

/* NULL when out of memory. */
static struct invocation *invocation_make(struct async_item *item, struct function_version *version)
{
    const struct async_event *event = &item->event;
    char request_id[UUID_TEXT_BYTES];
    CLEANUP(invocation_freep) struct invocation *inv = NULL;
    struct invocation *made;

    if (str_to_cstr(event->request_id, request_id, sizeof(request_id)))
        inv = invocation_new(version, request_id);
    if (!inv)
        return NULL;
    inv->payload = malloc(event->payload.len + 1);
    if (!inv->payload)
        return NULL;
    memcpy(inv->payload, event->payload.ptr ? event->payload.ptr : "", event->payload.len);
    inv->payload_len = event->payload.len;
    if (invocation_set_trace(inv, event->trace_id) < 0)
        return NULL;
    inv->client_context = arena_str(&inv->arena, event->client_context);
    inv->tenant_id = arena_str(&inv->arena, event->tenant_id);
    inv->invoked_arn = str_is_set(event->qualifier)
                           ? arn_function(&inv->arena, &item->queue->id, event->qualifier)
                           : version->arn;
    inv->sink = &async_sink;
    inv->sink_owner = item;
    if (!str_is_set(inv->invoked_arn))
        return NULL;
    made = inv;
    inv = NULL;
    return made;
}

static void submit(struct async_item *item, struct function_version *version)
{
    const struct async_options *options = &item->queue->async->options;
    struct invocation *inv = invocation_make(item, version);
    int r = inv ? invocation_is_loop(inv, options->catalog) : err_new(-ENOMEM);

    if (r == 1) {
        (void)invocation_free(inv);
        stop_loop(item);
        return;
    }
    if (r == 0) {
        item->trace_id = arena_str(&item->arena, inv->trace_id);
        r = dispatch_submit(options->dispatch, inv);
        if (r == DISPATCH_OK)
            return;
    }
    (void)invocation_free(inv);
    async_queue_refused(item->queue, item);
}

static void on_target(struct invoke_target *target, int outcome, struct function_version *version)
{
    struct async_item *item = container_of(target, struct async_item, target);
    struct rules rules;

    if (!item->queue->async->runs) /* stopped while the code was unpacked */
        async_queue_refused(item->queue, item);
    else if (outcome == CATALOG_OK)
        submit(item, version);
    else if (outcome == CATALOG_NOT_FOUND)
        drop(item);
    else if (rules_renew(item, &rules))
        refused(item, &rules);
}

void async_attempt_start(struct async_item *item)
{
    const struct async_options *options = &item->queue->async->options;
    struct rules rules;

    if (!rules_renew(item, &rules))
        return;
    if (rules.is_blocked) {
        give_up(item, &rules, "ZeroReservedConcurrency", false);
    } else if (retry_is_too_old(&rules.retry, age_ms(item))) {
        give_up(item, &rules, "EventAgeExceeded", false);
    } else {
        item->target.id = item->queue->id;
        item->target.qualifier = item->event.qualifier;
        item->target.done = on_target;
        invoke_target_find(&item->target, options->catalog, options->code);
    }
}
