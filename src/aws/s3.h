/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Objects of S3, or of any store that speaks its protocol: buckets are named in the path. */

#include "aws/client.h"

struct s3_get;

enum { S3_ERROR_CODE_BYTES = 64, S3_ERROR_MESSAGE_BYTES = 512 };

/* What the store answers instead of an object. */
struct s3_error {
    char code[S3_ERROR_CODE_BYTES];       /* "NoSuchKey" */
    char message[S3_ERROR_MESSAGE_BYTES]; /* a sentence */
};

/* How a GetObject ended; failures are negative errnos. */
enum {
    S3_OK,
    S3_REFUSED,     /* error says why */
    S3_UNREACHABLE, /* why says the reason */
};

struct s3_get_ops {
    int (*data)(struct s3_get *get, struct str bytes); /* as that of a struct aws_call */
    void (*done)(struct s3_get *get, int outcome);
};

/* A part of the caller's object. Everything is borrowed until done. */
struct s3_get {
    struct str region;
    struct str bucket;
    struct str key;
    struct str version; /* absent: the newest */
    const struct s3_get_ops *ops;

    /* With done. */
    struct s3_error error;
    struct reason why;

    /* private */
    struct aws_call call;
    struct buf path;
    struct buf query;
    char bucket_region[64];
};

/* AWS_CALL_STARTED, AWS_CALL_UNKNOWN, or -ENOMEM. */
int s3_get_start(struct aws_client *client, struct s3_get *get);
void s3_get_resume(struct s3_get *get);

/* The error document that goes with a status; one that says nothing gives the status as its code.
 * Pure. */
void s3_error_parse(struct str document, unsigned status, struct s3_error *ret_error);
