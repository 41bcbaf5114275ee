/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the two halves of a box share: box.c makes and ends it, box_process.c starts processes in it
 * and hears of them. Included by them only.
 */

#include <stdbool.h>
#include <stddef.h>

#include "jail/init.h"
#include "jail/jail.h"

/* box.c */

int box_send_event(struct jail *jail, uint32_t slot, enum jail_event_type type, const int *fds,
                   size_t fd_count);
/* Tell the daemon, once; the box then waits for its stop. Its processes end now. */
int box_fail(struct jail *jail, uint32_t slot, const struct jail_failure *failure);
int box_fail_step(struct jail *jail, uint32_t slot, enum jail_step step, int error);
/* A request for this generation in a state where it makes sense; others were overtaken by a
 * failure. */
bool box_is_for(const struct jail *jail, const struct jail_request *request, enum box_state state);
void box_close_fd(int *fd);

/* box_process.c: reports of the init. Nothing it says is taken on trust. */

int box_on_started(struct jail *jail, uint32_t slot, const struct init_report *report);
int box_on_exited(struct jail *jail, uint32_t slot, const struct init_report *report);
int box_on_extension(struct jail *jail, uint32_t slot, const struct init_report *report,
                     int log_fd);
int box_on_extensions_started(struct jail *jail, uint32_t slot, const struct init_report *report);
int box_on_socket(struct jail *jail, uint32_t slot, int fd);
