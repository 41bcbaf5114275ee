/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAP_NUMBERS_MAX = 64 };

int caps_drop_bounding(void)
{
    for (unsigned long cap = 0; cap < CAP_NUMBERS_MAX; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
            continue;
        return errno == EINVAL ? 0 : -errno; /* EINVAL: this kernel has no more */
    }
    return 0;
}

/*
 * Leaving uid 0 clears the effective and permitted sets only for a process that was uid 0 of its
 * namespace, and a box with a user namespace of its own never was. So we do not rely on it.
 */
int caps_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return -errno;
    if (syscall(SYS_capset, &header, none) < 0)
        return -errno;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
