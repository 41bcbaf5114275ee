/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/event_source_answer.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/event_source_mapping.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

static const char *const state_names[] = {
    [EVENT_SOURCE_ENABLED] = "Enabled",   [EVENT_SOURCE_DISABLED] = "Disabled",
    [EVENT_SOURCE_CREATING] = "Creating", [EVENT_SOURCE_ENABLING] = "Enabling",
    [EVENT_SOURCE_UPDATING] = "Updating", [EVENT_SOURCE_DISABLING] = "Disabling",
    [EVENT_SOURCE_DELETING] = "Deleting",
};

static const char *const position_names[] = {
    [EVENT_SOURCE_LATEST] = "LATEST",
    [EVENT_SOURCE_TRIM_HORIZON] = "TRIM_HORIZON",
    [EVENT_SOURCE_AT_TIMESTAMP] = "AT_TIMESTAMP",
};

/* The structures that an answer points to. */
struct parts {
    struct lambda_destination_config destination;
    struct lambda_on_failure on_failure;
    struct lambda_filter_criteria filters;
    struct lambda_self_managed_event_source source;
    struct lambda_endpoints_entry endpoint;
    struct lambda_amazon_managed_kafka_event_source_config msk;
    struct lambda_self_managed_kafka_event_source_config kafka;
    struct lambda_kafka_schema_registry_config registry;
    struct lambda_scaling_config scaling;
    struct lambda_document_db_event_source_config documentdb;
    struct lambda_event_source_mapping_metrics_config metrics;
    struct lambda_event_source_mapping_logging_config logging;
    struct lambda_provisioned_poller_config pollers;
};

/* An answer that is being made. */
struct making {
    struct arena *arena;
    const struct event_source_mapping *mapping;
    struct parts *parts;
    struct lambda_event_source_mapping_configuration *answer;
};

static bool has(const struct making *making, enum event_source_parameter parameter)
{
    return (making->mapping->parameters & parameter) != 0;
}

static struct model_int number(const struct making *making, enum event_source_parameter parameter,
                               uint32_t value)
{
    if (!has(making, parameter))
        return (struct model_int){0};
    return model_int(value == EVENT_SOURCE_UNLIMITED ? -1 : (int64_t)value);
}

static void make_plain(struct making *making)
{
    const struct event_source_mapping *mapping = making->mapping;
    struct lambda_event_source_mapping_configuration *answer = making->answer;

    answer->batch_size = model_int(mapping->batch_size);
    answer->maximum_batching_window_in_seconds =
        number(making, EVENT_SOURCE_WINDOW, mapping->window_s);
    answer->parallelization_factor =
        number(making, EVENT_SOURCE_PARALLELIZATION, mapping->parallelization);
    answer->maximum_record_age_in_seconds =
        number(making, EVENT_SOURCE_RECORD_AGE, mapping->record_age_s);
    answer->maximum_retry_attempts = number(making, EVENT_SOURCE_RETRIES, mapping->retries);
    answer->tumbling_window_in_seconds = number(making, EVENT_SOURCE_TUMBLING, mapping->tumbling_s);
    if (has(making, EVENT_SOURCE_BISECT))
        answer->bisect_batch_on_function_error = model_bool(mapping->bisects);
    if (mapping->position != EVENT_SOURCE_NO_POSITION)
        answer->starting_position = str_of(position_names[mapping->position]);
    if (mapping->position == EVENT_SOURCE_AT_TIMESTAMP)
        answer->starting_position_timestamp = model_time((int64_t)mapping->timestamp_ms);
    answer->topics.ptr = mapping->topics.ptr;
    answer->topics.count = mapping->topics.count;
    answer->queues.ptr = mapping->queues.ptr;
    answer->queues.count = mapping->queues.count;
    answer->kms_key_arn = mapping->kms_key_arn;
}

static void make_response_types(struct making *making)
{
    const struct codec_list *types = &making->mapping->response_types;

    if (!has(making, EVENT_SOURCE_RESPONSE_TYPES))
        return;
    making->answer->function_response_types.ptr =
        types->count > 0 ? types->ptr : (const void *)model_empty;
    making->answer->function_response_types.count = types->count;
}

