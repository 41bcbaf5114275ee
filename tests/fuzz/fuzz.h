/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What libFuzzer calls. */

#include <stddef.h>
#include <stdint.h>

__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
