/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One try to deliver a result to a queue, topic, event bus or bucket, over the API of that service.
 * The row goes when the service has acknowledged, or has said that it never will (an error of the
 * caller, as AWS drops such records); else it is tried again, for as long as it takes.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "async/queue.h"
#include "aws/client.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "base/must.h"
#include "catalog/arn.h"
#include "catalog/destination.h"

enum { ANSWER_BYTES_MAX = 65536, HTTP_TOO_MANY_REQUESTS = 429 };

/* Texts are views of the item's, or in its arena. */
struct async_delivery {
    struct aws_call call;
    struct async_item *item;
    struct buf path;
    struct buf body;
    struct buf answer;
    struct aws_header headers[2];
};

static struct async_delivery *delivery_free(struct async_delivery *delivery)
{
    if (!delivery)
        return NULL;
    buf_deinit(&delivery->path);
    buf_deinit(&delivery->body);
    buf_deinit(&delivery->answer);
    free(delivery);
    return NULL;
}

/* ---- requests ---- */

static struct str arn_part(struct str arn, size_t index)
{
    struct str part = STR_NONE;

    for (size_t i = 0; i <= index; i++)
        if (!str_next(&arn, ':', &part))
            return STR("");
    return part;
}

static void set_json(struct async_delivery *delivery, enum aws_service service, struct str target,
                     struct str content_type)
{
    delivery->headers[0] = (struct aws_header){STR("content-type"), content_type};
    delivery->headers[1] = (struct aws_header){STR("x-amz-target"), target};
    delivery->call.service = service;
    delivery->call.header_count = 2;
}

static void write_attribute(struct json_writer *json, struct str name, struct str type,
                            struct str value)
{
    json_write_key(json, name);
    json_write_object_begin(json);
    json_write_member(json, STR("DataType"), type);
    json_write_member(json, STR("StringValue"), value);
    json_write_object_end(json);
}

/* What tells a dead letter's reader why it is one; a record carries the trace instead. */
static void write_sqs_attributes(struct async_delivery *delivery, struct json_writer *json)
{
    const struct async_event *event = &delivery->item->event;

    if (event->kind == ASYNC_DEAD_LETTER) {
        json_write_key(json, STR("MessageAttributes"));
        json_write_object_begin(json);
        write_attribute(json, STR("RequestID"), STR("String"), event->request_id);
        write_attribute(json, STR("ErrorCode"), STR("Number"),
                        arena_printf(&delivery->item->arena, "%" PRIu32, event->error_code));
        write_attribute(json, STR("ErrorMessage"), STR("String"), event->error_message);
        json_write_object_end(json);
    } else if (str_is_set(event->trace_id)) {
        json_write_key(json, STR("MessageSystemAttributes"));
        json_write_object_begin(json);
        write_attribute(json, STR("AWSTraceHeader"), STR("String"), event->trace_id);
        json_write_object_end(json);
    }
}

static void make_sqs(struct async_delivery *delivery)
{
    const struct async_event *event = &delivery->item->event;
    struct arena *arena = &delivery->item->arena;
    struct str account = arn_part(event->target, 4), name = arn_part(event->target, 5);
    struct json_writer json;

    set_json(delivery, AWS_SQS, STR("AmazonSQS.SendMessage"), STR("application/x-amz-json-1.0"));
    json_writer_init(&json, &delivery->body);
    json_write_object_begin(&json);
    json_write_member(&json, STR("QueueUrl"),
                      arena_printf(arena, "https://sqs.%.*s.amazonaws.com/%.*s/%.*s",
                                   STR_FMT(delivery->call.region), STR_FMT(account),
                                   STR_FMT(name)));
    json_write_member(&json, STR("MessageBody"), event->payload);
    write_sqs_attributes(delivery, &json);
    json_write_object_end(&json);
}

static void form_add(struct buf *form, const char *name, struct str value)
{
    (void)buf_append_str(form, form->len > 0 ? STR("&") : STR(""));
    (void)buf_append_str(form, str_of(name));
    (void)buf_append_char(form, '=');
    aws_uri_encode(form, value, false);
}

