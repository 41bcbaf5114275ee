/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which interpreter of the host runs a managed runtime, for INIT_START lines, error messages and
 * the doctor. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sandbox/sandbox.h"

struct sandbox_interpreter {
    char path[64];
    uint32_t major; /* 0: not known without running it */
    uint32_t minor;
};

/*
 * The same search that the jail does when it starts a runtime; a handful of stats, no process.
 * False: there is none. PROVIDED needs none and gives false.
 */
bool sandbox_interpreter_find(struct sandbox_interpreter *ret_interpreter,
                              enum sandbox_runtime runtime, uint32_t major, uint32_t minor);

/* Is that the version asked for (python: major.minor, node: major)? An unknown one counts as
 * another. */
bool sandbox_interpreter_is(const struct sandbox_interpreter *interpreter,
                            enum sandbox_runtime runtime, uint32_t major, uint32_t minor);

/* The sentence for a host without one, with the package to install. */
void sandbox_interpreter_missing(struct reason *why, enum sandbox_runtime runtime, uint32_t major,
                                 uint32_t minor);
