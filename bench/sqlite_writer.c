/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What lambd's durable queue is compared with: one thread that does nothing but insert rows of the
 * same table into SQLite, a group of them in each transaction, as durably (WAL, synchronous=FULL).
 * usage: sqlite_writer FILE GROUP SECONDS ROW_BYTES; prints rows a second.
 */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"

static void run(sqlite3 *handle, const char *sql)
{
    must(sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void step(sqlite3_stmt *statement)
{
    must(sqlite3_step(statement) == SQLITE_DONE);
    must(sqlite3_reset(statement) == SQLITE_OK);
}

static sqlite3_stmt *prepare(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement;

    must(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK);
    return statement;
}

static void insert(sqlite3_stmt *statement, unsigned long number, const char *value, int bytes)
{
    char key[96];
    int len = snprintf(key, sizeof(key), "000000000000/us-east-1/bench/%016lx%016lx",
                       1700000000000 + number / 10, number);

    (void)sqlite3_bind_text(statement, 1, key, len, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)number);
    (void)sqlite3_bind_blob(statement, 3, value, bytes, SQLITE_STATIC);
    step(statement);
}

int main(int argc, char **argv)
{
    unsigned long group, rows = 0;
    uint64_t end_ns, start_ns;
    sqlite3_stmt *begin, *put, *commit;
    sqlite3 *handle;
    char *value;
    int bytes;

    if (argc != 5) {
        (void)fprintf(stderr, "usage: sqlite_writer FILE GROUP SECONDS ROW_BYTES\n");
        return 2;
    }
    group = strtoul(argv[2], NULL, 10);
    bytes = atoi(argv[4]);
    value = malloc((size_t)bytes);
    must(value != NULL && group > 0 && bytes > 0);
    memset(value, 'x', (size_t)bytes);
    must(sqlite3_open(argv[1], &handle) == SQLITE_OK);
    run(handle, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                "PRAGMA synchronous = FULL; PRAGMA cache_size = -2048;"
                "CREATE TABLE record (kind INTEGER NOT NULL, key TEXT NOT NULL,"
                " revision INTEGER NOT NULL, value BLOB NOT NULL,"
                " PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;");
    begin = prepare(handle, "BEGIN IMMEDIATE");
    put = prepare(handle, "INSERT INTO record (kind, key, revision, value) VALUES (8, ?1, ?2, ?3)"
                          " ON CONFLICT (kind, key) DO UPDATE SET revision = ?2, value = ?3");
    commit = prepare(handle, "COMMIT");
    start_ns = clock_mono_ns();
    end_ns = start_ns + strtoul(argv[3], NULL, 10) * NS_PER_S;
    while (clock_mono_ns() < end_ns) {
        step(begin);
        for (unsigned long i = 0; i < group; i++)
            insert(put, rows++, value, bytes);
        step(commit);
    }
    (void)printf("%.0f\n",
                 (double)rows * (double)NS_PER_S / (double)(clock_mono_ns() - start_ns));
    (void)sqlite3_finalize(begin);
    (void)sqlite3_finalize(put);
    (void)sqlite3_finalize(commit);
    (void)sqlite3_close(handle);
    free(value);
    return 0;
}