static void form_add_attribute(struct buf *form, unsigned number, const char *name,
                               const char *type, struct str value)
{
    char key[80];

    (void)snprintf(key, sizeof(key), "MessageAttributes.entry.%u.Name", number);
    form_add(form, key, str_of(name));
    (void)snprintf(key, sizeof(key), "MessageAttributes.entry.%u.Value.DataType", number);
    form_add(form, key, str_of(type));
    (void)snprintf(key, sizeof(key), "MessageAttributes.entry.%u.Value.StringValue", number);
    form_add(form, key, value);
}

static void make_sns(struct async_delivery *delivery)
{
    const struct async_event *event = &delivery->item->event;
    struct buf *form = &delivery->body;

    delivery->headers[0] = (struct aws_header){
        STR("content-type"), STR("application/x-www-form-urlencoded; charset=utf-8")};
    delivery->call.header_count = 1;
    delivery->call.service = AWS_SNS;
    form_add(form, "Action", STR("Publish"));
    form_add(form, "Version", STR("2010-03-31"));
    form_add(form, "TopicArn", event->target);
    form_add(form, "Message", event->payload);
    if (event->kind != ASYNC_DEAD_LETTER)
        return;
    form_add_attribute(form, 1, "RequestID", "String", event->request_id);
    form_add_attribute(form, 2, "ErrorCode", "Number",
                       arena_printf(&delivery->item->arena, "%" PRIu32, event->error_code));
    form_add_attribute(form, 3, "ErrorMessage", "String", event->error_message);
}

static void make_eventbridge(struct async_delivery *delivery)
{
    const struct async_item *item = delivery->item;
    const struct async_event *event = &item->event;
    struct str qualifier = str_is_set(event->qualifier) ? event->qualifier : STR("$LATEST");
    struct json_writer json;

    set_json(delivery, AWS_EVENTBRIDGE, STR("AWSEvents.PutEvents"),
             STR("application/x-amz-json-1.1"));
    json_writer_init(&json, &delivery->body);
    json_write_object_begin(&json);
    json_write_key(&json, STR("Entries"));
    json_write_array_begin(&json);
    json_write_object_begin(&json);
    json_write_member(&json, STR("Source"), STR("lambda"));
    json_write_member(&json, STR("DetailType"),
                      event->is_success ? STR("Lambda Function Invocation Result - Success")
                                        : STR("Lambda Function Invocation Result - Failure"));
    json_write_member(&json, STR("EventBusName"), event->target);
    json_write_key(&json, STR("Resources"));
    json_write_array_begin(&json);
    json_write_str(&json, event->target);
    json_write_str(&json, arn_function(&delivery->item->arena, &item->queue->id, qualifier));
    json_write_array_end(&json);
    json_write_member(&json, STR("Detail"), event->payload);
    json_write_object_end(&json);
    json_write_array_end(&json);
    json_write_object_end(&json);
}

/* The same name each time it is tried, so that the object exists once. */
static void make_s3(struct async_delivery *delivery)
{
    const struct async_item *item = delivery->item;
    char time[CLOCK_TEXT_BYTES], date[CLOCK_TEXT_BYTES];

    (void)clock_format_z(time, item->event.accepted_ms);
    time[sizeof("2000-01-01T00:00:00") - 1] = '\0';
    for (char *c = time; *c; c++)
        if (*c == ':')
            *c = '.';
    delivery->headers[0] =
        (struct aws_header){STR("content-type"), STR("application/octet-stream")};
    delivery->call.header_count = 1;
    delivery->call.service = AWS_S3;
    delivery->call.method = "PUT";
    buf_clear(&delivery->path);
    (void)buf_append_char(&delivery->path, '/');
    aws_uri_encode(&delivery->path, arn_part(item->event.target, 5), false);
    (void)buf_printf(
        &delivery->path, "/aws/lambda/async/%.*s/%s/%s-%.*s", STR_FMT(item->queue->id.name),
        clock_format_date(date, item->event.accepted_ms), time, STR_FMT(item->event.request_id));
    (void)buf_append_str(&delivery->body, item->event.payload);
}

/* False: nothing that anything can be sent to. */
static bool make(struct async_delivery *delivery)
{
    const struct async_event *event = &delivery->item->event;

    delivery->call.method = "POST";
    (void)buf_append_char(&delivery->path, '/');
    switch (destination_parse(event->target).kind) {
    case DESTINATION_QUEUE:
        make_sqs(delivery);
        return true;
    case DESTINATION_TOPIC:
        make_sns(delivery);
        return true;
    case DESTINATION_EVENT_BUS:
        make_eventbridge(delivery);
        return true;
    case DESTINATION_BUCKET:
        make_s3(delivery);
        return true;
    case DESTINATION_QUEUE_FIFO:
    case DESTINATION_FUNCTION:
    case DESTINATION_OTHER:
        break;
    }
    return false;
}

