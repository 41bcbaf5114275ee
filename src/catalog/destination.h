/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The ARN of a place to which results of asynchronous invocations are sent. Pure: whether the place
 * exists is somebody else's question. The pattern of the service model has been checked before.
 */

#include "base/str.h"
#include "catalog/catalog.h"

enum destination_kind {
    DESTINATION_OTHER, /* nothing that results can be sent to */
    DESTINATION_QUEUE,
    DESTINATION_QUEUE_FIFO, /* not supported */
    DESTINATION_TOPIC,
    DESTINATION_EVENT_BUS,
    DESTINATION_FUNCTION,
    DESTINATION_BUCKET, /* for failures only */
};

struct destination {
    enum destination_kind kind;
    struct function_id function; /* DESTINATION_FUNCTION */
    struct str qualifier;        /* absent: none */
};

/* Texts are views of the ARN. */
struct destination destination_parse(struct str arn);
