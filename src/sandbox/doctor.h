/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this host lets lambd do: one line per prerequisite, with the remedy where something is
 * missing. For `lambd doctor`; needs no daemon. It forks for some checks, so: single-threaded
 * programs only.
 *
 * doctor_from_features() is the part that serve says at start-up: what is not enforced, from the
 * jail's hello.
 */

#include <stddef.h>
#include <stdint.h>

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_INFO,     /* neither good nor bad */
    DOCTOR_DEGRADED, /* lambd works, and something is not enforced or not as fast */
    DOCTOR_MISSING,  /* functions (or those of a runtime) cannot run */
};

enum { DOCTOR_CHECKS_MAX = 32, DOCTOR_TEXT_BYTES = 200 };

struct doctor_check {
    const char *id; /* stable, for --json: "cgroup-memory" */
    enum doctor_state state;
    char text[DOCTOR_TEXT_BYTES];
    char remedy[DOCTOR_TEXT_BYTES]; /* "" when there is nothing to do */
};

struct doctor_report {
    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    size_t count;
};

/* Either folder may be NULL: then it is not looked at. runtimes_dir holds the clients. */
void doctor_run(struct doctor_report *report, const char *state_dir, const char *runtimes_dir);

/* Only DEGRADED ones, of a jail that runs: features of sandbox_host_features(). Does not fork. */
void doctor_from_features(struct doctor_report *report, uint32_t features);

/* "ok", "info", "degraded", "missing" */
const char *doctor_state_name(enum doctor_state state);
/* The worst state in the report. */
enum doctor_state doctor_worst(const struct doctor_report *report);