/* ---- ends ---- */

static void later(struct async_item *item)
{
    struct async_event event = item->event;

    event.waits++;
    async_item_postpone(
        item, &event,
        retry_delivery_delay(event.waits, item->queue->async->options.delay_permille));
}

static void end(struct async_item *item)
{
    async_queue_attempt_ended(item);
    async_item_settle(item);
}

static void give_up(struct async_item *item, const char *why)
{
    (void)fprintf(stderr, "a result of %.*s for %.*s is dropped: %s\n",
                  STR_FMT(item->queue->id.name), STR_FMT(item->event.target), why);
    end(item);
}

/* EventBridge says 200 although it did not take the event. */
static bool has_failed_entries(const struct async_delivery *delivery)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    int64_t failed = 0;

    return delivery->call.service == AWS_EVENTBRIDGE &&
           json_doc_load(&doc, buf_str(&delivery->answer), NULL) == 0 &&
           json_doc_i64(doc, "FailedEntryCount", &failed) && failed > 0;
}

/* The same call would get it again. Some services say 400 to too many calls. */
static bool is_final(const struct aws_call *call)
{
    static const char throttled[] = "Throttl"; /* ThrottlingException, RequestThrottled, … */
    struct str body = buf_str(&call->error_body);

    return call->status / 100 == 4 && call->status != HTTP_TOO_MANY_REQUESTS &&
           (body.len == 0 || !memmem(body.ptr, body.len, throttled, sizeof(throttled) - 1));
}

static int on_data(struct aws_call *call, struct str bytes)
{
    struct async_delivery *delivery = container_of(call, struct async_delivery, call);

    (void)buf_append_str(&delivery->answer, bytes); /* of a longer one the beginning is enough */
    return AWS_DATA_TAKEN;
}

static void on_done(struct aws_call *call, int outcome)
{
    struct async_delivery *delivery = container_of(call, struct async_delivery, call);
    struct async_item *item = delivery->item;
    struct async_queue *queue = item->queue;
    unsigned status = call->status;
    char text[160];

    if (outcome == AWS_CALL_ANSWERED && status / 100 == 2 && !has_failed_entries(delivery)) {
        queue->async->stats.delivered++;
        end(item);
    } else if (outcome == AWS_CALL_ANSWERED && is_final(call)) {
        (void)snprintf(text, sizeof(text), "status %u %.*s", status,
                       STR_FMT(str_sub(buf_str(&call->error_body), 0, 120)));
        give_up(item, text);
    } else {
        later(item);
    }
    item->delivery = delivery_free(delivery);
    async_queue_wake(queue);
}

void async_delivery_start(struct async_item *item)
{
    static const struct aws_call_ops ops = {.data = on_data, .done = on_done};
    struct async_delivery *delivery = calloc(1, sizeof(*delivery));
    int r = -ENOMEM;

    if (!delivery) {
        later(item);
        return;
    }
    delivery->item = item;
    delivery->answer.max = ANSWER_BYTES_MAX;
    delivery->call = (struct aws_call){.ops = &ops, .region = arn_part(item->event.target, 3)};
    if (delivery->call.region.len == 0) /* the ARN of a bucket has none */
        delivery->call.region = item->queue->id.region;
    if (!make(delivery)) {
        give_up(item, "it is no place that results can be sent to");
        (void)delivery_free(delivery);
        return;
    }
    delivery->call.path = buf_str(&delivery->path);
    delivery->call.body = buf_str(&delivery->body);
    delivery->call.headers = delivery->headers;
    if (!buf_failed(&delivery->path) && !buf_failed(&delivery->body))
        r = aws_call_start(item->queue->async->options.aws, &delivery->call);
    if (r == AWS_CALL_STARTED) {
        item->delivery = delivery;
        return;
    }
    if (r == AWS_CALL_UNKNOWN && item->event.waits == 0)
        (void)fprintf(stderr,
                      "results for %.*s wait: neither an endpoint nor AWS credentials are "
                      "configured for that service\n",
                      STR_FMT(item->event.target));
    (void)delivery_free(delivery);
    later(item);
}
