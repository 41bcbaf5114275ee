/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What processes of a sandbox can ask about where they run (spec: runtime-api, section 7), with the
 * bearer token of their environment.
 */

#include <stdbool.h>

#include "base/str.h"

struct http_request;

struct metadata {
    struct str token;
    struct str region;
};

/* False when the path is not this API's own, and nothing was done. */
bool metadata_request(const struct metadata *metadata, struct http_request *req);

enum { METADATA_ZONE_BYTES = 32 };

/* The id of a region's first zone: "use1-az1" of us-east-1. Returns zone. */
char *metadata_zone(struct str region, char zone[METADATA_ZONE_BYTES]);
