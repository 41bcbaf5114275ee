/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Memory of a process tree from /proc, for hosts where no cgroup of ours counts it. */

#include <stdint.h>

/* Sum of the peaks (VmHWM) of pid's descendants that live; a bounded number of them. 0 when there
 * are none. */
uint64_t process_memory_peak_bytes(int32_t pid);
