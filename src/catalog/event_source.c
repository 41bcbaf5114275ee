/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/event_source.h"

#include <errno.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/destination.h"
#include "catalog/event_pattern.h"

enum {
    FIFO_BATCH_MAX = 10,
    WINDOWLESS_BATCH_MAX = 10,
    RECORD_AGE_S_MIN = 60,
    POLLERS_MAX_DEFAULT = 200,
};

#define FIELD(tag, kind, member)                                                                   \
    {                                                                                              \
        tag, kind, offsetof(struct event_source_mapping, member)                                   \
    }

static const struct codec_field mapping_fields[] = {
    FIELD(1, CODEC_U32, kind),
    FIELD(2, CODEC_STR, source_arn),
    FIELD(3, CODEC_STR, function_name),
    FIELD(4, CODEC_STR, qualifier),
    FIELD(5, CODEC_U32, state),
    FIELD(6, CODEC_BOOL, is_disabled),
    FIELD(7, CODEC_STR, last_result),
    FIELD(8, CODEC_U64, last_modified_ms),
    FIELD(9, CODEC_U32, parameters),
    FIELD(10, CODEC_U32, batch_size),
    FIELD(11, CODEC_U32, window_s),
    FIELD(12, CODEC_U32, parallelization),
    FIELD(13, CODEC_U32, position),
    FIELD(14, CODEC_U64, timestamp_ms),
    FIELD(15, CODEC_STR, on_failure),
    FIELD(16, CODEC_U32, record_age_s),
    FIELD(17, CODEC_BOOL, bisects),
    FIELD(18, CODEC_U32, retries),
    FIELD(19, CODEC_U32, tumbling_s),
    FIELD(20, CODEC_LIST, topics),
    FIELD(21, CODEC_LIST, queues),
    FIELD(22, CODEC_PAIRS, access),
    FIELD(23, CODEC_LIST, bootstrap_servers),
    FIELD(24, CODEC_LIST, response_types),
    FIELD(25, CODEC_STR, consumer_group),
    FIELD(26, CODEC_STR, schema_registry),
    FIELD(27, CODEC_STR, schema_format),
    FIELD(28, CODEC_PAIRS, schema_access),
    FIELD(29, CODEC_LIST, schema_attributes),
    FIELD(30, CODEC_U32, concurrency),
    FIELD(31, CODEC_STR, database),
    FIELD(32, CODEC_STR, collection),
    FIELD(33, CODEC_STR, full_document),
    FIELD(34, CODEC_LIST, filters),
    FIELD(35, CODEC_STR, kms_key_arn),
    FIELD(36, CODEC_LIST, metrics),
    FIELD(37, CODEC_STR, log_level),
    FIELD(38, CODEC_U32, pollers_min),
    FIELD(39, CODEC_U32, pollers_max),
    FIELD(40, CODEC_STR, poller_group),
    FIELD(41, CODEC_PAIRS, tags),
};

struct str event_source_encode(struct arena *arena, const struct event_source_mapping *mapping)
{
    return codec_encode_in(arena, mapping_fields, array_count(mapping_fields), mapping);
}

int event_source_decode(struct str bytes, struct arena *arena,
                        struct event_source_mapping *ret_mapping)
{
    *ret_mapping = (struct event_source_mapping){0};
    return codec_decode(bytes, mapping_fields, array_count(mapping_fields), arena, ret_mapping);
}

/* ---- The kinds ---- */

enum {
    ALL_HAVE = EVENT_SOURCE_WINDOW | EVENT_SOURCE_METRICS,
    FILTERED = EVENT_SOURCE_FILTERS | EVENT_SOURCE_KMS_KEY,
    POSITIONED = EVENT_SOURCE_POSITION | EVENT_SOURCE_TIMESTAMP,
    RETRIED = EVENT_SOURCE_RECORD_AGE | EVENT_SOURCE_RETRIES | EVENT_SOURCE_BISECT |
              EVENT_SOURCE_RESPONSE_TYPES,
    QUEUE_HAS = ALL_HAVE | FILTERED | EVENT_SOURCE_RESPONSE_TYPES | EVENT_SOURCE_SCALING |
                EVENT_SOURCE_POLLERS | POSITIONED, /* refused in words of their own */
    STREAM_HAS = ALL_HAVE | FILTERED | POSITIONED | RETRIED | EVENT_SOURCE_PARALLELIZATION |
                 EVENT_SOURCE_TUMBLING | EVENT_SOURCE_ON_FAILURE,
    STREAM_SHOWS = EVENT_SOURCE_WINDOW | EVENT_SOURCE_POSITION | RETRIED |
                   EVENT_SOURCE_PARALLELIZATION | EVENT_SOURCE_TUMBLING | EVENT_SOURCE_ON_FAILURE,
    KAFKA_HAS = ALL_HAVE | FILTERED | POSITIONED | RETRIED | EVENT_SOURCE_TOPICS |
                EVENT_SOURCE_ACCESS | EVENT_SOURCE_ON_FAILURE | EVENT_SOURCE_LOGGING |
                EVENT_SOURCE_POLLERS,
};

