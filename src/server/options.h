/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the daemon can be told: on the command line (--idle-stop-s 60), in the environment
 * (LAMBD_IDLE_STOP_S=60) and in the configuration file (idle-stop-s = 60), in this order of
 * precedence. The endpoints of services have a section of their own in the file: "s3" in
 * [endpoints] is --endpoint-s3. One table describes them all; --help is made from it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { OPTION_TEXT_BYTES = 512 };

struct server_options {
    char listen[OPTION_TEXT_BYTES]; /* "host:port", several separated by commas */
    char state_dir[OPTION_TEXT_BYTES];
    char config[OPTION_TEXT_BYTES];
    char region[OPTION_TEXT_BYTES];
    char account[OPTION_TEXT_BYTES];
    char cpu[OPTION_TEXT_BYTES];           /* "weight" or "strict" */
    char network[OPTION_TEXT_BYTES];       /* "auto", "nat" or "none" */
    char network_range[OPTION_TEXT_BYTES]; /* "": one that is free */
    uint64_t user;                         /* numeric id to run as when started as root */
    uint64_t uid_base;                     /* host ids of the sandboxes: uid_base + slot; 0: chosen */
    uint64_t boxes_prepared;
    uint64_t stem_cells;
    uint64_t environments_max;
    uint64_t concurrency_limit;
    uint64_t scale_up_per_10s;
    uint64_t memory_mb; /* 0: a share of what the host has */
    uint64_t room_wait_ms;
    uint64_t idle_freeze_ms;
    uint64_t idle_stop_s;
    uint64_t init_limit_ms;
    uint64_t stream_rate_kb;
    uint64_t drain_s;
    uint64_t settle_ms;
    bool endpoint_url;
    /* "" when they are not configured */
    char endpoint_s3[OPTION_TEXT_BYTES];
    char endpoint_sqs[OPTION_TEXT_BYTES];
    char endpoint_kinesis[OPTION_TEXT_BYTES];
    char endpoint_dynamodb_streams[OPTION_TEXT_BYTES];
    char endpoint_sns[OPTION_TEXT_BYTES];
    char endpoint_eventbridge[OPTION_TEXT_BYTES];
    char endpoint_ec2[OPTION_TEXT_BYTES];
    char xray_daemon[OPTION_TEXT_BYTES]; /* "" : none */
    uint64_t async_queue_mb;
    uint64_t async_delay_permille;
};

/* Outcomes */
enum { OPTIONS_OK, OPTIONS_HELP };

/* OPTIONS_OK, OPTIONS_HELP (--help was given), or a failure with the reason: unknown options and
 * bad values are refused by name. */
int server_options_read(struct server_options *ret_options, int argc, char **argv,
                        struct reason *why);

void server_options_print_help(void);
