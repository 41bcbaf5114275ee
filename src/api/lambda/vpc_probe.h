/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Are the subnets and security groups of a VpcConfig there? Asked of EC2, where one is configured;
 * without that, and where it gives no definite answer, they count as existing.
 */

#include "aws/client.h"
#include "base/buf.h"
#include "base/str.h"

struct api_request;
struct lambda_vpc_config;

enum { VPC_PROBE_STARTED, VPC_PROBE_NOTHING_TO_ASK };

enum { VPC_ID_BYTES = 64 };

/* A part of the caller's object, which is in the request's arena. */
struct vpc_probe {
    /* All are there, as far as is known. Not called when one is not: then the request has been
     * answered. */
    void (*on_done)(struct vpc_probe *probe);
    char vpc_id[VPC_ID_BYTES]; /* of the first subnet; "": EC2 did not tell */

    /* private */
    struct api_request *request;
    struct aws_client *aws;
    const struct lambda_vpc_config *vpc;
    bool is_about_groups; /* else about subnets */
    struct aws_call call;
    struct buf body;
    struct buf answer;
};

/* vpc may be NULL. VPC_PROBE_STARTED; VPC_PROBE_NOTHING_TO_ASK, and on_done is not called; or
 * -ENOMEM. */
int vpc_probe_start(struct vpc_probe *probe, struct api_request *request, struct aws_client *aws,
                    const struct lambda_vpc_config *vpc);
