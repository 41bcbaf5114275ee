/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Requests to AWS services, or to what stands in for them: signed, streamed, bounded in time and
 * memory. Redirects are not followed, so that no answer can send credentials to another host.
 *
 * Many calls at a time on one loop; nothing blocks. libcurl does the work and is loaded with the
 * first call. Loop thread only; no callback comes from inside the call that starts something.
 */

#include <stddef.h>
#include <uv.h>

#include "aws/sign.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/list.h"

struct aws_call;
struct aws_client;

enum aws_service {
    AWS_S3,
    AWS_SQS,
    AWS_KINESIS,
    AWS_DYNAMODB_STREAMS,
    AWS_SNS,
    AWS_EVENTBRIDGE,
    AWS_EC2,
    AWS_SERVICE_COUNT,
};

enum { AWS_CALL_HEADERS_MAX = 8, AWS_ERROR_BODY_BYTES_MAX = 64 * 1024 };

struct aws_client_options {
    uv_loop_t *loop;
    /* "http://127.0.0.1:9000" (valid: aws/endpoint.h); absent: AWS's own, which needs credentials.
     * All is borrowed as long as the client lives. */
    struct str endpoints[AWS_SERVICE_COUNT];
    struct aws_credentials credentials; /* none: what stands in for AWS gets those all tools use */
    uint64_t timeout_ms;                /* of a whole call; 0: the default */
};

/* 0 or -ENOMEM. */
int aws_client_new(struct aws_client **ret_client, const struct aws_client_options *options);
/* When no call is under way. NULL is accepted. */
struct aws_client *aws_client_free(struct aws_client *client);
CLEANUP_DEFINE(struct aws_client, aws_client_free)

/* What aws_call_start answers; failures are negative errnos. */
enum {
    AWS_CALL_STARTED, /* done will be called */
    AWS_CALL_UNKNOWN, /* neither an endpoint nor credentials are configured for the service */
};

/* How a call ended, for done; failures are negative errnos, those of data among them. */
enum {
    AWS_CALL_ANSWERED,    /* by the service, with the status */
    AWS_CALL_UNREACHABLE, /* why says the reason */
};

/* What data may answer. */
enum { AWS_DATA_TAKEN, AWS_DATA_LATER };

struct aws_call_ops {
    /* A header of the answer; name in lower case. May be NULL. */
    void (*header)(struct aws_call *call, struct str name, struct str value);
    /* Body of an answer with status 2xx. AWS_DATA_LATER: not taken; the same comes again after
     * aws_call_resume. A failure ends the call. */
    int (*data)(struct aws_call *call, struct str bytes);
    /* The end; the call is the caller's again. */
    void (*done)(struct aws_call *call, int outcome);
};

/* A part of the caller's object. Everything is borrowed until done. */
struct aws_call {
    enum aws_service service;
    struct str region;
    const char *method;
    struct str path;                  /* percent-encoded: aws_uri_encode */
    struct str query;                 /* likewise, sorted; may be absent */
    const struct aws_header *headers; /* more headers, at most AWS_CALL_HEADERS_MAX; signed, too */
    size_t header_count;
    struct str body; /* may be absent */
    const struct aws_call_ops *ops;

    /* From the first data on. */
    unsigned status;
    /* Of an answer with another status than 2xx, cut at AWS_ERROR_BODY_BYTES_MAX; the client's. */
    struct buf error_body;
    struct reason why;

    /* private */
    struct aws_client *client;
    void *easy;  /* owned */
    void *lines; /* owned: the headers as libcurl wants them */
    int failure; /* that data answered */
    struct list node;
};

int aws_call_start(struct aws_client *client, struct aws_call *call);
/* After data has answered AWS_DATA_LATER. */
void aws_call_resume(struct aws_call *call);
