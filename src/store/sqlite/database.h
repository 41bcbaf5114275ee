/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The SQL side of the embedded store. Everything here blocks and is called by one thread at a time:
 * by start-up for opening, then by the store's own thread.
 */

#include <stdbool.h>
#include <stdint.h>

struct database;
struct list;
struct reason;
struct store_scan;

/* 0, STORE_SQLITE_NEWER, STORE_SQLITE_FOREIGN or a failure. */
int database_open(struct database **ret_database, const char *path, struct reason *why);
struct database *database_close(struct database *database);

/* STORE_COUNTER_COUNT numbers. */
const int64_t *database_counters(const struct database *database);
/* The disk failed to keep something: no group is applied any more. */
bool database_is_broken(const struct database *database);

/*
 * One transaction for a group of struct store_commit (linked by their node): sets outcome and
 * revision of each. A batch that conflicts or fails is undone alone; when the transaction cannot be
 * committed, all have failed.
 */
void database_apply(struct database *database, struct list *commits);

/* Reads the next page of a scan into page_next and records; sets is_last or failure. */
void database_page(struct database *database, struct store_scan *scan);
