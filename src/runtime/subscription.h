/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an extension asks the Telemetry API or the Logs API for (spec: extensions-api, B1 and C).
 * Pure: the text of the request in, a checked subscription or all complaints out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum subscription_api { SUBSCRIPTION_TELEMETRY, SUBSCRIPTION_LOGS };

enum subscription_type {
    SUBSCRIPTION_PLATFORM = 1,
    SUBSCRIPTION_FUNCTION = 2,
    SUBSCRIPTION_EXTENSION = 4,
};

enum { SUBSCRIPTION_PATH_BYTES = 512, SUBSCRIPTION_COMPLAINT_BYTES = 512 };

struct subscription {
    enum subscription_api api;
    unsigned types;        /* of enum subscription_type */
    bool has_json_records; /* log lines that are JSON are passed on as such */
    bool has_runtime_done; /* the Logs API knows this event in its second version only */
    uint64_t items_max;
    uint64_t bytes_max;
    uint64_t timeout_ms;
    bool is_http; /* or TCP */
    bool is_put;  /* instead of POST */
    uint16_t port;
    char path[SUBSCRIPTION_PATH_BYTES]; /* with http */
};

/* False with the sentences for the answer. */
bool subscription_parse(struct subscription *ret_subscription, enum subscription_api api,
                        struct str text, char complaint[SUBSCRIPTION_COMPLAINT_BYTES]);
