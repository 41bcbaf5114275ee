/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One table of records, one row of counters. Each group of batches is a transaction; each batch in
 * it is a savepoint, so that a conflict undoes only its own batch. With WAL and synchronous=FULL,
 * COMMIT returns after the fsync of the log: that is the moment from which on a write may be
 * acknowledged.
 *
 * When an fsync fails, the kernel may have thrown away what was to be written and yet show it to
 * every reader, and the next fsync may succeed without it. So the database is broken from then on:
 * nothing more is written. The next opening may still read from the kernel's memory what is not on
 * disk; therefore it first writes all of the log into the database and syncs that, before anything
 * new is put behind it.
 */

#include "store/sqlite/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"
#include "store/sqlite/sqlite.h"
#include "store/store.h"

enum {
    FORMAT_VERSION =
        2, /* of the tables; raise it with each change and migrate in database_prepare */
    APPLICATION_ID = 0x6c6d6264, /* "lmbd" */
    PAGE_RECORDS_MAX = 4096,
    PAGE_BYTES_MAX = 1024 * 1024,
    CHECKPOINT_FRAMES = 1000, /* pages in the log from which on it is written to the database */
};

static const char schema[] =
    "CREATE TABLE record ("
    " kind INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO counter VALUES ('revision', 0), ('async rows', 0), ('async bytes', 0);";

/* Format 1 counted at every start. */
static const char schema_from_1[] =
    "BEGIN IMMEDIATE;"
    "INSERT INTO counter SELECT 'async rows', count(*) FROM record WHERE kind = 8;"
    "INSERT INTO counter SELECT 'async bytes', coalesce(sum(length(value)), 0) FROM record"
    " WHERE kind = 8;"
    "PRAGMA user_version = 2; COMMIT;";

static const char *const counter_names[STORE_COUNTER_COUNT] = {
    [STORE_ASYNC_ROWS] = "async rows",
    [STORE_ASYNC_BYTES] = "async bytes",
};

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    BATCH_BEGIN,
    BATCH_KEEP,
    BATCH_UNDO,
    REVISION_OF,
    PUT,
    DELETE,
    COUNTER_SET,
    PAGE_FROM,
    PAGE_AFTER,
    STATEMENT_COUNT,
};

static const char *const statement_sql[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [BATCH_BEGIN] = "SAVEPOINT batch",
    [BATCH_KEEP] = "RELEASE batch",
    [BATCH_UNDO] = "ROLLBACK TO batch",
    [REVISION_OF] = "SELECT revision FROM record WHERE kind = ?1 AND key = ?2",
    [PUT] = "INSERT INTO record (kind, key, revision, value) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (kind, key) DO UPDATE SET revision = ?3, value = ?4",
    [DELETE] = "DELETE FROM record WHERE kind = ?1 AND key = ?2",
    [COUNTER_SET] = "UPDATE counter SET value = ?1 WHERE name = ?2",
    [PAGE_FROM] = "SELECT key, value, revision FROM record WHERE kind = ?1 AND key >= ?2"
                  " ORDER BY key LIMIT ?3",
    [PAGE_AFTER] = "SELECT key, value, revision FROM record WHERE kind = ?1 AND key > ?2"
                   " ORDER BY key LIMIT ?3",
};

struct database {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    uint64_t revision; /* the last one given out */
    int64_t counters[STORE_COUNTER_COUNT];
    int64_t added[STORE_COUNTER_COUNT]; /* by the group that is being applied */
    bool is_broken;
};

CLEANUP_DEFINE(struct database, database_close)

static int failure_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    default:
        return -EIO;
    }
}

static void note_failure(struct database *database, int code)
{
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        database->is_broken = true;
}

static void bind_text(sqlite3_stmt *statement, int at, struct str text)
{
    must(sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "", text.len, SQLITE_STATIC,
                             SQLITE_UTF8) == SQLITE_OK);
}

/* Runs a statement that gives no rows. */
static int run(struct database *database, enum statement which)
{
    sqlite3_stmt *statement = database->statements[which];
    int code = sqlite3_step(statement);

    (void)sqlite3_reset(statement); /* repeats the error of the step */
    note_failure(database, code);
    return code == SQLITE_DONE ? 0 : err_new(failure_of(code));
}

static int revision_of(struct database *database, const struct store_change *change,
                       uint64_t *ret_revision)
{
    sqlite3_stmt *statement = database->statements[REVISION_OF];
    int code;

    (void)sqlite3_bind_int(statement, 1, (int)change->kind);
    bind_text(statement, 2, change->key);
    code = sqlite3_step(statement);
    *ret_revision =
        code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : STORE_ABSENT;
    (void)sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : err_new(failure_of(code));
}

