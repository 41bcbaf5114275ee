/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static const struct sock_filter box_filter[] = {
#include "jail/seccomp_box.inc"
};

int seccomp_load_box(void)
{
    struct sock_fprog program = {
        .len = (unsigned short)array_count(box_filter),
        .filter = (struct sock_filter *)(uintptr_t)box_filter,
    };

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
