/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which layer does a request mean, and may the caller use it? Layers are named bare or by ARN; of
 * other accounts only single versions can be reached, by the policy of each.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "catalog/resource.h"

struct api_principal;
struct api_request;
struct arena;
struct catalog;
struct layer_version;

struct layer_ref {
    struct catalog_resource_id layer;
    int64_t number; /* of the version; 0: none was named */
};

/* "arn:<partition>:lambda:<region>:<account>:layer:<name>[:<number>]". False: it is none. Pure. */
bool layer_ref_parse(struct str arn, struct layer_ref *ret_ref);

/* A LayerName, with a number or 0. Only layers of the caller. False: the request has been answered.
 */
bool layer_ref_resolve(struct api_request *request, struct str layer_name, int64_t number,
                       struct layer_ref *ret_ref);
/* The same for any layer, when GetLayerVersion is to decide. */
struct layer_ref layer_ref_of(const struct api_request *request, struct str layer_name,
                              int64_t number);

enum { LAYER_REF_OK, LAYER_REF_MISSING, LAYER_REF_DENIED };

/* The version, when it is there and the caller may have it; else one of the above, or a failure. */
int layer_ref_get(struct catalog *catalog, const struct api_principal *principal,
                  const struct layer_ref *ref, struct arena *arena,
                  struct layer_version *ret_version);

void layer_ref_answer_missing(struct api_request *request);
void layer_ref_answer_denied(struct api_request *request, struct str action,
                             const struct layer_ref *ref);

#define LAYER_REF_GET STR("lambda:GetLayerVersion")

/* Why somebody may not do `action`. Absent when out of memory. */
struct str layer_ref_denied_text(struct arena *arena, const struct api_principal *principal,
                                 struct str action, const struct layer_ref *ref);
