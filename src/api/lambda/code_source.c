/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/code_source.h"

#include "api/lambda/answers.h"
#include "api/request.h"
#include "base/limits.h"
#include "model/lambda/faults.h"

bool code_source_check(struct api_request *request, const struct code_source *source)
{
    bool has_s3 = str_is_set(source->s3_bucket) || str_is_set(source->s3_key);

    if (source->zip_file && has_s3)
        answer_invalid(request, "Please do not provide other FunctionCode parameters when "
                                "providing a ZipFile.");
    else if (has_s3)
        /* Fetching from S3 comes with the control plane's own issue. */
        answer_invalid(request, "Code from S3 is not supported yet by this server. Please provide "
                                "the code as ZipFile.");
    else if (!source->zip_file)
        answer_invalid(request, "Please provide a source for function code.");
    else if (source->zip_file->size > LIMIT_CODE_ZIPPED_BYTES)
        api_fault(request, &lambda_fault_request_too_large,
                  "Zipped size must be smaller than %d bytes", LIMIT_CODE_ZIPPED_BYTES);
    else if (source->zip_file->size == 0)
        answer_invalid(request, "Uploaded file must be a non-empty zip");
    else
        return true;
    return false;
}
