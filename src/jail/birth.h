/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The first moments of a box, in the cloned child: from "all namespaces are new" to init_run(). */

#include <stdint.h>

struct jail;

/* control_fd is the child's end. Never returns. */
_Noreturn void birth_run(const struct jail *jail, uint32_t slot, int control_fd);
