/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

static const struct sock_filter instructions[] = {
#include "unpack/seccomp_unpack.inc"
};

int filter_load(void)
{
    struct sock_fprog program = {
        .len = (unsigned short)array_count(instructions),
        .filter = (struct sock_filter *)(uintptr_t)instructions,
    };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return err_new(-errno);
    return 0;
}
