/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/destination.h"

/* arn:partition:service:region:account:resource; the resource may hold more colons. */
struct arn_parts {
    struct str service;
    struct str region;
    struct str account;
    struct str resource; /* absent: this is no ARN */
};

static struct arn_parts arn_split(struct str arn)
{
    struct arn_parts parts = {0};
    struct str scheme, partition;

    if (str_next(&arn, ':', &scheme) && str_eq(scheme, STR("arn")) &&
        str_next(&arn, ':', &partition) && str_next(&arn, ':', &parts.service) &&
        str_next(&arn, ':', &parts.region) && str_next(&arn, ':', &parts.account))
        parts.resource = arn;
    return parts;
}

/* function:name or function:name:qualifier */
static struct destination function_parse(const struct arn_parts *parts)
{
    struct destination destination = {.kind = DESTINATION_OTHER};
    struct str rest = parts->resource, type, name;

    if (!str_next(&rest, ':', &type) || !str_eq(type, STR("function")) ||
        !str_next(&rest, ':', &name) || name.len == 0)
        return destination;
    destination.kind = DESTINATION_FUNCTION;
    destination.function = (struct function_id){parts->account, parts->region, name};
    destination.qualifier = rest;
    return destination;
}

struct destination destination_parse(struct str arn)
{
    struct arn_parts parts = arn_split(arn);
    struct destination destination = {.kind = DESTINATION_OTHER};

    if (!str_is_set(parts.resource) || parts.resource.len == 0)
        return destination;
    if (str_eq(parts.service, STR("lambda")))
        return function_parse(&parts);
    if (str_eq(parts.service, STR("sqs")))
        destination.kind = str_ends_with(parts.resource, STR(".fifo")) ? DESTINATION_QUEUE_FIFO
                                                                       : DESTINATION_QUEUE;
    else if (str_eq(parts.service, STR("sns")))
        destination.kind = DESTINATION_TOPIC;
    else if (str_eq(parts.service, STR("events")))
        destination.kind = DESTINATION_EVENT_BUS;
    else if (str_eq(parts.service, STR("s3")))
        destination.kind = DESTINATION_BUCKET;
    return destination;
}
