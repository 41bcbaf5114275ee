/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Event source mappings: which function gets what a queue, a stream or a topic holds, and how. A
 * mapping is a row of its own (catalog/resource.h), named by its UUID. This file is pure: the row,
 * what each kind of source allows and takes for granted, and the judgement of settings.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "catalog/codec.h"

struct arena;

enum event_source_kind {
    EVENT_SOURCE_QUEUE,
    EVENT_SOURCE_QUEUE_FIFO,
    EVENT_SOURCE_KINESIS,
    EVENT_SOURCE_DYNAMODB,
    EVENT_SOURCE_MSK,
    EVENT_SOURCE_KAFKA, /* self-managed */
    EVENT_SOURCE_MQ,
    EVENT_SOURCE_DOCUMENTDB,
    EVENT_SOURCE_KINDS,
};

/*
 * The transient ones end by themselves (event_source_mapping.h):
 *
 *   CREATING, ENABLING, UPDATING ─► ENABLED, or DISABLED when it is not to be enabled
 *   DISABLING ─► DISABLED         DELETING ─► the row is gone
 */
enum event_source_state {
    EVENT_SOURCE_ENABLED,
    EVENT_SOURCE_DISABLED,
    EVENT_SOURCE_CREATING,
    EVENT_SOURCE_ENABLING,
    EVENT_SOURCE_UPDATING,
    EVENT_SOURCE_DISABLING,
    EVENT_SOURCE_DELETING,
};

enum event_source_position {
    EVENT_SOURCE_NO_POSITION,
    EVENT_SOURCE_LATEST,
    EVENT_SOURCE_TRIM_HORIZON,
    EVENT_SOURCE_AT_TIMESTAMP,
};

/* What not every kind of source has. */
enum event_source_parameter {
    EVENT_SOURCE_WINDOW = 1 << 0,
    EVENT_SOURCE_PARALLELIZATION = 1 << 1,
    EVENT_SOURCE_POSITION = 1 << 2,
    EVENT_SOURCE_TIMESTAMP = 1 << 3,
    EVENT_SOURCE_ON_FAILURE = 1 << 4,
    EVENT_SOURCE_ON_SUCCESS = 1 << 5, /* no kind has it */
    EVENT_SOURCE_RECORD_AGE = 1 << 6,
    EVENT_SOURCE_BISECT = 1 << 7,
    EVENT_SOURCE_RETRIES = 1 << 8,
    EVENT_SOURCE_TUMBLING = 1 << 9,
    EVENT_SOURCE_TOPICS = 1 << 10,
    EVENT_SOURCE_QUEUES = 1 << 11,
    EVENT_SOURCE_ACCESS = 1 << 12,
    EVENT_SOURCE_SELF_MANAGED = 1 << 13,
    EVENT_SOURCE_RESPONSE_TYPES = 1 << 14,
    EVENT_SOURCE_MSK_CONFIG = 1 << 15,
    EVENT_SOURCE_KAFKA_CONFIG = 1 << 16,
    EVENT_SOURCE_SCALING = 1 << 17,
    EVENT_SOURCE_DOCUMENTDB_CONFIG = 1 << 18,
    EVENT_SOURCE_FILTERS = 1 << 19,
    EVENT_SOURCE_KMS_KEY = 1 << 20,
    EVENT_SOURCE_METRICS = 1 << 21,
    EVENT_SOURCE_LOGGING = 1 << 22,
    EVENT_SOURCE_POLLERS = 1 << 23,
};

/* "For ever" of ages and retries. */
#define EVENT_SOURCE_UNLIMITED UINT32_MAX

struct event_source_mapping {
    struct str uuid;       /* the row's name; not in the row */
    uint32_t kind;         /* enum event_source_kind */
    struct str source_arn; /* absent: self-managed Kafka */
    struct str function_name;
    struct str qualifier;   /* as it was given; absent: none */
    uint32_t state;         /* enum event_source_state */
    bool is_disabled;       /* what it is or, when the state is transient, is to be */
    struct str last_result; /* absent: nothing was processed yet */
    uint64_t last_modified_ms;
    uint32_t parameters; /* enum event_source_parameter: which of the following have a value */

