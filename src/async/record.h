/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The invocation record that a destination gets (spec: invocation, section 5.1). Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct async_event;
struct buf;

struct async_result {
    const char *condition; /* "Success", "RetriesExhausted", … */
    uint32_t invoke_count;
    bool has_response; /* the function ran at last */
    bool is_error;     /* … and failed */
    struct str executed_version;
    struct str response; /* what it answered, as it came */
};

/* function_arn: qualified. Failures stay in the buffer. */
void async_record_write(struct buf *out, const struct async_event *event, struct str function_arn,
                        uint64_t now_ms, const struct async_result *result);
