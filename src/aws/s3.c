/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/s3.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aws/xml.h"

void s3_error_parse(struct str document, unsigned status, struct s3_error *ret_error)
{
    xml_element_text(document, "Code", ret_error->code, sizeof(ret_error->code));
    xml_element_text(document, "Message", ret_error->message, sizeof(ret_error->message));
    if (ret_error->code[0] == '\0')
        (void)snprintf(ret_error->code, sizeof(ret_error->code), "%u", status);
    if (ret_error->message[0] == '\0')
        (void)snprintf(ret_error->message, sizeof(ret_error->message),
                       "The store answered with HTTP status %u", status);
}

static struct s3_get *get_of(struct aws_call *call)
{
    return container_of(call, struct s3_get, call);
}

static void on_header(struct aws_call *call, struct str name, struct str value)
{
    struct s3_get *get = get_of(call);

    if (str_eq(name, STR("x-amz-bucket-region")))
        (void)str_to_cstr(value, get->bucket_region, sizeof(get->bucket_region));
}

static int on_data(struct aws_call *call, struct str bytes)
{
    struct s3_get *get = get_of(call);

    return get->ops->data(get, bytes);
}

/* What AWS's own clients make of a redirection to the bucket's region. */
static void explain_region(struct s3_get *get)
{
    if (strcmp(get->error.code, "PermanentRedirect") == 0 && get->bucket_region[0])
        (void)snprintf(get->error.message, sizeof(get->error.message),
                       "The bucket is in this region: %s. Please use this region to retry the "
                       "request",
                       get->bucket_region);
}

static int outcome_of(struct s3_get *get, int outcome)
{
    if (outcome == AWS_CALL_UNREACHABLE) {
        get->why = get->call.why;
        return S3_UNREACHABLE;
    }
    if (outcome < 0 || (get->call.status >= 200 && get->call.status <= 299))
        return outcome < 0 ? err_pass(outcome) : S3_OK;
    s3_error_parse(buf_str(&get->call.error_body), get->call.status, &get->error);
    explain_region(get);
    return S3_REFUSED;
}

static void on_done(struct aws_call *call, int outcome)
{
    struct s3_get *get = get_of(call);

    outcome = outcome_of(get, outcome);
    buf_deinit(&get->path);
    buf_deinit(&get->query);
    get->ops->done(get, outcome);
}

static const struct aws_call_ops ops = {.header = on_header, .data = on_data, .done = on_done};

int s3_get_start(struct aws_client *client, struct s3_get *get)
{
    int r = -ENOMEM;

    get->path = (struct buf){0};
    get->query = (struct buf){0};
    get->bucket_region[0] = '\0';
    (void)buf_append_char(&get->path, '/');
    aws_uri_encode(&get->path, get->bucket, false);
    (void)buf_append_char(&get->path, '/');
    aws_uri_encode(&get->path, get->key, true);
    if (str_is_set(get->version)) {
        (void)buf_append_str(&get->query, STR("versionId="));
        aws_uri_encode(&get->query, get->version, false);
    }
    get->call = (struct aws_call){
        .service = AWS_S3,
        .region = get->region,
        .method = "GET",
        .path = buf_str(&get->path),
        .query = str_is_set(get->version) ? buf_str(&get->query) : STR_NONE,
        .ops = &ops,
    };
    if (!buf_failed(&get->path) && !buf_failed(&get->query))
        r = aws_call_start(client, &get->call);
    if (r == AWS_CALL_STARTED)
        return r;
    buf_deinit(&get->path);
    buf_deinit(&get->query);
    return r < 0 ? err_pass(r) : r;
}

void s3_get_resume(struct s3_get *get)
{
    aws_call_resume(&get->call);
}
