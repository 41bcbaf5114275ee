/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CRC-32 as zip and the AWS event stream use it (polynomial 0x04C11DB7, reflected). */

#include <stdint.h>

#include "base/str.h"

/* Goes on from the CRC of the bytes before; 0 at the beginning. */
uint32_t crc32_update(uint32_t crc, struct str bytes);
