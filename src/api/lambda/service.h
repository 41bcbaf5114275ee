/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The Lambda API as a service of the gate: its handlers and what they work on. */

#include <stdint.h>
#include <uv.h>

#include "base/cleanup.h"

struct api_service;
struct async;
struct aws_client;
struct catalog;
struct code_store;
struct dispatch;
struct lambda_service;
struct package_url_key;

/* Everything is borrowed and outlives the service. */
struct lambda_service_options {
    uv_loop_t *loop;
    struct catalog *catalog;
    struct code_store *code;
    struct aws_client *aws;      /* fetches packages from S3 */
    const char *spool_directory; /* to here, in the file system of the code store */
    struct dispatch *dispatch;
    struct async *async;
    const struct package_url_key *package_key;
    uint32_t concurrency_limit; /* of an account; 0: AWS's */
    uint16_t public_port;       /* where function URLs are served */
};

/* 0 or -ENOMEM. */
int lambda_service_new(struct lambda_service **ret_service,
                       const struct lambda_service_options *options);
/* When no request is under way any more. */
struct lambda_service *lambda_service_free(struct lambda_service *service);
CLEANUP_DEFINE(struct lambda_service, lambda_service_free)

/* For the gate; lives as long as the service. */
const struct api_service *lambda_service_api(struct lambda_service *service);
