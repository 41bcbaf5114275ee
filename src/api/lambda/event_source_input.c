/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/event_source_input.h"

#include <errno.h>

#include "base/arena.h"
#include "base/error.h"
#include "catalog/event_source.h"
#include "model/lambda/shapes.h"

void event_source_input_of_update(const struct lambda_update_event_source_mapping_request *update,
                                  struct lambda_create_event_source_mapping_request *ret_said)
{
    *ret_said = (struct lambda_create_event_source_mapping_request){
        .function_name = update->function_name,
        .enabled = update->enabled,
        .batch_size = update->batch_size,
        .filter_criteria = update->filter_criteria,
        .maximum_batching_window_in_seconds = update->maximum_batching_window_in_seconds,
        .parallelization_factor = update->parallelization_factor,
        .destination_config = update->destination_config,
        .maximum_record_age_in_seconds = update->maximum_record_age_in_seconds,
        .bisect_batch_on_function_error = update->bisect_batch_on_function_error,
        .maximum_retry_attempts = update->maximum_retry_attempts,
        .tumbling_window_in_seconds = update->tumbling_window_in_seconds,
        .source_access_configurations = update->source_access_configurations,
        .function_response_types = update->function_response_types,
        .amazon_managed_kafka_event_source_config =
            update->amazon_managed_kafka_event_source_config,
        .self_managed_kafka_event_source_config = update->self_managed_kafka_event_source_config,
        .scaling_config = update->scaling_config,
        .document_db_event_source_config = update->document_db_event_source_config,
        .kms_key_arn = update->kms_key_arn,
        .metrics_config = update->metrics_config,
        .logging_config = update->logging_config,
        .provisioned_poller_config = update->provisioned_poller_config,
    };
}

/* A request that is being put into a mapping. */
struct reading {
    const struct lambda_create_event_source_mapping_request *said;
    struct arena *arena;
    struct event_source_mapping *mapping;
    uint32_t asked;
};

/* The parameter is named, and has a value after that or not. */
static void name(struct reading *reading, enum event_source_parameter parameter, bool has_value)
{
    uint32_t parameters = reading->mapping->parameters & ~(uint32_t)parameter;

    reading->asked |= parameter;
    reading->mapping->parameters = parameters | (has_value ? parameter : 0);
}

/* -1 is for ever. */
static void read_number(struct reading *reading, enum event_source_parameter parameter,
                        struct model_int value, uint32_t *at)
{
    if (!value.has)
        return;
    name(reading, parameter, true);
    *at = value.value < 0 ? EVENT_SOURCE_UNLIMITED : (uint32_t)value.value;
}

static void read_list(struct reading *reading, enum event_source_parameter parameter,
                      const struct str *ptr, size_t count, struct codec_list *at)
{
    if (!ptr)
        return;
    name(reading, parameter, count > 0 || parameter == EVENT_SOURCE_RESPONSE_TYPES);
    *at = (struct codec_list){ptr, count};
}

/* The empty text takes away. */
static void read_text(struct reading *reading, enum event_source_parameter parameter,
                      struct str value, struct str *at)
{
    if (!str_is_set(value))
        return;
    name(reading, parameter, value.len > 0);
    *at = value.len > 0 ? value : STR_NONE;
}

static void read_position(struct reading *reading)
{
    static const struct {
        struct str name;
        enum event_source_position position;
    } positions[] = {
        {STR_INIT("LATEST"), EVENT_SOURCE_LATEST},
        {STR_INIT("TRIM_HORIZON"), EVENT_SOURCE_TRIM_HORIZON},
        {STR_INIT("AT_TIMESTAMP"), EVENT_SOURCE_AT_TIMESTAMP},
    };
    struct model_time timestamp = reading->said->starting_position_timestamp;

    for (size_t i = 0; i < array_count(positions); i++) {
        if (!str_eq(reading->said->starting_position, positions[i].name))
            continue;
        name(reading, EVENT_SOURCE_POSITION, true);
        reading->mapping->position = positions[i].position;
    }
    if (!timestamp.has)
        return;
    name(reading, EVENT_SOURCE_TIMESTAMP, true);
    reading->mapping->timestamp_ms = timestamp.value_ms > 0 ? (uint64_t)timestamp.value_ms : 0;
}

/* Streams show a destination also when there is none. */
static void read_destination(struct reading *reading)
{
    const struct lambda_destination_config *config = reading->said->destination_config;
    bool always = event_source_is_stream(reading->mapping->kind);
    struct str destination;

    if (!config)
        return;
    if (config->on_success && str_is_set(config->on_success->destination))
        name(reading, EVENT_SOURCE_ON_SUCCESS, false);
    destination = config->on_failure ? config->on_failure->destination : STR_NONE;
    name(reading, EVENT_SOURCE_ON_FAILURE, always || destination.len > 0);
    reading->mapping->on_failure = destination.len > 0 ? destination : STR_NONE;
}

