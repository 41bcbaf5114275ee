/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One box as the jail sees it. Every function takes a slot that the caller has checked against the
 * table; the requests that do not fit the box's state are ignored when that can happen honestly
 * (the box failed or died while the request was on its way), and are a protocol violation
 * otherwise: -EPROTO ends the jail.
 *
 *   FREE ──new──▶ CREATING ──init ready──▶ EMPTY ──assign──────────▶ ASSIGNED
 *                    │                       └──stem──▶ STEM ──assign──┘ │
 *                    └──────────┬───────────────────────┴────────────────┘
 *                               ▼  a step failed, or the init died
 *                             FAILED
 *   any of them ──stop──▶ STOPPING ──init reaped──▶ FREE
 */

#include <stddef.h>
#include <stdint.h>

struct jail;
struct jail_request;

/* Requests. 0, or a failure that ends the jail. */
int box_new(struct jail *jail, const struct jail_request *request);
int box_stem(struct jail *jail, const struct jail_request *request);
int box_assign(struct jail *jail, const struct jail_request *request);
int box_start(struct jail *jail, const struct jail_request *request);
int box_signal(struct jail *jail, const struct jail_request *request);
int box_freeze(struct jail *jail, const struct jail_request *request);
int box_start_extensions(struct jail *jail, const struct jail_request *request);
int box_settle(struct jail *jail, const struct jail_request *request);
int box_socket(struct jail *jail, const struct jail_request *request);
int box_stop(struct jail *jail, const struct jail_request *request);

/* Events: the control socket has a report, or the init's process has ended. */
int box_on_control(struct jail *jail, uint32_t slot);
int box_on_pid(struct jail *jail, uint32_t slot);

/* Kill all boxes and wait for them: the end of the jail. */
void boxes_kill(struct jail *jail);
/* Those that wait for their /tmp have waited in vain. */
int boxes_fail_creating(struct jail *jail);
