/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Work on the code store that takes long: unpacking a zip, removing a package. Each errand is a
 * process of its own, forked from the jail, so that the jail's loop never waits for a disk. An
 * unpack errand starts lambd-unpack in namespaces of its own, with its own uid; that one touches
 * the zip, the errand only what came out of it:
 *
 *   mkdir code/<digest>.tmp-… → the unpacker fills it → flush → write <digest>.bytes
 *   → rename to code/<digest> → fsync
 *
 * Any failure removes the temporary folder. What a crash leaves is removed at the next start.
 */

#include <stdint.h>

struct jail;
struct jail_request;

/* zip_fd (UNPACK only) is borrowed. 0, or a failure that ends the jail. */
int errand_start(struct jail *jail, const struct jail_request *request, int zip_fd);
/* Its pipe can be read or has closed. */
int errand_on_event(struct jail *jail, uint32_t slot);
/* At start-up: remove temporary folders, in the background. */
void errand_clean(const struct jail *jail);
/* The jail ends: so do they. */
void errands_kill(struct jail *jail);
