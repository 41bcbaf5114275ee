/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Processor architectures by the names that AWS gives them. Functions run on the host's, whichever
 * they ask for: an interpreted one does not notice, a native program of another cannot be run.
 */

#include <stdint.h>
#include <sys/utsname.h>

/* "x86_64", "arm64", or the kernel's own name of another; valid as long as *name. */
const char *architecture_of_host(struct utsname *name);
/* The same of e_machine of an ELF file; 0: the file is none. */
const char *architecture_of_elf(uint32_t machine);
