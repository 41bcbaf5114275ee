/* SPDX-License-Identifier: Apache-2.0 */
#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/must.h"

int privileges_drop(uid_t uid, struct reason *why)
{
    /* Groups first: with the uid gone there is no right left to change them. */
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        int error = errno;

        reason_set_errno(why, error, "cannot become user %u", (unsigned)uid);
        return err_new(-error);
    }
    must(setuid(0) < 0);
    return 0;
}
