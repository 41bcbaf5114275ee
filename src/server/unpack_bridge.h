/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lets the code store unpack through the jail, without either knowing the other. context is the
 * sandbox_host. */

#include "code/code_store.h"

extern const struct code_unpack_ops unpack_bridge_ops;
