/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Runtime identifiers of the API ("python3.12", "nodejs20.x", "provided.al2023") as the scheduler
 * needs them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sandbox/sandbox.h"

enum runtime_family {
    RUNTIME_PYTHON,
    RUNTIME_NODE,
    RUNTIME_RUBY,
    RUNTIME_DOTNET,
    RUNTIME_JAVA,
    RUNTIME_PROVIDED,
    RUNTIME_OTHER, /* a language whose client does not exist here yet */
};

struct runtime_name {
    enum runtime_family family;
    enum sandbox_runtime sandbox; /* not for RUNTIME_OTHER */
    uint32_t major;
    uint32_t minor;
    char label[32]; /* of INIT_START: "python:3.12", "nodejs:20", "provided:al2023" */
};

void runtime_name_parse(struct runtime_name *ret_name, struct str identifier);
