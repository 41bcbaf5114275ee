/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/code_source.h"

#include <string.h>

#include "api/lambda/answers.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/limits.h"
#include "model/lambda/faults.h"

bool code_source_check(struct api_request *request, const struct code_source *source)
{
    bool has_s3 = str_is_set(source->s3_bucket) || str_is_set(source->s3_key);

    if (source->zip_file && has_s3)
        answer_invalid(request, "Please do not provide other FunctionCode parameters when "
                                "providing a ZipFile.");
    else if (has_s3 && (!str_is_set(source->s3_bucket) || !str_is_set(source->s3_key)))
        answer_invalid(request, "Please provide both S3Bucket and S3Key.");
    else if (!source->zip_file && !has_s3)
        answer_invalid(request, "Please provide a source for function code.");
    else if (source->zip_file && source->zip_file->size > LIMIT_CODE_ZIPPED_BYTES)
        api_fault(request, &lambda_fault_request_too_large,
                  "Zipped size must be smaller than %d bytes", LIMIT_CODE_ZIPPED_BYTES);
    else if (source->zip_file && source->zip_file->size == 0)
        answer_invalid(request, "Uploaded file must be a non-empty zip");
    else
        return true;
    return false;
}

static void on_added(struct code_request *code)
{
    struct code_load *load = container_of(code, struct code_load, code);

    code_fetch_deinit(&load->fetch);
    load->package = code->package;
    if (code->outcome == CODE_OK)
        load->on_done(load);
    else
        answer_code_refused(load->request, code);
}

static void add(struct code_load *load)
{
    int r;

    load->digest = load->upload.digest;
    load->code.on_done = on_added;
    r = code_store_add(load->service->options.code, &load->code, &load->upload);
    if (r < 0) {
        code_fetch_deinit(&load->fetch);
        api_fault_internal(load->request, err_pass(r));
    }
}

static void answer_s3_error(struct code_load *load)
{
    const struct s3_get *get = &load->fetch.get;
    const struct s3_error *error = &get->error;

    if (strcmp(error->code, "AccessDenied") == 0)
        api_fault(load->request, &lambda_fault_access_denied,
                  "Your access has been denied by S3, please make sure your request credentials "
                  "have permission to GetObject for %.*s/%.*s. S3 Error Code: %s. S3 Error "
                  "Message: %s",
                  STR_FMT(get->bucket), STR_FMT(get->key), error->code, error->message);
    else
        answer_invalid(load->request,
                       "Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s",
                       error->code, error->message);
}

static void answer_fetch_refused(struct code_load *load, int outcome)
{
    struct api_request *request = load->request;

    switch (outcome) {
    case CODE_FETCH_REFUSED:
        answer_s3_error(load);
        break;
    case CODE_FETCH_UNREACHABLE:
        answer_invalid(request, "Error occurred while GetObject. S3 cannot be reached: %s",
                       load->fetch.get.why.text);
        break;
    case CODE_FETCH_UNKNOWN:
        answer_invalid(request,
                       "Error occurred while GetObject. This server knows no S3: start it with "
                       "--endpoint-s3 or AWS_ENDPOINT_URL_S3, or with AWS credentials.");
        break;
    case CODE_FETCH_TOO_LARGE:
        answer_invalid(request, "Unzipped size must be smaller than %d bytes",
                       LIMIT_CODE_UNZIPPED_BYTES);
        break;
    default:
        api_fault_internal(request, err_fold(outcome));
        break;
    }
}

static void on_fetched(struct code_fetch *fetch, int outcome)
{
    struct code_load *load = container_of(fetch, struct code_load, fetch);

    if (outcome == CODE_FETCH_OK && code_fetch_bytes(fetch) > 0) {
        load->upload = *code_fetch_upload(fetch);
        load->bytes = code_fetch_bytes(fetch);
        add(load);
        return;
    }
    code_fetch_deinit(fetch);
    if (outcome == CODE_FETCH_OK)
        answer_invalid(load->request, "Uploaded file must be a non-empty zip");
    else
        answer_fetch_refused(load, outcome);
}

/* The limit of 50 MB is one of requests. What comes from S3 is held to that of its content, which
 * a zip that is larger than it cannot keep. */
static void fetch_start(struct code_load *load, const struct code_source *source)
{
    const struct code_fetch_options options = {
        .loop = load->service->options.loop,
        .aws = load->service->options.aws,
        .directory = load->service->options.spool_directory,
        .bytes_max = LIMIT_CODE_UNZIPPED_BYTES,
    };
    int r;

    load->fetch.get.region = load->request->principal.region;
    load->fetch.get.bucket = source->s3_bucket;
    load->fetch.get.key = source->s3_key;
    load->fetch.get.version = source->s3_object_version;
    load->fetch.on_done = on_fetched;
    r = code_fetch_start(&load->fetch, &options);
    if (r != 0)
        on_fetched(&load->fetch, r);
}

void code_load_start(struct code_load *load, struct api_request *request,
                     struct lambda_service *service, const struct code_source *source)
{
    load->request = request;
    load->service = service;
    if (!source->zip_file) {
        fetch_start(load, source);
        return;
    }
    load->bytes = source->zip_file->size;
    load->upload = (struct code_upload){
        .fd = source->zip_file->fd,
        .path = source->zip_file->path,
        .digest = source->zip_file->sha256,
    };
    add(load);
}
