/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The runtime identifiers of the service, as the control plane judges them. */

#include <stdbool.h>

#include "base/str.h"

enum runtime_status {
    RUNTIME_USABLE,
    RUNTIME_RETIRED, /* functions with it can neither be created nor updated */
    RUNTIME_UNKNOWN,
};

enum runtime_status runtime_status(struct str runtime);
bool runtime_has_snap_start(struct str runtime);

/* The set as the service prints it (recorded January 2026). */
extern const char runtime_enum_text[];