    uint32_t batch_size;
    uint32_t window_s;
    uint32_t parallelization;
    uint32_t position;     /* enum event_source_position */
    uint64_t timestamp_ms; /* AT_TIMESTAMP */
    struct str on_failure; /* absent: none */
    uint32_t record_age_s;
    bool bisects;
    uint32_t retries;
    uint32_t tumbling_s;
    struct codec_list topics;
    struct codec_list queues;
    struct codec_pairs access; /* type, URI; in the order given */
    struct codec_list bootstrap_servers;
    struct codec_list response_types;
    struct str consumer_group;
    struct str schema_registry;
    struct str schema_format;
    struct codec_pairs schema_access;
    struct codec_list schema_attributes;
    uint32_t concurrency;
    struct str database;
    struct str collection;
    struct str full_document;
    struct codec_list filters; /* patterns (event_pattern.h) */
    struct str kms_key_arn;
    struct codec_list metrics;
    struct str log_level;
    uint32_t pollers_min;
    uint32_t pollers_max;
    struct str poller_group;

    struct codec_pairs tags;
};

/* The row in the arena; absent when out of memory. */
struct str event_source_encode(struct arena *arena, const struct event_source_mapping *mapping);
/* A view of bytes and arena. 0, -EBADMSG or -ENOMEM. */
int event_source_decode(struct str bytes, struct arena *arena,
                        struct event_source_mapping *ret_mapping);

/* The kind of source that an ARN names; false: none that can be mapped. */
bool event_source_kind_of(struct str arn, enum event_source_kind *ret_kind);
/* What a new mapping of that kind has without being told. */
void event_source_fill(struct event_source_mapping *mapping, enum event_source_kind kind);
/* Streams of records with positions of their own: Kinesis and DynamoDB. */
bool event_source_is_stream(enum event_source_kind kind);
bool event_source_is_kafka(enum event_source_kind kind);
/* "maximumBatchingWindowInSeconds": as messages name it. */
const char *event_source_parameter_name(enum event_source_parameter parameter);

enum event_source_refusal {
    EVENT_SOURCE_FINE,
    EVENT_SOURCE_UNSUPPORTED,          /* parameter: not for this kind */
    EVENT_SOURCE_MISSING,              /* parameter */
    EVENT_SOURCE_MISSING_POSITION,     /* streams */
    EVENT_SOURCE_UNSUPPORTED_POSITION, /* streams */
    EVENT_SOURCE_QUEUE_POSITION,       /* queues */
    EVENT_SOURCE_MISSING_TIMESTAMP,
    EVENT_SOURCE_FUTURE_TIMESTAMP,
    EVENT_SOURCE_FIFO_BATCH,
    EVENT_SOURCE_FIFO_WINDOW,
    EVENT_SOURCE_BATCH_WITHOUT_WINDOW, /* more than 10 messages of a queue */
    EVENT_SOURCE_BAD_RECORD_AGE,
    EVENT_SOURCE_BAD_DESTINATION,
    EVENT_SOURCE_BAD_ACCESS, /* value: a type that the kind does not take */
    EVENT_SOURCE_BAD_METRIC, /* value */
    EVENT_SOURCE_BAD_FILTER,
    EVENT_SOURCE_TOO_MANY_FILTERS,
    EVENT_SOURCE_BAD_POLLERS,
    EVENT_SOURCE_POLLERS_AND_SCALING,
};

struct event_source_verdict {
    enum event_source_refusal refusal;
    enum event_source_parameter parameter;
    struct str value;
};

/*
 * Can a mapping be so? asked: the parameters that the request names. now_ms: wall clock. 0 or
 * -ENOMEM.
 */
int event_source_judge(const struct event_source_mapping *mapping, uint32_t asked, uint64_t now_ms,
                       struct event_source_verdict *ret_verdict);