struct kind_facts {
    uint32_t batch_size;
    uint32_t has;    /* parameters that it takes */
    uint32_t shows;  /* those that it always has */
    uint32_t needs;  /* those that have to be given */
    uint32_t polled; /* those that it takes only with pollers of its own */
    uint32_t pollers_min;
    const char *const *access; /* types of access, or NULL; ends with NULL */
    struct str document;       /* event_pattern_check() */
};

static const char *const kafka_access[] = {
    "BASIC_AUTH",
    "SASL_SCRAM_256_AUTH",
    "SASL_SCRAM_512_AUTH",
    "CLIENT_CERTIFICATE_TLS_AUTH",
    "SERVER_ROOT_CA_CERTIFICATE",
    "VPC_SUBNET",
    "VPC_SECURITY_GROUP",
    NULL,
};
static const char *const mq_access[] = {"BASIC_AUTH", "VIRTUAL_HOST", NULL};
static const char *const documentdb_access[] = {"BASIC_AUTH", NULL};

static const struct kind_facts kinds[EVENT_SOURCE_KINDS] = {
    [EVENT_SOURCE_QUEUE] =
        {
            .batch_size = 10,
            .has = QUEUE_HAS,
            .shows = EVENT_SOURCE_WINDOW | EVENT_SOURCE_RESPONSE_TYPES,
            .pollers_min = 2,
        },
    [EVENT_SOURCE_QUEUE_FIFO] =
        {
            .batch_size = 10,
            .has = QUEUE_HAS,
            .shows = EVENT_SOURCE_WINDOW | EVENT_SOURCE_RESPONSE_TYPES,
            .pollers_min = 2,
        },
    [EVENT_SOURCE_KINESIS] =
        {
            .batch_size = 100,
            .has = STREAM_HAS,
            .shows = STREAM_SHOWS,
            .document = STR_INIT("data"),
        },
    [EVENT_SOURCE_DYNAMODB] =
        {
            .batch_size = 100,
            .has = STREAM_HAS,
            .shows = STREAM_SHOWS,
        },
    [EVENT_SOURCE_MSK] =
        {
            .batch_size = 100,
            .has = KAFKA_HAS | EVENT_SOURCE_MSK_CONFIG,
            .shows = EVENT_SOURCE_POSITION | EVENT_SOURCE_MSK_CONFIG,
            .needs = EVENT_SOURCE_TOPICS,
            .polled = RETRIED,
            .pollers_min = 1,
            .access = kafka_access,
        },
    [EVENT_SOURCE_KAFKA] =
        {
            .batch_size = 100,
            .has = KAFKA_HAS | EVENT_SOURCE_SELF_MANAGED | EVENT_SOURCE_KAFKA_CONFIG,
            .shows = EVENT_SOURCE_POSITION | EVENT_SOURCE_KAFKA_CONFIG,
            .needs = EVENT_SOURCE_ACCESS | EVENT_SOURCE_TOPICS | EVENT_SOURCE_SELF_MANAGED,
            .polled = RETRIED,
            .pollers_min = 1,
            .access = kafka_access,
        },
    [EVENT_SOURCE_MQ] =
        {
            .batch_size = 100,
            .has = ALL_HAVE | FILTERED | EVENT_SOURCE_QUEUES | EVENT_SOURCE_ACCESS,
            .needs = EVENT_SOURCE_QUEUES | EVENT_SOURCE_ACCESS,
            .access = mq_access,
        },
    [EVENT_SOURCE_DOCUMENTDB] =
        {
            .batch_size = 100,
            .has = ALL_HAVE | POSITIONED | EVENT_SOURCE_DOCUMENTDB_CONFIG | EVENT_SOURCE_ACCESS,
            .shows = EVENT_SOURCE_WINDOW | EVENT_SOURCE_POSITION,
            .needs = EVENT_SOURCE_DOCUMENTDB_CONFIG | EVENT_SOURCE_ACCESS,
            .access = documentdb_access,
        },
};

