/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much of the host's memory functions may have. By default a share of what is available when
 * the daemon starts: what the host can give without swapping, and what the control groups that the
 * daemon was started in (a container, a unit) allow.
 */

#include <stdint.h>

/* megabytes: as configured; 0: by default. */
uint64_t memory_budget_bytes(uint64_t megabytes);

/* What is available, by the files below root ("" for those of this host); 0: they do not tell. */
uint64_t memory_available_bytes(const char *root);
