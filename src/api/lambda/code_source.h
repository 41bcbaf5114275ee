/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the code of a function comes from, in CreateFunction and UpdateFunctionCode. */

#include <stdbool.h>

#include "base/str.h"

struct api_blob;
struct api_request;

struct code_source {
    const struct api_blob *zip_file;
    struct str s3_bucket;
    struct str s3_key;
};

/* Exactly one source, and a zip that is neither empty nor too large. False: the request has been
 * answered. */
bool code_source_check(struct api_request *request, const struct code_source *source);