static const struct {
    enum event_source_parameter parameter;
    const char *name;
} parameter_names[] = {
    {EVENT_SOURCE_WINDOW, "maximumBatchingWindowInSeconds"},
    {EVENT_SOURCE_PARALLELIZATION, "parallelizationFactor"},
    {EVENT_SOURCE_POSITION, "startingPosition"},
    {EVENT_SOURCE_TIMESTAMP, "startingPositionTimestamp"},
    {EVENT_SOURCE_ON_FAILURE, "destinationConfig"},
    {EVENT_SOURCE_ON_SUCCESS, "destinationConfig"},
    {EVENT_SOURCE_RECORD_AGE, "maximumRecordAgeInSeconds"},
    {EVENT_SOURCE_BISECT, "bisectBatchOnFunctionError"},
    {EVENT_SOURCE_RETRIES, "maximumRetryAttempts"},
    {EVENT_SOURCE_TUMBLING, "tumblingWindowInSeconds"},
    {EVENT_SOURCE_TOPICS, "topics"},
    {EVENT_SOURCE_QUEUES, "queues"},
    {EVENT_SOURCE_ACCESS, "sourceAccessConfigurations"},
    {EVENT_SOURCE_SELF_MANAGED, "selfManagedEventSource"},
    {EVENT_SOURCE_RESPONSE_TYPES, "functionResponseTypes"},
    {EVENT_SOURCE_MSK_CONFIG, "amazonManagedKafkaEventSourceConfig"},
    {EVENT_SOURCE_KAFKA_CONFIG, "selfManagedKafkaEventSourceConfig"},
    {EVENT_SOURCE_SCALING, "scalingConfig"},
    {EVENT_SOURCE_DOCUMENTDB_CONFIG, "documentDBEventSourceConfig"},
    {EVENT_SOURCE_FILTERS, "filterCriteria"},
    {EVENT_SOURCE_KMS_KEY, "kmsKeyArn"},
    {EVENT_SOURCE_METRICS, "metricsConfig"},
    {EVENT_SOURCE_LOGGING, "loggingConfig"},
    {EVENT_SOURCE_POLLERS, "provisionedPollerConfig"},
};

const char *event_source_parameter_name(enum event_source_parameter parameter)
{
    size_t i = 0;

    while (parameter_names[i].parameter != parameter)
        i++;
    return parameter_names[i].name;
}

/* arn:partition:service:region:account:resource */
static const struct {
    struct str service;
    struct str resource; /* how it begins */
    enum event_source_kind kind;
} arn_kinds[] = {
    {STR_INIT("sqs"), STR_INIT(""), EVENT_SOURCE_QUEUE},
    {STR_INIT("kinesis"), STR_INIT("stream/"), EVENT_SOURCE_KINESIS},
    {STR_INIT("dynamodb"), STR_INIT("table/"), EVENT_SOURCE_DYNAMODB},
    {STR_INIT("kafka"), STR_INIT("cluster/"), EVENT_SOURCE_MSK},
    {STR_INIT("kafka"), STR_INIT("vpc-connection/"), EVENT_SOURCE_MSK},
    {STR_INIT("mq"), STR_INIT("broker:"), EVENT_SOURCE_MQ},
    {STR_INIT("rds"), STR_INIT("cluster:"), EVENT_SOURCE_DOCUMENTDB},
};

/* A table is no source, its stream is. */
static bool has_stream(struct str resource)
{
    struct str part;
    size_t parts = 0;
    bool is_stream = false;

    while (str_next(&resource, '/', &part)) {
        if (++parts == 3)
            is_stream = str_eq(part, STR("stream"));
    }
    return parts >= 4 && is_stream;
}

bool event_source_kind_of(struct str arn, enum event_source_kind *ret_kind)
{
    struct str service = STR_NONE, part;

    for (size_t i = 0; i < 5; i++) {
        if (!str_next(&arn, ':', &part))
            return false;
        if (i == 2)
            service = part;
    }
    for (size_t i = 0; i < array_count(arn_kinds); i++) {
        if (!str_eq(service, arn_kinds[i].service) || arn.len <= arn_kinds[i].resource.len ||
            !str_starts_with(arn, arn_kinds[i].resource))
            continue;
        *ret_kind = arn_kinds[i].kind;
        if (*ret_kind == EVENT_SOURCE_QUEUE && str_ends_with(arn, STR(".fifo")))
            *ret_kind = EVENT_SOURCE_QUEUE_FIFO;
        return *ret_kind != EVENT_SOURCE_DYNAMODB || has_stream(arn);
    }
    return false;
}

