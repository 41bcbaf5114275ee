/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whom a verb talks to: endpoint, region and credentials, from the common options (--endpoint,
 * --region), else from the environment variables of the AWS tools, else the defaults of a daemon on
 * this machine.
 */

#include <stdbool.h>

#include "cli/verb.h"

/* First member of the options of every verb that calls the daemon. Filled by options, completed by
 * resolve. */
struct target {
    const char *endpoint; /* "http://127.0.0.1:4566", without a final slash */
    const char *region;
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: none */
};

/* --endpoint and --region; ends with a NULL name. */
extern const struct verb_option target_options[];

void target_resolve(struct target *target);

/* The "host:port" part of the endpoint, in buffer. False when the endpoint is no http(s) URL or too
 * long. */
bool target_host(const struct target *target, char *buffer, unsigned size);
