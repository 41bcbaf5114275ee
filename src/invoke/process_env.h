/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The environment of a runtime process: AWS's reserved variables, its defaults that a function may
 * override, and the function's own (spec: lifecycle, section 4).
 */

#include <stdbool.h>

#include "base/buf.h"
#include "catalog/function.h"

struct process_env_options {
    struct str log_stream;
    struct str initialization_type; /* "on-demand", "provisioned-concurrency" */
    struct str metadata_token;
    struct str xray_daemon; /* "host:port"; absent: as on AWS, where nobody listens here */
    bool endpoint_url;      /* set AWS_ENDPOINT_URL to the daemon's own API inside the sandbox */
};

/* Appends NUL-ended KEY=VALUE entries. Check buf_failed() after. */
/* Of an extension's process: what of the runtime's block is not about the runtime alone. */
void process_env_build_extension(struct buf *buf, struct str runtime_env);
void process_env_build(struct buf *buf, const struct function_version *version,
                       const struct process_env_options *options);
/*
 * Of a runtime that is started before it knows its function (a stem cell): what acts when a process
 * starts and is the same for every function of this runtime. Nothing when this function changes any
 * of that itself, or anything else that a starting interpreter or the C library looks at, and so
 * needs a process of its own.
 */
void process_env_build_stem(struct buf *buf, const struct function_version *version);