bool event_source_is_stream(enum event_source_kind kind)
{
    return kind == EVENT_SOURCE_KINESIS || kind == EVENT_SOURCE_DYNAMODB;
}

bool event_source_is_kafka(enum event_source_kind kind)
{
    return kind == EVENT_SOURCE_MSK || kind == EVENT_SOURCE_KAFKA;
}

static bool is_queue(enum event_source_kind kind)
{
    return kind == EVENT_SOURCE_QUEUE || kind == EVENT_SOURCE_QUEUE_FIFO;
}

void event_source_fill(struct event_source_mapping *mapping, enum event_source_kind kind)
{
    mapping->kind = kind;
    mapping->parameters = kinds[kind].shows;
    mapping->batch_size = kinds[kind].batch_size;
    mapping->parallelization = 1;
    mapping->record_age_s = EVENT_SOURCE_UNLIMITED;
    mapping->retries = EVENT_SOURCE_UNLIMITED;
    mapping->full_document = STR("Default");
    mapping->pollers_min = kinds[kind].pollers_min;
    mapping->pollers_max = POLLERS_MAX_DEFAULT;
    if (kind == EVENT_SOURCE_KAFKA)
        mapping->position = EVENT_SOURCE_TRIM_HORIZON;
    if (kind == EVENT_SOURCE_DOCUMENTDB)
        mapping->position = EVENT_SOURCE_LATEST;
}

/* ---- Judgement ---- */

static enum event_source_parameter first_of(uint32_t parameters)
{
    return (enum event_source_parameter)(parameters & -parameters);
}

static enum event_source_refusal judge_parameters(const struct event_source_mapping *mapping,
                                                  uint32_t asked,
                                                  struct event_source_verdict *verdict)
{
    const struct kind_facts *facts = &kinds[mapping->kind];
    uint32_t refused = asked & ~facts->has;
    uint32_t missing = facts->needs & ~mapping->parameters;

    if (!(mapping->parameters & EVENT_SOURCE_POLLERS))
        refused |= asked & facts->polled;
    verdict->parameter = first_of(refused ? refused : missing);
    if (refused)
        return EVENT_SOURCE_UNSUPPORTED;
    return missing ? EVENT_SOURCE_MISSING : EVENT_SOURCE_FINE;
}

static enum event_source_refusal judge_position(const struct event_source_mapping *mapping,
                                                uint32_t asked, uint64_t now_ms)
{
    if (is_queue(mapping->kind))
        return asked & POSITIONED ? EVENT_SOURCE_QUEUE_POSITION : EVENT_SOURCE_FINE;
    if (!(kinds[mapping->kind].shows & EVENT_SOURCE_POSITION))
        return EVENT_SOURCE_FINE;
    if (mapping->position == EVENT_SOURCE_NO_POSITION)
        return EVENT_SOURCE_MISSING_POSITION;
    if (mapping->position != EVENT_SOURCE_AT_TIMESTAMP)
        return EVENT_SOURCE_FINE;
    if (mapping->kind == EVENT_SOURCE_DYNAMODB)
        return EVENT_SOURCE_UNSUPPORTED_POSITION;
    if (!(mapping->parameters & EVENT_SOURCE_TIMESTAMP))
        return EVENT_SOURCE_MISSING_TIMESTAMP;
    return mapping->timestamp_ms > now_ms ? EVENT_SOURCE_FUTURE_TIMESTAMP : EVENT_SOURCE_FINE;
}

static enum event_source_refusal judge_batch(const struct event_source_mapping *mapping)
{
    if (mapping->kind == EVENT_SOURCE_QUEUE_FIFO && mapping->window_s > 0)
        return EVENT_SOURCE_FIFO_WINDOW;
    if (mapping->kind == EVENT_SOURCE_QUEUE_FIFO && mapping->batch_size > FIFO_BATCH_MAX)
        return EVENT_SOURCE_FIFO_BATCH;
    if (mapping->kind == EVENT_SOURCE_QUEUE && mapping->batch_size > WINDOWLESS_BATCH_MAX &&
        mapping->window_s == 0)
        return EVENT_SOURCE_BATCH_WITHOUT_WINDOW;
    return EVENT_SOURCE_FINE;
}

