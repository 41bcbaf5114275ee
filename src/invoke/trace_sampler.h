/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which invocations of an actively traced function are sampled when their callers have not decided:
 * the first of each second, and 5 % of the others (spec: logging, 5.1). Pure but for randomness.
 *
 * Memory is fixed: functions whose names hash alike share the first of a second.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { TRACE_SAMPLER_SLOTS = 1024 };

struct trace_sampler {
    uint64_t second[TRACE_SAMPLER_SLOTS]; /* in which the first one was taken last, plus one */
};

/* function_arn: unqualified. now_ns: of the monotonic clock. */
bool trace_sampler_take(struct trace_sampler *sampler, struct str function_arn, uint64_t now_ns);
