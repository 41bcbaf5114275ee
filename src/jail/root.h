/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The jail's own root and the root of the boxes in it.
 *
 *   /            tmpfs, the jail's. The host's root is gone from its mount namespace, so that
 *                copying that for a box copies a dozen mounts and not all of the host's
 *   /box         tmpfs, read-only once it is filled: what every box has as its root
 *       usr      the host's, read-only; bin, lib … are the host's links into it
 *       etc      an allow-list, and files of our own making
 *       dev      null, zero, full, random, urandom, the fd links; no shm (as on AWS)
 *       proc tmp var/task var/runtime opt    mounted per box
 *   /code        state-dir/code, for the errands
 *   /code-ro     the same, as boxes get it
 *   /users       passwd and group files, two for every slot that was ever used
 *   /proc        the host's; its being there is what allows another one in a user namespace
 */

#include "jail/jail.h"

/*
 * Opens what the configuration names, enters a mount namespace and builds all that. Everything of
 * the host that the jail will ever use has been opened when it returns.
 */
int jail_root_enter(struct jail *jail, struct jail_failure *failure);

/* The passwd and group files of a slot, made when the slot is used for the first time. */
int jail_root_add_user(struct jail *jail, uint32_t slot);
