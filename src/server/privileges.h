/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/*
 * Become uid for good: no supplementary groups, no capabilities, and no way back (exec'd set-uid
 * programs gain nothing). To be called once, by root, before any thread exists.
 */
int privileges_drop(uid_t uid, struct reason *why);