static int read_filters(struct reading *reading)
{
    const struct lambda_filter_criteria *criteria = reading->said->filter_criteria;
    struct str *patterns;

    if (!criteria)
        return 0;
    patterns = arena_new_array(reading->arena, struct str, criteria->filters.count + 1);
    if (!patterns)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < criteria->filters.count; i++) {
        struct str pattern = criteria->filters.ptr[i].pattern;

        patterns[i] = str_is_set(pattern) ? pattern : STR("");
    }
    read_list(reading, EVENT_SOURCE_FILTERS, patterns, criteria->filters.count,
              &reading->mapping->filters);
    return 0;
}

static int read_access(struct reading *reading)
{
    const struct lambda_source_access_configurations *said =
        &reading->said->source_access_configurations;
    struct codec_pair *pairs;

    if (!said->ptr)
        return 0;
    pairs = arena_new_array(reading->arena, struct codec_pair, said->count + 1);
    if (!pairs)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < said->count; i++) {
        pairs[i].name = str_is_set(said->ptr[i].type) ? said->ptr[i].type : STR("");
        pairs[i].value = str_is_set(said->ptr[i].uri) ? said->ptr[i].uri : STR("");
    }
    name(reading, EVENT_SOURCE_ACCESS, said->count > 0);
    reading->mapping->access = (struct codec_pairs){pairs, said->count};
    return 0;
}

/* The registry is restated as a whole; an empty one takes it away. */
static int read_registry(struct reading *reading,
                         const struct lambda_kafka_schema_registry_config *said)
{
    struct event_source_mapping *mapping = reading->mapping;
    struct codec_pair *access;
    struct str *attributes;

    if (!said)
        return 0;
    access = arena_new_array(reading->arena, struct codec_pair, said->access_configs.count + 1);
    attributes =
        arena_new_array(reading->arena, struct str, said->schema_validation_configs.count + 1);
    if (!access || !attributes)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < said->access_configs.count; i++)
        access[i] =
            (struct codec_pair){said->access_configs.ptr[i].type, said->access_configs.ptr[i].uri};
    for (size_t i = 0; i < said->schema_validation_configs.count; i++)
        attributes[i] = said->schema_validation_configs.ptr[i].attribute;
    mapping->schema_registry = said->schema_registry_uri;
    mapping->schema_format = said->event_record_format;
    mapping->schema_access = (struct codec_pairs){access, said->access_configs.count};
    mapping->schema_attributes =
        (struct codec_list){attributes, said->schema_validation_configs.count};
    return 0;
}

static int read_kafka(struct reading *reading)
{
    const struct lambda_amazon_managed_kafka_event_source_config *managed =
        reading->said->amazon_managed_kafka_event_source_config;
    const struct lambda_self_managed_kafka_event_source_config *own =
        reading->said->self_managed_kafka_event_source_config;
    struct str group = own ? own->consumer_group_id : STR_NONE;

    if (managed)
        name(reading, EVENT_SOURCE_MSK_CONFIG, true);
    if (own)
        name(reading, EVENT_SOURCE_KAFKA_CONFIG, true);
    if (managed && str_is_set(managed->consumer_group_id))
        group = managed->consumer_group_id;
    if (str_is_set(group))
        reading->mapping->consumer_group = group;
    if (!managed && !own)
        return 0;
    return read_registry(reading,
                         managed ? managed->schema_registry_config : own->schema_registry_config);
}

static void read_servers(struct reading *reading)
{
    const struct lambda_self_managed_event_source *said = reading->said->self_managed_event_source;

    for (size_t i = 0; said && i < said->endpoints.count; i++)
        read_list(reading, EVENT_SOURCE_SELF_MANAGED, said->endpoints.ptr[i].value.ptr,
                  said->endpoints.ptr[i].value.count, &reading->mapping->bootstrap_servers);
}

static void read_documentdb(struct reading *reading)
{
    const struct lambda_document_db_event_source_config *said =
        reading->said->document_db_event_source_config;
    struct event_source_mapping *mapping = reading->mapping;

    if (!said)
        return;
    name(reading, EVENT_SOURCE_DOCUMENTDB_CONFIG, true);
    if (str_is_set(said->database_name))
        mapping->database = said->database_name;
    if (str_is_set(said->collection_name))
        mapping->collection = said->collection_name;
    if (str_is_set(said->full_document))
        mapping->full_document = said->full_document;
}