static void make_destination(struct making *making)
{
    if (!has(making, EVENT_SOURCE_ON_FAILURE))
        return;
    making->parts->on_failure.destination = making->mapping->on_failure;
    making->parts->destination.on_failure = &making->parts->on_failure;
    making->answer->destination_config = &making->parts->destination;
}

static int make_filters(struct making *making)
{
    const struct codec_list *patterns = &making->mapping->filters;
    struct lambda_filter *filters;

    if (patterns->count == 0)
        return 0;
    filters = arena_new_array(making->arena, struct lambda_filter, patterns->count);
    if (!filters)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < patterns->count; i++)
        filters[i].pattern = patterns->ptr[i];
    making->parts->filters.filters.ptr = filters;
    making->parts->filters.filters.count = patterns->count;
    making->answer->filter_criteria = &making->parts->filters;
    return 0;
}

static int make_access(struct making *making)
{
    const struct codec_pairs *access = &making->mapping->access;
    struct lambda_source_access_configuration *all;

    if (access->count == 0)
        return 0;
    all = arena_new_array(making->arena, struct lambda_source_access_configuration, access->count);
    if (!all)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < access->count; i++) {
        all[i].type = access->ptr[i].name;
        all[i].uri = access->ptr[i].value;
    }
    making->answer->source_access_configurations.ptr = all;
    making->answer->source_access_configurations.count = access->count;
    return 0;
}

/* NULL in *ret_registry: there is none. */
static int make_registry(struct making *making,
                         const struct lambda_kafka_schema_registry_config **ret_registry)
{
    const struct event_source_mapping *mapping = making->mapping;
    struct lambda_kafka_schema_registry_config *registry = &making->parts->registry;
    struct lambda_kafka_schema_registry_access_config *access =
        arena_new_array(making->arena, struct lambda_kafka_schema_registry_access_config,
                        mapping->schema_access.count + 1);
    struct lambda_kafka_schema_validation_config *attributes =
        arena_new_array(making->arena, struct lambda_kafka_schema_validation_config,
                        mapping->schema_attributes.count + 1);

    *ret_registry = NULL;
    if (!str_is_set(mapping->schema_registry))
        return 0;
    if (!access || !attributes)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < mapping->schema_access.count; i++) {
        access[i].type = mapping->schema_access.ptr[i].name;
        access[i].uri = mapping->schema_access.ptr[i].value;
    }
    for (size_t i = 0; i < mapping->schema_attributes.count; i++)
        attributes[i].attribute = mapping->schema_attributes.ptr[i];
    registry->schema_registry_uri = mapping->schema_registry;
    registry->event_record_format = mapping->schema_format;
    registry->access_configs.ptr = mapping->schema_access.count > 0 ? access : NULL;
    registry->access_configs.count = mapping->schema_access.count;
    registry->schema_validation_configs.ptr =
        mapping->schema_attributes.count > 0 ? attributes : NULL;
    registry->schema_validation_configs.count = mapping->schema_attributes.count;
    *ret_registry = registry;
    return 0;
}

/* Without a consumer group of its own the mapping's is named as itself. */
static int make_kafka(struct making *making)
{
    const struct event_source_mapping *mapping = making->mapping;
    struct parts *parts = making->parts;
    const struct lambda_kafka_schema_registry_config *registry;
    struct str group =
        str_is_set(mapping->consumer_group) ? mapping->consumer_group : mapping->uuid;
    int r = make_registry(making, &registry);

    if (r < 0)
        return err_pass(r);
    parts->msk = (struct lambda_amazon_managed_kafka_event_source_config){group, registry};
    parts->kafka = (struct lambda_self_managed_kafka_event_source_config){group, registry};
    if (mapping->kind == EVENT_SOURCE_MSK)
        making->answer->amazon_managed_kafka_event_source_config = &parts->msk;
    if (mapping->kind != EVENT_SOURCE_KAFKA)
        return 0;
    making->answer->self_managed_kafka_event_source_config = &parts->kafka;
    parts->endpoint.key = STR("KAFKA_BOOTSTRAP_SERVERS");
    parts->endpoint.value.ptr = mapping->bootstrap_servers.ptr;
    parts->endpoint.value.count = mapping->bootstrap_servers.count;
    parts->source.endpoints.ptr = &parts->endpoint;
    parts->source.endpoints.count = 1;
    making->answer->self_managed_event_source = &parts->source;
    return 0;
}

