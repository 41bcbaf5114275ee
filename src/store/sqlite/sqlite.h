/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The embedded driver of the store: one SQLite database in WAL mode with synchronous=FULL, owned by
 * a thread of its own. While the thread commits one group of batches the loop collects the next, so
 * that many callers share one fsync and a single caller waits for one.
 */

#include <uv.h>

struct reason;
struct store;

/* Outcomes of store_sqlite_open besides 0 and failures. */
enum {
    STORE_SQLITE_NEWER = 1, /* a newer lambd wrote it; nothing was changed */
    STORE_SQLITE_FOREIGN,   /* a database, but not one of ours; nothing was changed */
};

/*
 * Opens or makes the database at path. Blocks: call it at start-up, before the loop runs. why says
 * in words what is wrong.
 */
int store_sqlite_open(struct store **ret_store, uv_loop_t *loop, const char *path,
                      struct reason *why);
