/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The jail reports step and errno; here they become a sentence with the remedy, where there is one.
 */

#include "base/error.h"
#include "jail/protocol.h"

void step_reason(struct reason *why, const struct jail_failure *failure);
