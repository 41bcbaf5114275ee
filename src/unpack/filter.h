/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Load resources/seccomp/unpack.rules for this process. 0 or -errno. */
int filter_load(void);
