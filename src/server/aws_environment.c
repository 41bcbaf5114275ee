/* SPDX-License-Identifier: Apache-2.0 */
#include "server/aws_environment.h"

#include <stdlib.h>

#include "aws/client.h"
#include "aws/endpoint.h"
#include "server/options.h"

static struct str variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? str_of(value) : STR_NONE;
}

/* Absent unless it is one. */
static struct str endpoint_variable(const char *name)
{
    struct aws_endpoint endpoint;
    struct str value = variable(name);

    return str_is_set(value) && aws_endpoint_parse(value, &endpoint) ? value : STR_NONE;
}

static struct str endpoint_of(const char *option, const char *name)
{
    struct str endpoint = option[0] ? str_of(option) : endpoint_variable(name);

    return str_is_set(endpoint) ? endpoint : endpoint_variable("AWS_ENDPOINT_URL");
}

void aws_environment_read(struct aws_client_options *aws, const struct server_options *options)
{
    aws->endpoints[AWS_S3] = endpoint_of(options->endpoint_s3, "AWS_ENDPOINT_URL_S3");
    aws->endpoints[AWS_SQS] = endpoint_of(options->endpoint_sqs, "AWS_ENDPOINT_URL_SQS");
    aws->endpoints[AWS_KINESIS] =
        endpoint_of(options->endpoint_kinesis, "AWS_ENDPOINT_URL_KINESIS");
    aws->endpoints[AWS_DYNAMODB_STREAMS] =
        endpoint_of(options->endpoint_dynamodb_streams, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS");
    aws->endpoints[AWS_SNS] = endpoint_of(options->endpoint_sns, "AWS_ENDPOINT_URL_SNS");
    aws->endpoints[AWS_EVENTBRIDGE] =
        endpoint_of(options->endpoint_eventbridge, "AWS_ENDPOINT_URL_EVENTBRIDGE");
    aws->endpoints[AWS_EC2] = endpoint_of(options->endpoint_ec2, "AWS_ENDPOINT_URL_EC2");
    aws->credentials.access_key = variable("AWS_ACCESS_KEY_ID");
    aws->credentials.secret_key = variable("AWS_SECRET_ACCESS_KEY");
    aws->credentials.session_token = variable("AWS_SESSION_TOKEN");
    if (!str_is_set(aws->credentials.secret_key))
        aws->credentials = (struct aws_credentials){0};
}
