/* SPDX-License-Identifier: Apache-2.0 */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void must_fail(const char *cond, const char *file, int line)
{
    (void)fprintf(stderr, "lambd: broken invariant: %s (%s:%d)\n", cond, file, line);
    abort();
}
