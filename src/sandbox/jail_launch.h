/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Start the jail. Called once, by main, before any thread exists and while still root (if ever): it
 * forks. Waits until the jail says hello or why it cannot work here.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct jail_launch_options {
    const char *jail_path;     /* lambd-jail */
    const char *unpacker_path; /* lambd-unpack */
    const char *state_dir;     /* packages live in code/ below it */
    const char *runtimes_dir;  /* has python/ and node/: our clients */
    const char *instance;      /* [a-z0-9-]{1,32}: tells daemons on one host apart; names cgroups */
    uint32_t uid_base;   /* 0: 1900000000; boxes are uid_base + slot, the unpacker uid_base - 1 */
    uint32_t slots_max;  /* 0: LIMIT_ENVIRONMENTS */
    bool is_cpu_strict;  /* AWS's cpu quota instead of a weight only */
    const char *network; /* "none", "nat", or "auto": nat where the host can; NULL: none */
    const char *network_range; /* like 10.232.0.0/16; NULL: one that is free */
};

/* Is it one for network_range? Whether it is large enough, and free, the jail finds out. */
bool jail_takes_network_range(const char *range);

struct jail_launched {
    int sock; /* for sandbox_host_options; the hello still waits in it */
    pid_t pid;
};

/* 0 or a failure with the sentence for the user. */
int jail_launch(struct jail_launched *ret_launched, const struct jail_launch_options *options,
                struct reason *why);

/*
 * The end of the program, after its end of the socket was closed: until the jail has left nothing
 * of itself on the host, so that who sees us gone sees that gone, too. Blocks, for some seconds at
 * most.
 */
void jail_await_end(const struct jail_launched *launched);