static int change_put(struct database *database, const struct store_change *change,
                      uint64_t revision)
{
    sqlite3_stmt *statement = database->statements[PUT];

    (void)sqlite3_bind_int(statement, 1, (int)change->kind);
    bind_text(statement, 2, change->key);
    (void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)revision);
    must(sqlite3_bind_blob64(statement, 4, change->value.ptr, change->value.len, SQLITE_STATIC) ==
         SQLITE_OK);
    return run(database, PUT);
}

static int change_delete(struct database *database, const struct store_change *change)
{
    sqlite3_stmt *statement = database->statements[DELETE];

    (void)sqlite3_bind_int(statement, 1, (int)change->kind);
    bind_text(statement, 2, change->key);
    return run(database, DELETE);
}

static int change_apply(struct database *database, const struct store_change *change,
                        uint64_t revision)
{
    uint64_t present;
    int r;

    if (change->expected != STORE_ANY_REVISION) {
        r = revision_of(database, change, &present);
        if (r < 0)
            return err_pass(r);
        if (present != change->expected)
            return STORE_CONFLICT;
    }
    return str_is_set(change->value) ? change_put(database, change, revision)
                                     : change_delete(database, change);
}

static int changes_apply(struct database *database, struct store_commit *commit)
{
    list_for_each (node, &commit->changes) {
        struct store_change *change = container_of(node, struct store_change, node);
        int r = change_apply(database, change, database->revision);

        if (r != STORE_OK)
            return r;
    }
    return STORE_OK;
}

static int batch_apply(struct database *database, struct store_commit *commit)
{
    int outcome, r;

    if (commit->failure < 0)
        return err_pass(commit->failure);
    r = run(database, BATCH_BEGIN);
    if (r < 0)
        return err_pass(r);
    commit->revision = ++database->revision;
    outcome = changes_apply(database, commit);
    /* Some failures end the whole transaction, and the savepoint with it. */
    if (sqlite3_get_autocommit(database->handle))
        return outcome;
    if (outcome != STORE_OK) {
        r = run(database, BATCH_UNDO);
        if (r < 0)
            return err_pass(r);
    }
    r = run(database, BATCH_KEEP);
    if (r < 0)
        return err_pass(r);
    for (size_t i = 0; i < STORE_COUNTER_COUNT && outcome == STORE_OK; i++)
        database->added[i] += commit->added[i];
    return outcome;
}

static int counter_set(struct database *database, const char *name, int64_t value)
{
    sqlite3_stmt *statement = database->statements[COUNTER_SET];

    (void)sqlite3_bind_int64(statement, 1, value);
    bind_text(statement, 2, str_of(name));
    return run(database, COUNTER_SET);
}

static int counters_set(struct database *database)
{
    int r = counter_set(database, "revision", (int64_t)database->revision);

    for (size_t i = 0; i < STORE_COUNTER_COUNT && r == 0; i++)
        if (database->added[i] != 0)
            r = counter_set(database, counter_names[i], database->counters[i] + database->added[i]);
    return r < 0 ? err_pass(r) : 0;
}

/* 0 when the transaction is on disk. */
static int group_apply(struct database *database, struct list *commits)
{
    int r = run(database, BEGIN);

    if (r < 0)
        return err_pass(r);
    memset(database->added, 0, sizeof(database->added));
    list_for_each (node, commits) {
        struct store_commit *commit = container_of(node, struct store_commit, node);

        commit->outcome = batch_apply(database, commit);
        if (sqlite3_get_autocommit(database->handle))
            return err_new(commit->outcome < 0 ? commit->outcome : -EIO);
    }
    r = counters_set(database);
    if (r == 0)
        r = run(database, COMMIT);
    if (r < 0)
        return err_pass(r);
    for (size_t i = 0; i < STORE_COUNTER_COUNT; i++)
        database->counters[i] += database->added[i];
    return 0;
}

void database_apply(struct database *database, struct list *commits)
{
    int r = database->is_broken ? err_new(-EIO) : group_apply(database, commits);

    if (r >= 0)
        return;
    if (!sqlite3_get_autocommit(database->handle))
        (void)run(database, ROLLBACK); /* nothing more can be done when this fails, too */
    /* A conflict may have been one with a batch that is undone now: nobody gets an outcome. */
    list_for_each (node, commits)
        container_of(node, struct store_commit, node)->outcome = r;
}

