/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A failed step: where and which errno, no text. The code between clone and exec has neither malloc
 * nor stdio; the daemon makes the sentence (sandbox/steps.c).
 */

#include <errno.h>

#include "jail/protocol.h"

/* Fill in and return -errno; for "return fail(failure, JAIL_STEP_X, errno)". */
static inline int fail(struct jail_failure *failure, enum jail_step step, int error)
{
    failure->step = (uint32_t)step;
    failure->error = (uint32_t)(error < 0 ? -error : error);
    return error < 0 ? error : -(error ? error : ENOTRECOVERABLE);
}
