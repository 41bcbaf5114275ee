/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keeps web pages out. While credentials are not verified, any page that a developer opens could
 * send requests to the daemon on loopback, and deploy code with them. A page cannot add an
 * Authorization header without asking first, so only requests without one are looked at:
 *   - one that a browser sent for a page must come from a page of the same host (Origin against
 * Host), and
 *   - the Host must be a name that no stranger can point at this machine: an address, a name
 * without a dot,
 *     *.localhost or *.amazonaws.com. (Anybody may let evil.example resolve to 127.0.0.1 and become
 * "same host".)
 */

#include <stdbool.h>

#include "base/str.h"

/* origin: absent when the request has none. */
bool api_origin_is_acceptable(struct str host, struct str origin);