static int page_add(struct store_scan *scan, sqlite3_stmt *statement, size_t *bytes)
{
    struct store_record *record = arena_new(&scan->page_next, struct store_record);
    struct str key = str_make((const char *)sqlite3_column_text(statement, 0),
                              (size_t)sqlite3_column_bytes(statement, 0));
    const char *value = sqlite3_column_blob(statement, 1);
    size_t value_len = (size_t)sqlite3_column_bytes(statement, 1);

    if (record == NULL)
        return err_new(-ENOMEM);
    record->key = arena_str(&scan->page_next, key);
    record->value = arena_str(&scan->page_next, str_make(value ? value : "", value_len));
    record->revision = (uint64_t)sqlite3_column_int64(statement, 2);
    if (!str_is_set(record->key) || !str_is_set(record->value))
        return err_new(-ENOMEM);
    *bytes += key.len + value_len;
    list_push_back(&scan->records, &record->node);
    return 0;
}

static int page_read(struct store_scan *scan, sqlite3_stmt *statement)
{
    size_t count = 0, bytes = 0;
    int code, r;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct str key = str_make((const char *)sqlite3_column_text(statement, 0),
                                  (size_t)sqlite3_column_bytes(statement, 0));

        if (!str_starts_with(key, scan->prefix)) {
            scan->is_last = true;
            return 0;
        }
        r = page_add(scan, statement, &bytes);
        if (r < 0)
            return err_pass(r);
        if (++count == PAGE_RECORDS_MAX || bytes >= PAGE_BYTES_MAX)
            return 0;
    }
    scan->is_last = true;
    return code == SQLITE_DONE ? 0 : err_new(failure_of(code));
}

static int page_records(const struct store_scan *scan)
{
    uint32_t left = scan->max - scan->seen;

    return scan->max == 0 || left > PAGE_RECORDS_MAX ? PAGE_RECORDS_MAX : (int)left;
}

void database_page(struct database *database, struct store_scan *scan)
{
    bool is_first = !str_is_set(scan->after);
    sqlite3_stmt *statement = database->statements[is_first ? PAGE_FROM : PAGE_AFTER];

    (void)sqlite3_bind_int(statement, 1, (int)scan->kind);
    bind_text(statement, 2, is_first ? scan->prefix : scan->after);
    (void)sqlite3_bind_int(statement, 3, page_records(scan));
    scan->failure = page_read(scan, statement);
    (void)sqlite3_reset(statement);
}

static int pragma_read(sqlite3 *handle, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : err_new(failure_of(code));
}

static int execute(struct database *database, const char *sql, struct reason *why)
{
    int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);

    if (code == SQLITE_OK)
        return 0;
    reason_set(why, "the database: %s", sqlite3_errmsg(database->handle));
    return err_new(failure_of(code));
}

/* Whose database is it? Reads only. */
static int database_check(struct database *database, const char *path, int64_t *ret_version,
                          struct reason *why)
{
    int64_t application = 0, tables = 0;
    int r = pragma_read(database->handle, "PRAGMA user_version", ret_version);

    if (r >= 0)
        r = pragma_read(database->handle, "PRAGMA application_id", &application);
    if (r >= 0)
        r = pragma_read(database->handle, "SELECT count(*) FROM sqlite_schema", &tables);
    if (r < 0) {
        reason_set(why, "cannot read %s: %s", path, sqlite3_errmsg(database->handle));
        return err_pass(r);
    }
    if (tables > 0 && application != APPLICATION_ID) {
        reason_set(why, "%s is a database of another program", path);
        return STORE_SQLITE_FOREIGN;
    }
    if (*ret_version > FORMAT_VERSION) {
        reason_set(why, "%s was written by a newer lambd (format %lld, this one knows %d)", path,
                   (long long)*ret_version, FORMAT_VERSION);
        return STORE_SQLITE_NEWER;
    }
    return 0;
}

