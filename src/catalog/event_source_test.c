/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/event_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"

#define SQS "arn:aws:sqs:us-east-1:000000000000:"
#define KINESIS "arn:aws:kinesis:us-east-1:000000000000:"
#define DYNAMODB "arn:aws:dynamodb:us-east-1:000000000000:"

enum { NO_KIND = EVENT_SOURCE_KINDS, NOW_MS = 1000 };

static const struct {
    const char *arn;
    unsigned kind;
} arns[] = {
    {SQS "orders", EVENT_SOURCE_QUEUE},
    {SQS "orders.fifo", EVENT_SOURCE_QUEUE_FIFO},
    {SQS, NO_KIND},
    {KINESIS "stream/clicks", EVENT_SOURCE_KINESIS},
    {KINESIS "stream/clicks/consumer/c:1", EVENT_SOURCE_KINESIS},
    {KINESIS "stream/", NO_KIND},
    {KINESIS "clicks", NO_KIND},
    {DYNAMODB "table/t/stream/2025-02-22T03:03:25.490", EVENT_SOURCE_DYNAMODB},
    {DYNAMODB "table/t", NO_KIND},
    {DYNAMODB "table/t/index/i", NO_KIND},
    {"arn:aws-cn:kafka:cn-north-1:000000000000:cluster/c/u-1", EVENT_SOURCE_MSK},
    {"arn:aws:kafka:us-east-1:000000000000:vpc-connection/0/c/u-1", EVENT_SOURCE_MSK},
    {"arn:aws:mq:us-east-1:000000000000:broker:b:b-u", EVENT_SOURCE_MQ},
    {"arn:aws:rds:us-east-1:000000000000:cluster:docs", EVENT_SOURCE_DOCUMENTDB},
    {"arn:aws:rds:us-east-1:000000000000:db:docs", NO_KIND},
    {"arn:aws:s3:::bucket", NO_KIND},
    {"arn:aws:sqs", NO_KIND},
    {"", NO_KIND},
};

static void test_kind_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(arns); i++) {
        enum event_source_kind kind;
        unsigned found = event_source_kind_of(str_of(arns[i].arn), &kind) ? kind : NO_KIND;

        if (found != arns[i].kind)
            fail_msg("%s: %u instead of %u", arns[i].arn, found, arns[i].kind);
    }
}

static void test_row(void **state)
{
    static const struct codec_pair access[] = {
        {STR_INIT("VPC_SUBNET"), STR_INIT("subnet:b")},
        {STR_INIT("VPC_SUBNET"), STR_INIT("subnet:a")},
        {STR_INIT("BASIC_AUTH"), STR_INIT("secret")},
    };
    static const struct str topics[] = {STR_INIT("events")};
    struct event_source_mapping mapping = {.function_name = STR("f")}, again;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    event_source_fill(&mapping, EVENT_SOURCE_KAFKA);
    mapping.state = EVENT_SOURCE_DISABLING;
    mapping.is_disabled = true;
    mapping.access = (struct codec_pairs){access, array_count(access)};
    mapping.topics = (struct codec_list){topics, array_count(topics)};
    assert_int_equal(event_source_decode(event_source_encode(&arena, &mapping), &arena, &again), 0);
    assert_int_equal(again.kind, EVENT_SOURCE_KAFKA);
    assert_int_equal(again.state, EVENT_SOURCE_DISABLING);
    assert_true(again.is_disabled);
    assert_int_equal(again.retries, EVENT_SOURCE_UNLIMITED);
    assert_int_equal(again.parameters, mapping.parameters);
    assert_false(str_is_set(again.qualifier));
    assert_false(str_is_set(again.source_arn));
    assert_int_equal(again.topics.count, 1);
    assert_int_equal(again.access.count, array_count(access));
    for (size_t i = 0; i < array_count(access); i++)
        assert_true(str_eq(again.access.ptr[i].value, access[i].value)); /* in the order given */
    arena_deinit(&arena);
}

/* What a mapping of that kind has when everything is as it may be. */
static struct event_source_mapping good(enum event_source_kind kind)
{
    static const struct str name[] = {STR_INIT("name")};
    static const struct codec_pair access[] = {{STR_INIT("BASIC_AUTH"), STR_INIT("secret")}};
    struct event_source_mapping mapping = {.function_name = STR("f")};

    event_source_fill(&mapping, kind);
    mapping.parameters |= EVENT_SOURCE_SELF_MANAGED | EVENT_SOURCE_TOPICS | EVENT_SOURCE_QUEUES |
                          EVENT_SOURCE_ACCESS | EVENT_SOURCE_DOCUMENTDB_CONFIG;
    mapping.topics = mapping.queues = mapping.bootstrap_servers = (struct codec_list){name, 1};
    if (kind >= EVENT_SOURCE_MSK)
        mapping.access = (struct codec_pairs){access, 1};
    if (mapping.position == EVENT_SOURCE_NO_POSITION)
        mapping.position = EVENT_SOURCE_LATEST;
    return mapping;
}

