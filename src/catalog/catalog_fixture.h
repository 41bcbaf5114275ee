/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For tests: the catalogue over a real SQLite store, with a code store that only counts. */

#include "catalog/catalog.h"

enum { CHANGES_MAX = 8 };

struct change {
    struct catalog_change change;
    struct fixture *fixture;
    int answer; /* CATALOG_STARTED until there is one */
};

/* Stands between the catalogue and the real store, so that commits can fail. */
struct tapped_store {
    struct store store;
    struct store *real;
    int failure;
};

struct fixture {
    char directory[64];
    char path[96];
    uv_loop_t loop;
    struct tapped_store store;
    struct catalog *catalog;
    uint64_t settle_delay_ms;
    int code_refs[256]; /* by the digest's first byte */
    struct catalog_watch watch;
    char events[512]; /* about versions: "f:1 " changed, "+f:1 " ready, "-f:1 " deleted */
    unsigned settings_events;
    struct change changes[CHANGES_MAX];
    bool is_closed;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);
/* Until nothing is under way. */
void fixture_run(struct fixture *fixture);

/* A change to start, in the place of an earlier one. */
struct catalog_change *fixture_change(struct fixture *fixture, size_t i);
/* Runs until that change is answered, and no further. started: what starting it returned. */
int fixture_answer(struct fixture *fixture, size_t i, int started);

/* All tests are about this function. */
extern const struct function_id id_f;

struct catalog_create fixture_input(const struct function_id *id, uint8_t code);
int fixture_create(struct fixture *fixture, const struct function_id *id, bool publish);

struct update {
    struct catalog_update update;
    const char *description;
    uint8_t code;
};

int fixture_update_start(struct fixture *fixture, size_t i, struct update *input);
int fixture_update(struct fixture *fixture, size_t i, struct update *input);
int fixture_publish(struct fixture *fixture, struct str description);
int fixture_delete(struct fixture *fixture, uint64_t version);

/* What the catalogue says of f: "state update description" and the RevisionId. */
struct seen {
    char text[128];
    char revision_id[40];
};

struct seen fixture_see(struct fixture *fixture, uint64_t version);
void fixture_assert_seen(struct fixture *fixture, uint64_t version, const char *text);
void fixture_assert_target(struct fixture *fixture, const char *qualifier, int answer);