/* Instead of SQLite's own, which keeps failures to itself. Called after each commit. */
static int on_log_grown(void *owner, sqlite3 *handle, const char *name, int frames)
{
    if (frames >= CHECKPOINT_FRAMES) /* the commit stands, whatever comes of this */
        note_failure(
            owner, sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    return SQLITE_OK;
}

/* What the log holds is written and synced, whether or not it was on disk before. */
static int log_settle(struct database *database, const char *path, struct reason *why)
{
    int code =
        sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    if (code == SQLITE_OK)
        return 0;
    reason_set(why, "cannot write the log of %s to it: %s", path, sqlite3_errmsg(database->handle));
    return err_new(failure_of(code));
}

static int schema_make(struct database *database, struct reason *why)
{
    char *sql = sqlite3_mprintf(
        "BEGIN IMMEDIATE; PRAGMA application_id = %d; PRAGMA user_version = %d; %s COMMIT;",
        APPLICATION_ID, FORMAT_VERSION, schema);
    int r;

    if (sql == NULL)
        return err_new(-ENOMEM);
    r = execute(database, sql, why);
    sqlite3_free(sql);
    return r;
}

/* SQLite syncs the database and its log, but a new name is only safe when its directory is synced
 * too. */
static int directory_sync(const char *path, struct reason *why)
{
    CLEANUP(close_fdp) int fd = -1;
    const char *slash = strrchr(path, '/');
    CLEANUP(freep)
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

    if (directory == NULL)
        return err_new(-ENOMEM);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        int error = errno;

        reason_set_errno(why, error, "cannot sync %s", directory);
        return err_new(-error);
    }
    return 0;
}

/* The exclusive lock is a second guard against two daemons, and saves the shared memory file. */
static int database_prepare(struct database *database, const char *path, struct reason *why)
{
    int64_t version = 0;
    int r = database_check(database, path, &version, why);

    if (r != 0)
        return r;
    r = execute(database,
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                "PRAGMA synchronous = FULL; PRAGMA cache_size = -2048;"
                "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216;",
                why);
    if (r < 0)
        return err_pass(r);
    r = log_settle(database, path, why);
    if (r == 0 && version == 0)
        r = schema_make(database, why);
    if (r == 0 && version == 0)
        r = directory_sync(path, why);
    if (r == 0 && version == 1)
        r = execute(database, schema_from_1, why);
    return r < 0 ? err_pass(r) : 0;
}

static int counter_read(struct database *database, const char *name, int64_t *ret_value)
{
    char sql[96];

    (void)snprintf(sql, sizeof(sql), "SELECT value FROM counter WHERE name = '%s'", name);
    return pragma_read(database->handle, sql, ret_value);
}

static int counters_read(struct database *database, struct reason *why)
{
    int64_t revision = 0;
    int r = counter_read(database, "revision", &revision);

    for (size_t i = 0; i < STORE_COUNTER_COUNT && r == 0; i++)
        r = counter_read(database, counter_names[i], &database->counters[i]);
    if (r < 0) {
        reason_set(why, "the database: %s", sqlite3_errmsg(database->handle));
        return err_pass(r);
    }
    database->revision = (uint64_t)revision;
    return 0;
}

static int statements_prepare(struct database *database, struct reason *why)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(database->handle, statement_sql[i], -1,
                                      SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL);

        if (code != SQLITE_OK) {
            reason_set(why, "the database: %s", sqlite3_errmsg(database->handle));
            return err_new(failure_of(code));
        }
    }
    return 0;
}

/* Environment variables of functions are secrets: nobody else reads the file. The log gets its
 * mode. */
static int file_make(const char *path, struct reason *why)
{
    CLEANUP(close_fdp) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = errno;

    if (fd >= 0)
        return 0;
    reason_set_errno(why, error, "cannot open %s", path);
    return err_new(-error);
}

int database_open(struct database **ret_database, const char *path, struct reason *why)
{
    CLEANUP(database_closep) struct database *database = calloc(1, sizeof(*database));
    int code, r;

    if (database == NULL)
        return err_new(-ENOMEM);
    r = file_make(path, why);
    if (r < 0)
        return err_pass(r);
    code = sqlite3_open_v2(path, &database->handle,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                               SQLITE_OPEN_PRIVATECACHE,
                           NULL);
    if (code != SQLITE_OK) {
        reason_set(why, "cannot open %s: %s", path, sqlite3_errmsg(database->handle));
        return err_new(failure_of(code));
    }
    (void)sqlite3_extended_result_codes(database->handle, 1);
    r = database_prepare(database, path, why);
    if (r != 0)
        return r;
    r = statements_prepare(database, why);
    if (r == 0)
        r = counters_read(database, why);
    if (r < 0)
        return err_pass(r);
    (void)sqlite3_wal_hook(database->handle, on_log_grown, database);
    *ret_database = database;
    database = NULL;
    return 0;
}

const int64_t *database_counters(const struct database *database)
{
    return database->counters;
}

bool database_is_broken(const struct database *database)
{
    return database->is_broken;
}

struct database *database_close(struct database *database)
{
    if (database == NULL)
        return NULL;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(database->statements[i]);
    (void)sqlite3_close(database->handle); /* all statements are gone: it cannot refuse */
    free(database);
    return NULL;
}
