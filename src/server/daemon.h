/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The wiring: every part of the daemon, made in order, joined by small ops tables, and taken apart
 * in the opposite order. The only place that knows everything.
 */

#include <stdint.h>

#include "base/error.h"

struct daemon;
struct server_options;

/* options are borrowed and outlive the daemon. */
int daemon_new(struct daemon **ret_daemon, const struct server_options *options,
               struct reason *why);
struct daemon *daemon_free(struct daemon *daemon);

/* Open the public sockets; requests are answered 503 until the daemon is ready. */
int daemon_listen(struct daemon *daemon, struct reason *why);
/* Open store, catalogue, code and scheduler. jail_sock is owned from now on. */
int daemon_start(struct daemon *daemon, int jail_sock, struct reason *why);
/* Until a drain has ended. A daemon that has to give up says why and ends the process with
 * status 1. */
void daemon_run(struct daemon *daemon);

/* A short name that this state directory always has, so that leftovers of an earlier daemon on it
 * can be told from those of others: "l" and hexadecimal digits. name has room for 33 bytes. */
void daemon_instance_name(const char *state_dir, char *name);
/* The first of LIMIT_ENVIRONMENTS user ids for its sandboxes, likewise. */
uint32_t daemon_uid_base(const char *state_dir);