static void expect(const struct event_source_mapping *mapping, uint32_t asked,
                   enum event_source_refusal refusal)
{
    struct event_source_verdict verdict;

    assert_int_equal(event_source_judge(mapping, asked, NOW_MS, &verdict), 0);
    if (verdict.refusal != refusal)
        fail_msg("kind %u, asked %x: %u instead of %u", mapping->kind, asked, verdict.refusal,
                 refusal);
    if (refusal == EVENT_SOURCE_UNSUPPORTED)
        assert_true((asked & verdict.parameter) != 0);
}

static void test_defaults_are_good(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < EVENT_SOURCE_KINDS; kind++) {
        struct event_source_mapping mapping = good(kind);

        expect(&mapping, 0, EVENT_SOURCE_FINE);
        expect(&mapping, EVENT_SOURCE_WINDOW | EVENT_SOURCE_METRICS, EVENT_SOURCE_FINE);
        expect(&mapping, EVENT_SOURCE_ON_SUCCESS, EVENT_SOURCE_UNSUPPORTED);
    }
}

static void test_parameters_have_names(void **state)
{
    (void)state;
    for (unsigned bit = EVENT_SOURCE_WINDOW; bit <= EVENT_SOURCE_POLLERS; bit <<= 1)
        assert_non_null(event_source_parameter_name(bit));
}

static void test_parameters(void **state)
{
    static const struct {
        enum event_source_parameter parameter;
        unsigned kinds; /* bits: those that take it without pollers */
    } taken[] = {
        {EVENT_SOURCE_PARALLELIZATION, 1 << EVENT_SOURCE_KINESIS | 1 << EVENT_SOURCE_DYNAMODB},
        {EVENT_SOURCE_TUMBLING, 1 << EVENT_SOURCE_KINESIS | 1 << EVENT_SOURCE_DYNAMODB},
        {EVENT_SOURCE_RETRIES, 1 << EVENT_SOURCE_KINESIS | 1 << EVENT_SOURCE_DYNAMODB},
        {EVENT_SOURCE_BISECT, 1 << EVENT_SOURCE_KINESIS | 1 << EVENT_SOURCE_DYNAMODB},
        {EVENT_SOURCE_SCALING, 1 << EVENT_SOURCE_QUEUE | 1 << EVENT_SOURCE_QUEUE_FIFO},
        {EVENT_SOURCE_TOPICS, 1 << EVENT_SOURCE_MSK | 1 << EVENT_SOURCE_KAFKA},
        {EVENT_SOURCE_LOGGING, 1 << EVENT_SOURCE_MSK | 1 << EVENT_SOURCE_KAFKA},
        {EVENT_SOURCE_SELF_MANAGED, 1 << EVENT_SOURCE_KAFKA},
        {EVENT_SOURCE_QUEUES, 1 << EVENT_SOURCE_MQ},
        {EVENT_SOURCE_DOCUMENTDB_CONFIG, 1 << EVENT_SOURCE_DOCUMENTDB},
        {EVENT_SOURCE_FILTERS, (1 << EVENT_SOURCE_DOCUMENTDB) - 1},
        {EVENT_SOURCE_KMS_KEY, (1 << EVENT_SOURCE_DOCUMENTDB) - 1},
    };

    (void)state;
    for (size_t i = 0; i < array_count(taken); i++)
        for (unsigned kind = 0; kind < EVENT_SOURCE_KINDS; kind++) {
            struct event_source_mapping mapping = good(kind);

            expect(&mapping, taken[i].parameter,
                   taken[i].kinds & 1U << kind ? EVENT_SOURCE_FINE : EVENT_SOURCE_UNSUPPORTED);
        }
}

static void test_pollers(void **state)
{
    struct event_source_mapping mapping = good(EVENT_SOURCE_MSK);

    (void)state;
    mapping.retries = 3;
    expect(&mapping, EVENT_SOURCE_RETRIES, EVENT_SOURCE_UNSUPPORTED);
    mapping.parameters |= EVENT_SOURCE_POLLERS;
    expect(&mapping, EVENT_SOURCE_RETRIES, EVENT_SOURCE_FINE);
    mapping.pollers_max = mapping.pollers_min;
    expect(&mapping, EVENT_SOURCE_POLLERS, EVENT_SOURCE_FINE);
    mapping.pollers_min++;
    expect(&mapping, EVENT_SOURCE_POLLERS, EVENT_SOURCE_BAD_POLLERS);
    mapping = good(EVENT_SOURCE_QUEUE);
    mapping.parameters |= EVENT_SOURCE_POLLERS | EVENT_SOURCE_SCALING;
    expect(&mapping, EVENT_SOURCE_SCALING, EVENT_SOURCE_POLLERS_AND_SCALING);
}

