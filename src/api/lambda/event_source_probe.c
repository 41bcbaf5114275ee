/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/event_source_probe.h"

#include <errno.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "catalog/event_source.h"

enum { ANSWER_BYTES_MAX = 1024 * 1024 };

/* How each service is asked. */
static const struct question {
    enum event_source_kind kind;
    enum aws_service service;
    struct str target;       /* X-Amz-Target */
    struct str content_type; /* the version of the protocol */
} questions[] = {
    {EVENT_SOURCE_QUEUE, AWS_SQS, STR_INIT("AmazonSQS.GetQueueAttributes"),
     STR_INIT("application/x-amz-json-1.0")},
    {EVENT_SOURCE_QUEUE_FIFO, AWS_SQS, STR_INIT("AmazonSQS.GetQueueAttributes"),
     STR_INIT("application/x-amz-json-1.0")},
    {EVENT_SOURCE_KINESIS, AWS_KINESIS, STR_INIT("Kinesis_20131202.DescribeStreamSummary"),
     STR_INIT("application/x-amz-json-1.1")},
    {EVENT_SOURCE_DYNAMODB, AWS_DYNAMODB_STREAMS,
     STR_INIT("DynamoDBStreams_20120810.DescribeStream"), STR_INIT("application/x-amz-json-1.0")},
};

/* How the services name what is not there. */
static const struct str absences[] = {
    STR_INIT("QueueDoesNotExist"),
    STR_INIT("AWS.SimpleQueueService.NonExistentQueue"),
    STR_INIT("ResourceNotFoundException"),
};

/* The parts of "arn:aws:sqs:region:account:name". */
struct source {
    struct str region;
    struct str account;
    struct str resource;
};

static struct source source_of(struct str arn)
{
    struct source source;
    struct str part;

    for (size_t i = 0; i < 3; i++)
        (void)str_next(&arn, ':', &part);
    (void)str_next(&arn, ':', &source.region);
    (void)str_next(&arn, ':', &source.account);
    source.resource = arn;
    return source;
}

/* "stream/name/consumer/…": the stream's own ARN ends before the consumer. */
static struct str stream_arn(const struct event_source_mapping *mapping)
{
    struct str arn = mapping->source_arn;
    size_t slash = str_find(arn, '/');
    size_t end = slash + 1 + str_find(str_sub(arn, slash + 1, arn.len), '/');

    return mapping->kind == EVENT_SOURCE_KINESIS ? str_sub(arn, 0, end) : arn;
}

static void write_queue(struct json_writer *json, const struct source *source, struct arena *arena)
{
    struct str url =
        arena_printf(arena, "https://sqs.%.*s.amazonaws.com/%.*s/%.*s", STR_FMT(source->region),
                     STR_FMT(source->account), STR_FMT(source->resource));

    json_write_member(json, STR("QueueUrl"), url);
    json_write_key(json, STR("AttributeNames"));
    json_write_array_begin(json);
    json_write_str(json, STR("VisibilityTimeout"));
    json_write_array_end(json);
}

static struct str body_make(const struct event_source_mapping *mapping, const struct source *source,
                            struct arena *arena)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    struct json_writer json;

    json_writer_init(&json, &text);
    json_write_object_begin(&json);
    if (event_source_is_stream(mapping->kind))
        json_write_member(
            &json, mapping->kind == EVENT_SOURCE_KINESIS ? STR("StreamARN") : STR("StreamArn"),
            stream_arn(mapping));
    else
        write_queue(&json, source, arena);
    json_write_object_end(&json);
    return buf_failed(&text) ? STR_NONE : arena_str(arena, buf_str(&text));
}

static struct event_source_probe *probe_of(struct aws_call *call)
{
    return container_of(call, struct event_source_probe, call);
}

static int on_data(struct aws_call *call, struct str bytes)
{
    int r = buf_append_str(&probe_of(call)->answer, bytes);

    return r < 0 ? err_pass(r) : AWS_DATA_TAKEN;
}

static void read_visibility(struct event_source_probe *probe)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct str text;

    if (json_doc_load(&doc, buf_str(&probe->answer), NULL) < 0)
        return;
    text = json_doc_str(json_doc_object(doc, "Attributes"), "VisibilityTimeout");
    probe->has_visibility = str_is_set(text) && str_to_u64(text, &probe->visibility_s);
}

/* {"__type": "com.amazonaws.sqs#QueueDoesNotExist", …} */
static int read_error(const struct aws_call *call)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct str type;
    size_t hash;

    if (json_doc_load(&doc, buf_str(&call->error_body), NULL) < 0)
        return EVENT_SOURCE_THERE;
    type = json_doc_str(doc, "__type");
    hash = str_find(type, '#');
    if (hash < type.len)
        type = str_sub(type, hash + 1, type.len);
    for (size_t i = 0; i < array_count(absences); i++)
        if (str_eq(type, absences[i]))
            return EVENT_SOURCE_NOT_THERE;
    return str_starts_with(type, STR("AccessDenied")) ? EVENT_SOURCE_FORBIDDEN : EVENT_SOURCE_THERE;
}

static void on_done(struct aws_call *call, int outcome)
{
    struct event_source_probe *probe = probe_of(call);
    int r = EVENT_SOURCE_THERE;

    if (outcome == AWS_CALL_ANSWERED && call->status / 100 == 2)
        read_visibility(probe);
    else if (outcome == AWS_CALL_ANSWERED)
        r = read_error(call);
    buf_deinit(&probe->answer);
    probe->on_done(probe, r);
}

static const struct aws_call_ops ops = {.data = on_data, .done = on_done};

static const struct question *question_of(const struct event_source_mapping *mapping)
{
    for (size_t i = 0; i < array_count(questions); i++)
        if (questions[i].kind == mapping->kind)
            return &questions[i];
    return NULL;
}

int event_source_probe_start(struct event_source_probe *probe, struct aws_client *client,
                             const struct event_source_mapping *mapping, struct arena *arena)
{
    const struct question *question = question_of(mapping);
    struct source source;
    int r;

    if (!question)
        return EVENT_SOURCE_THERE;
    source = source_of(mapping->source_arn);
    probe->answer = (struct buf){.max = ANSWER_BYTES_MAX};
    probe->has_visibility = false;
    probe->headers[0] = (struct aws_header){STR("content-type"), question->content_type};
    probe->headers[1] = (struct aws_header){STR("x-amz-target"), question->target};
    probe->call = (struct aws_call){
        .service = question->service,
        .region = source.region,
        .method = "POST",
        .path = STR("/"),
        .headers = probe->headers,
        .header_count = array_count(probe->headers),
        .body = body_make(mapping, &source, arena),
        .ops = &ops,
    };
    if (!str_is_set(probe->call.body))
        return err_new(-ENOMEM);
    r = aws_call_start(client, &probe->call);
    if (r < 0)
        return err_pass(r);
    return r == AWS_CALL_STARTED ? EVENT_SOURCE_PROBING : EVENT_SOURCE_THERE;
}
