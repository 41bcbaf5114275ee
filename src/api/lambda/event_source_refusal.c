/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/event_source_answer.h"
#include "api/request.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/arn.h"
#include "catalog/event_source_mapping.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* Texts that name nothing of the request. */
static const char *const refusal_texts[] = {
    [EVENT_SOURCE_MISSING_POSITION] =
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
        "constraint: Member must not be null.",
    [EVENT_SOURCE_QUEUE_POSITION] = "StartingPosition is not valid for SQS event sources.",
    [EVENT_SOURCE_MISSING_TIMESTAMP] = "Need to specify a timestamp",
    [EVENT_SOURCE_FUTURE_TIMESTAMP] = "StartingPositionTimestamp cannot be in the future.",
    [EVENT_SOURCE_FIFO_BATCH] = "Maximum batch size must be between 1 and 10 inclusive",
    [EVENT_SOURCE_FIFO_WINDOW] = "Batching window is not supported for FIFO queues",
    [EVENT_SOURCE_BATCH_WITHOUT_WINDOW] = "Maximum batch window in seconds must be greater than 0 "
                                          "if maximum batch size is greater than 10",
    [EVENT_SOURCE_BAD_RECORD_AGE] = "MaximumRecordAgeInSeconds must be either -1 (forever) or "
                                    "between 60 and 604800 (inclusive)",
    [EVENT_SOURCE_BAD_FILTER] = "Invalid filter pattern definition.",
    [EVENT_SOURCE_BAD_POLLERS] = "MinimumPollers must be within the limits of the event source and "
                                 "not greater than MaximumPollers.",
    [EVENT_SOURCE_POLLERS_AND_SCALING] =
        "ScalingConfig and ProvisionedPollerConfig cannot be specified together.",
};

static void answer_unsupported(struct api_request *request, enum event_source_parameter parameter)
{
    if (parameter == EVENT_SOURCE_ON_FAILURE || parameter == EVENT_SOURCE_ON_SUCCESS)
        answer_invalid(request, "Unsupported DestinationConfig parameter for given event source "
                                "mapping type.");
    else
        answer_invalid(request, "Unsupported '%s' parameter for given event source mapping type.",
                       event_source_parameter_name(parameter));
}

void event_source_answer_verdict(struct api_request *request,
                                 const struct event_source_mapping *mapping,
                                 const struct event_source_verdict *verdict)
{
    switch (verdict->refusal) {
    case EVENT_SOURCE_UNSUPPORTED:
        answer_unsupported(request, verdict->parameter);
        break;
    case EVENT_SOURCE_MISSING:
        answer_invalid(request, "Required '%s' parameter is missing.",
                       event_source_parameter_name(verdict->parameter));
        break;
    case EVENT_SOURCE_UNSUPPORTED_POSITION:
        answer_invalid(request, "Unsupported starting position for arn type: %.*s",
                       STR_FMT(mapping->source_arn));
        break;
    case EVENT_SOURCE_BAD_DESTINATION:
        answer_invalid(request,
                       "The provided destination config DestinationConfig(onSuccess=null, "
                       "onFailure=OnFailure(destination=%.*s)) is invalid.",
                       STR_FMT(mapping->on_failure));
        break;
    case EVENT_SOURCE_BAD_ACCESS:
        answer_invalid(request,
                       "Unsupported source access configuration type %.*s for given event source "
                       "mapping type.",
                       STR_FMT(verdict->value));
        break;
    case EVENT_SOURCE_TOO_MANY_FILTERS:
        answer_invalid(request, "The number of filters exceeds the maximum of %d.",
                       LIMIT_FILTERS_PER_MAPPING);
        break;
    case EVENT_SOURCE_BAD_METRIC:
        answer_invalid(request, "Unsupported metric %.*s for given event source mapping type.",
                       STR_FMT(verdict->value));
        break;
    default:
        answer_invalid(request, "%s", refusal_texts[verdict->refusal]);
        break;
    }
}

void event_source_answer_unknown(struct api_request *request)
{
    api_fault(request, &lambda_fault_resource_not_found,
              "The resource you requested does not exist.");
}

/* What Kafka and MQ are told by: servers or ARN, and topics or queues. */
static void append_broker(struct api_request *request, const struct event_source_mapping *mapping,
                          struct buf *text)
{
    const struct function_id id = {request->principal.account, request->principal.region,
                                   mapping->function_name};
    bool is_mq = mapping->kind == EVENT_SOURCE_MQ;
    const struct codec_list *parts = is_mq ? &mapping->queues : &mapping->topics;

    (void)buf_append_str(text, STR("An event source mapping with event source (\""));
    if (str_is_set(mapping->source_arn))
        (void)buf_append_str(text, mapping->source_arn);
    for (size_t i = 0; i < mapping->bootstrap_servers.count; i++) {
        if (i > 0)
            (void)buf_append_char(text, ',');
        (void)buf_append_str(text, mapping->bootstrap_servers.ptr[i]);
    }
    (void)buf_printf(text, "\"), function (\"%.*s\"), %s (\"%.*s\") already exists.",
                     STR_FMT(arn_function(&request->arena, &id, mapping->qualifier)),
                     is_mq ? "queues" : "topics",
                     STR_FMT(parts->count > 0 ? parts->ptr[0] : STR("")));
}

void event_source_answer_duplicate(struct api_request *request,
                                   const struct event_source_mapping *mapping, struct str uuid)
{
    CLEANUP(buf_deinit) struct buf text = {0};

    switch (mapping->kind) {
    case EVENT_SOURCE_QUEUE:
    case EVENT_SOURCE_QUEUE_FIFO:
        (void)buf_printf(&text,
                         "An event source mapping with SQS arn (\" %.*s \") and function (\" %.*s "
                         "\") already exists.",
                         STR_FMT(mapping->source_arn), STR_FMT(mapping->function_name));
        break;
    case EVENT_SOURCE_MSK:
    case EVENT_SOURCE_KAFKA:
    case EVENT_SOURCE_MQ:
        append_broker(request, mapping, &text);
        break;
    default:
        (void)buf_printf(&text,
                         "The event source arn (\" %.*s \") and function (\" %.*s \") provided "
                         "mapping already exists.",
                         STR_FMT(mapping->source_arn), STR_FMT(mapping->function_name));
        break;
    }
    if (buf_failed(&text))
        api_fault_internal(request, err_new(-ENOMEM));
    else
        api_fault(request, &lambda_fault_resource_conflict,
                  "%.*s Please update or delete the existing mapping with UUID %.*s",
                  STR_FMT(buf_str(&text)), STR_FMT(uuid));
}