static void make_documentdb(struct making *making)
{
    const struct event_source_mapping *mapping = making->mapping;

    if (mapping->kind != EVENT_SOURCE_DOCUMENTDB)
        return;
    making->parts->documentdb = (struct lambda_document_db_event_source_config){
        mapping->database, mapping->collection, mapping->full_document};
    making->answer->document_db_event_source_config = &making->parts->documentdb;
}

static void make_scaling(struct making *making)
{
    const struct event_source_mapping *mapping = making->mapping;
    struct parts *parts = making->parts;

    parts->scaling.maximum_concurrency = model_int(mapping->concurrency);
    if (has(making, EVENT_SOURCE_SCALING))
        making->answer->scaling_config = &parts->scaling;
    parts->pollers = (struct lambda_provisioned_poller_config){
        model_int(mapping->pollers_min), model_int(mapping->pollers_max), mapping->poller_group};
    if (has(making, EVENT_SOURCE_POLLERS))
        making->answer->provisioned_poller_config = &parts->pollers;
}

static void make_observed(struct making *making)
{
    struct parts *parts = making->parts;

    parts->metrics.metrics.ptr = making->mapping->metrics.ptr;
    parts->metrics.metrics.count = making->mapping->metrics.count;
    if (has(making, EVENT_SOURCE_METRICS))
        making->answer->metrics_config = &parts->metrics;
    parts->logging.system_log_level = making->mapping->log_level;
    if (has(making, EVENT_SOURCE_LOGGING))
        making->answer->logging_config = &parts->logging;
}

static bool is_queue(const struct event_source_mapping *mapping)
{
    return mapping->kind == EVENT_SOURCE_QUEUE || mapping->kind == EVENT_SOURCE_QUEUE_FIFO;
}

static void make_state(struct making *making)
{
    const struct event_source_mapping *mapping = making->mapping;
    bool is_action =
        event_source_is_stream(mapping->kind) || mapping->kind == EVENT_SOURCE_DOCUMENTDB;

    making->answer->state = str_of(state_names[mapping->state]);
    making->answer->state_transition_reason =
        is_action ? STR("User action") : STR("USER_INITIATED");
    making->answer->last_modified = model_time((int64_t)mapping->last_modified_ms);
    if (!is_queue(mapping))
        making->answer->last_processing_result =
            str_is_set(mapping->last_result) ? mapping->last_result : STR("No records processed");
}

static struct str function_arn(struct api_request *request,
                               const struct event_source_mapping *mapping)
{
    const struct function_id id = {request->principal.account, request->principal.region,
                                   mapping->function_name};

    return arn_function(&request->arena, &id, mapping->qualifier);
}

int event_source_answer_make(struct api_request *request,
                             const struct event_source_mapping *mapping,
                             struct lambda_event_source_mapping_configuration *ret_answer)
{
    const struct catalog_resource_id id = {request->principal.account, request->principal.region,
                                           mapping->uuid};
    struct making making = {&request->arena, mapping, arena_new(&request->arena, struct parts),
                            ret_answer};
    int r;

    *ret_answer = (struct lambda_event_source_mapping_configuration){
        .uuid = mapping->uuid,
        .event_source_arn = mapping->source_arn,
        .event_source_mapping_arn = event_source_arn(&request->arena, &id),
        .function_arn = function_arn(request, mapping),
    };
    if (!making.parts || !str_is_set(ret_answer->event_source_mapping_arn) ||
        !str_is_set(ret_answer->function_arn))
        return err_new(-ENOMEM);
    make_plain(&making);
    make_response_types(&making);
    make_destination(&making);
    make_documentdb(&making);
    make_scaling(&making);
    make_observed(&making);
    make_state(&making);
    r = make_filters(&making);
    if (r == 0)
        r = make_access(&making);
    if (r == 0)
        r = make_kafka(&making);
    return r;
}
