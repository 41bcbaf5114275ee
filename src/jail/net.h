/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

enum { NET_LISTENER_PORT = 9001 };

/* Bring the loopback of this network namespace up. 0 or -errno. */
int net_loopback_up(void);

/* A TCP socket that listens on 127.0.0.1:9001 here; non-blocking, close-on-exec. fd or -errno. */
int net_listener_new(void);
