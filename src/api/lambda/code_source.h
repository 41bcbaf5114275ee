/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where code comes from: a zip in the request, or an object of S3. For CreateFunction,
 * UpdateFunctionCode and PublishLayerVersion.
 */

#include <stdbool.h>

#include "base/str.h"
#include "code/code_fetch.h"
#include "code/code_store.h"

struct api_blob;
struct api_request;
struct lambda_service;

struct code_source {
    const struct api_blob *zip_file;
    struct str s3_bucket;
    struct str s3_key;
    struct str s3_object_version;
};

/* Exactly one source, and a zip that is neither empty nor too large. False: the request has been
 * answered. */
bool code_source_check(struct api_request *request, const struct code_source *source);

/* The package of a source, on its way. A part of the caller's object, which is in the request's
 * arena and zeroed. */
struct code_load {
    /* The package is there, checked, unpacked and durable. Not called when there is none: then the
     * request has been answered. */
    void (*on_done)(struct code_load *load);
    struct code_package *package; /* a reference, the caller's */
    struct digest digest;
    uint64_t bytes; /* of the zip */

    /* private */
    struct api_request *request;
    struct lambda_service *service;
    struct code_upload upload;
    struct code_request code;
    struct code_fetch fetch;
};

/* source has passed code_source_check. */
void code_load_start(struct code_load *load, struct api_request *request,
                     struct lambda_service *service, const struct code_source *source);