static void test_positions(void **state)
{
    struct event_source_mapping mapping = good(EVENT_SOURCE_KINESIS);

    (void)state;
    mapping.position = EVENT_SOURCE_NO_POSITION;
    expect(&mapping, 0, EVENT_SOURCE_MISSING_POSITION);
    mapping.position = EVENT_SOURCE_AT_TIMESTAMP;
    expect(&mapping, EVENT_SOURCE_POSITION, EVENT_SOURCE_MISSING_TIMESTAMP);
    mapping.parameters |= EVENT_SOURCE_TIMESTAMP;
    mapping.timestamp_ms = NOW_MS;
    expect(&mapping, EVENT_SOURCE_TIMESTAMP, EVENT_SOURCE_FINE);
    mapping.timestamp_ms = NOW_MS + 1;
    expect(&mapping, EVENT_SOURCE_TIMESTAMP, EVENT_SOURCE_FUTURE_TIMESTAMP);
    mapping.kind = EVENT_SOURCE_DYNAMODB;
    expect(&mapping, EVENT_SOURCE_TIMESTAMP, EVENT_SOURCE_UNSUPPORTED_POSITION);
    mapping = good(EVENT_SOURCE_QUEUE);
    expect(&mapping, EVENT_SOURCE_POSITION, EVENT_SOURCE_QUEUE_POSITION);
}

static void test_batches(void **state)
{
    struct event_source_mapping mapping = good(EVENT_SOURCE_QUEUE);

    (void)state;
    mapping.batch_size = 11;
    expect(&mapping, 0, EVENT_SOURCE_BATCH_WITHOUT_WINDOW);
    mapping.window_s = 1;
    expect(&mapping, 0, EVENT_SOURCE_FINE);
    mapping.kind = EVENT_SOURCE_QUEUE_FIFO;
    expect(&mapping, 0, EVENT_SOURCE_FIFO_WINDOW);
    mapping.window_s = 0;
    expect(&mapping, 0, EVENT_SOURCE_FIFO_BATCH);
}

static void test_failures(void **state)
{
    struct event_source_mapping mapping = good(EVENT_SOURCE_KINESIS);

    (void)state;
    mapping.record_age_s = 59;
    expect(&mapping, 0, EVENT_SOURCE_BAD_RECORD_AGE);
    mapping.record_age_s = 60;
    expect(&mapping, 0, EVENT_SOURCE_FINE);
    mapping.on_failure = STR("arn:aws:s3:::bucket");
    expect(&mapping, EVENT_SOURCE_ON_FAILURE, EVENT_SOURCE_FINE);
    mapping.on_failure = STR(SQS "dead.fifo");
    expect(&mapping, EVENT_SOURCE_ON_FAILURE, EVENT_SOURCE_BAD_DESTINATION);
    mapping = good(EVENT_SOURCE_KAFKA);
    mapping.on_failure = STR("kafka://failed");
    expect(&mapping, EVENT_SOURCE_ON_FAILURE, EVENT_SOURCE_BAD_DESTINATION);
    mapping.parameters |= EVENT_SOURCE_POLLERS;
    expect(&mapping, EVENT_SOURCE_ON_FAILURE, EVENT_SOURCE_FINE);
}

static void test_filters(void **state)
{
    static const struct str patterns[] = {STR_INIT("{\"data\": [\"text\"]}"),
                                          STR_INIT("{\"a\": [1]}"), STR_INIT("{}")};
    struct event_source_mapping mapping = good(EVENT_SOURCE_QUEUE);

    (void)state;
    mapping.filters = (struct codec_list){patterns, 2};
    expect(&mapping, EVENT_SOURCE_FILTERS, EVENT_SOURCE_FINE);
    mapping.filters.count = 3;
    expect(&mapping, EVENT_SOURCE_FILTERS, EVENT_SOURCE_BAD_FILTER);
    mapping = good(EVENT_SOURCE_KINESIS);
    mapping.filters = (struct codec_list){patterns, 1};
    expect(&mapping, EVENT_SOURCE_FILTERS, EVENT_SOURCE_BAD_FILTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind_of),           cmocka_unit_test(test_row),
        cmocka_unit_test(test_defaults_are_good), cmocka_unit_test(test_parameters_have_names),
        cmocka_unit_test(test_parameters),        cmocka_unit_test(test_pollers),
        cmocka_unit_test(test_positions),         cmocka_unit_test(test_batches),
        cmocka_unit_test(test_failures),          cmocka_unit_test(test_filters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
