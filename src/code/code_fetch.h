/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A package from S3 to a file of the upload folder. Loop thread only. */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "aws/s3.h"

struct code_spool;
struct code_upload;

/* How it ended; failures are negative errnos. */
enum {
    CODE_FETCH_OK,
    CODE_FETCH_REFUSED,     /* get.error is what S3 says */
    CODE_FETCH_UNREACHABLE, /* get.why says the reason */
    CODE_FETCH_TOO_LARGE,   /* more than bytes_max */
    CODE_FETCH_UNKNOWN,     /* there is no S3: neither an endpoint nor credentials */
};

struct code_fetch_options {
    uv_loop_t *loop;
    struct aws_client *aws;
    const char *directory; /* the upload folder; borrowed */
    uint64_t bytes_max;
};

/* A part of the caller's object. */
struct code_fetch {
    struct s3_get get; /* region, bucket, key and version are the caller's to set, and borrowed */
    void (*on_done)(struct code_fetch *fetch, int outcome);

    /* private */
    struct code_spool *spool; /* owned */
    uint64_t bytes_max;
    int failure; /* of a write */
    int outcome;
    bool has_ended; /* the object; maybe a batch of it is still being written */
};

/* 0, and on_done is called later; or CODE_FETCH_UNKNOWN or a failure, and it is not. */
int code_fetch_start(struct code_fetch *fetch, const struct code_fetch_options *options);
/* In any case, also of one that was only zeroed: removes the file unless the code store took it. */
void code_fetch_deinit(struct code_fetch *fetch);

/* With CODE_FETCH_OK, until code_fetch_deinit. */
const struct code_upload *code_fetch_upload(const struct code_fetch *fetch);
uint64_t code_fetch_bytes(const struct code_fetch *fetch);