static bool destination_is_good(const struct event_source_mapping *mapping)
{
    struct destination destination;

    if (!str_is_set(mapping->on_failure))
        return true;
    if (str_starts_with(mapping->on_failure, STR("kafka://")))
        return event_source_is_kafka(mapping->kind) && (mapping->parameters & EVENT_SOURCE_POLLERS);
    destination = destination_parse(mapping->on_failure);
    return destination.kind == DESTINATION_QUEUE || destination.kind == DESTINATION_TOPIC ||
           destination.kind == DESTINATION_BUCKET;
}

static enum event_source_refusal judge_failures(const struct event_source_mapping *mapping)
{
    if (mapping->record_age_s < RECORD_AGE_S_MIN)
        return EVENT_SOURCE_BAD_RECORD_AGE;
    return destination_is_good(mapping) ? EVENT_SOURCE_FINE : EVENT_SOURCE_BAD_DESTINATION;
}

static bool is_one_of(struct str text, const char *const *names)
{
    for (; names && *names; names++)
        if (str_eq(text, str_of(*names)))
            return true;
    return false;
}

static enum event_source_refusal judge_access(const struct event_source_mapping *mapping,
                                              struct event_source_verdict *verdict)
{
    for (size_t i = 0; i < mapping->access.count; i++) {
        verdict->value = mapping->access.ptr[i].name;
        if (!is_one_of(verdict->value, kinds[mapping->kind].access))
            return EVENT_SOURCE_BAD_ACCESS;
    }
    return EVENT_SOURCE_FINE;
}

static enum event_source_refusal judge_metrics(const struct event_source_mapping *mapping,
                                               struct event_source_verdict *verdict)
{
    for (size_t i = 0; i < mapping->metrics.count; i++) {
        verdict->value = mapping->metrics.ptr[i];
        if (!event_source_is_kafka(mapping->kind) && !str_eq(verdict->value, STR("EventCount")))
            return EVENT_SOURCE_BAD_METRIC;
    }
    return EVENT_SOURCE_FINE;
}

static enum event_source_refusal judge_pollers(const struct event_source_mapping *mapping)
{
    if (!(mapping->parameters & EVENT_SOURCE_POLLERS))
        return EVENT_SOURCE_FINE;
    if (mapping->parameters & EVENT_SOURCE_SCALING)
        return EVENT_SOURCE_POLLERS_AND_SCALING;
    return mapping->pollers_min > mapping->pollers_max ||
                   mapping->pollers_min < kinds[mapping->kind].pollers_min
               ? EVENT_SOURCE_BAD_POLLERS
               : EVENT_SOURCE_FINE;
}

static int judge_filters(const struct event_source_mapping *mapping,
                         enum event_source_refusal *ret_refusal)
{
    *ret_refusal = EVENT_SOURCE_FINE;
    if (mapping->filters.count > LIMIT_FILTERS_PER_MAPPING)
        *ret_refusal = EVENT_SOURCE_TOO_MANY_FILTERS;
    for (size_t i = 0; i < mapping->filters.count; i++) {
        int r = event_pattern_check(mapping->filters.ptr[i], kinds[mapping->kind].document);

        if (r == -EINVAL)
            *ret_refusal = EVENT_SOURCE_BAD_FILTER;
        else if (r < 0)
            return err_pass(r);
    }
    return 0;
}

int event_source_judge(const struct event_source_mapping *mapping, uint32_t asked, uint64_t now_ms,
                       struct event_source_verdict *ret_verdict)
{
    struct event_source_verdict *verdict = ret_verdict;

    *verdict = (struct event_source_verdict){.refusal = EVENT_SOURCE_FINE};
    verdict->refusal = judge_parameters(mapping, asked, verdict);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        verdict->refusal = judge_position(mapping, asked, now_ms);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        verdict->refusal = judge_batch(mapping);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        verdict->refusal = judge_failures(mapping);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        verdict->refusal = judge_access(mapping, verdict);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        verdict->refusal = judge_metrics(mapping, verdict);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        verdict->refusal = judge_pollers(mapping);
    if (verdict->refusal == EVENT_SOURCE_FINE)
        return judge_filters(mapping, &verdict->refusal);
    return 0;
}
