/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sends segments (xray_segment.h) to an X-Ray daemon over UDP. Nothing waits for it: what cannot be
 * sent at once, also while the daemon's name is being looked up, is dropped and counted. Loop
 * thread only.
 */

#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "obs/report.h"

struct xray;

/* address: "host:port", IPv6 in brackets. -EINVAL with the reason. */
int xray_new(struct xray **ret_xray, uv_loop_t *loop, const char *address, struct reason *why);
struct xray *xray_free(struct xray *xray);

/* Both segments of an invocation, if it is traced. xray may be NULL: there is no daemon. */
void xray_send(struct xray *xray, const struct invocation_record *record);
/* The one of an invocation that was throttled, if it is traced. xray may be NULL. */
void xray_send_throttle(struct xray *xray, const struct invocation_record *record);

struct xray_stats {
    uint64_t sent;
    uint64_t dropped;
};
void xray_stats(const struct xray *xray, struct xray_stats *ret_stats);