/* The numbers are those said, or the defaults; not those from before. */
static void read_pollers(struct reading *reading)
{
    const struct lambda_provisioned_poller_config *said = reading->said->provisioned_poller_config;
    struct event_source_mapping *mapping = reading->mapping;
    struct event_source_mapping fresh;
    bool is_set;

    if (!said)
        return;
    event_source_fill(&fresh, mapping->kind);
    is_set = said->minimum_pollers.has || said->maximum_pollers.has ||
             str_is_set(said->poller_group_name);
    name(reading, EVENT_SOURCE_POLLERS, is_set);
    mapping->pollers_min =
        said->minimum_pollers.has ? (uint32_t)said->minimum_pollers.value : fresh.pollers_min;
    mapping->pollers_max =
        said->maximum_pollers.has ? (uint32_t)said->maximum_pollers.value : fresh.pollers_max;
    if (str_is_set(said->poller_group_name))
        mapping->poller_group =
            said->poller_group_name.len > 0 ? said->poller_group_name : STR_NONE;
}

static void read_scaling(struct reading *reading)
{
    const struct lambda_scaling_config *said = reading->said->scaling_config;

    if (!said)
        return;
    name(reading, EVENT_SOURCE_SCALING, said->maximum_concurrency.has);
    if (said->maximum_concurrency.has)
        reading->mapping->concurrency = (uint32_t)said->maximum_concurrency.value;
}

/* Without metrics there are none. */
static void read_metrics(struct reading *reading)
{
    const struct lambda_event_source_mapping_metric_list *said =
        &reading->said->metrics_config->metrics;

    name(reading, EVENT_SOURCE_METRICS, said->count > 0);
    reading->mapping->metrics = (struct codec_list){said->ptr, said->count};
}

static void read_log_level(struct reading *reading)
{
    struct str level = reading->said->logging_config->system_log_level;

    name(reading, EVENT_SOURCE_LOGGING, str_is_set(level));
    reading->mapping->log_level = level;
}

static void read_plain(struct reading *reading)
{
    const struct lambda_create_event_source_mapping_request *said = reading->said;
    struct event_source_mapping *mapping = reading->mapping;

    if (said->enabled.has)
        mapping->is_disabled = !said->enabled.value;
    if (said->batch_size.has)
        mapping->batch_size = (uint32_t)said->batch_size.value;
    read_number(reading, EVENT_SOURCE_WINDOW, said->maximum_batching_window_in_seconds,
                &mapping->window_s);
    read_number(reading, EVENT_SOURCE_PARALLELIZATION, said->parallelization_factor,
                &mapping->parallelization);
    read_number(reading, EVENT_SOURCE_RECORD_AGE, said->maximum_record_age_in_seconds,
                &mapping->record_age_s);
    read_number(reading, EVENT_SOURCE_RETRIES, said->maximum_retry_attempts, &mapping->retries);
    read_number(reading, EVENT_SOURCE_TUMBLING, said->tumbling_window_in_seconds,
                &mapping->tumbling_s);
    if (said->bisect_batch_on_function_error.has) {
        name(reading, EVENT_SOURCE_BISECT, true);
        mapping->bisects = said->bisect_batch_on_function_error.value;
    }
    read_list(reading, EVENT_SOURCE_TOPICS, said->topics.ptr, said->topics.count, &mapping->topics);
    read_list(reading, EVENT_SOURCE_QUEUES, said->queues.ptr, said->queues.count, &mapping->queues);
    read_list(reading, EVENT_SOURCE_RESPONSE_TYPES, said->function_response_types.ptr,
              said->function_response_types.count, &mapping->response_types);
    read_text(reading, EVENT_SOURCE_KMS_KEY, said->kms_key_arn, &mapping->kms_key_arn);
    if (said->metrics_config)
        read_metrics(reading);
    if (said->logging_config)
        read_log_level(reading);
}

int event_source_input_apply(const struct lambda_create_event_source_mapping_request *said,
                             struct arena *arena, struct event_source_mapping *mapping,
                             uint32_t *ret_asked)
{
    struct reading reading = {.said = said, .arena = arena, .mapping = mapping};
    int r;

    read_plain(&reading);
    read_position(&reading);
    read_destination(&reading);
    read_servers(&reading);
    read_documentdb(&reading);
    read_pollers(&reading);
    read_scaling(&reading);
    r = read_filters(&reading);
    if (r == 0)
        r = read_access(&reading);
    if (r == 0)
        r = read_kafka(&reading);
    *ret_asked = reading.asked;
    return r;
}
