/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One table of records, one row of counters. Each group of batches is a transaction; each batch in
 * it is a savepoint, so that a conflict undoes only its own batch. With WAL and synchronous=FULL,
 * COMMIT returns after the fsync of the log: that is the moment from which on a write may be
 * acknowledged.
 */

#include "store/sqlite/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
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
        1, /* of the tables; raise it with each change and migrate in database_prepare */
    APPLICATION_ID = 0x6c6d6264, /* "lmbd" */
    PAGE_RECORDS_MAX = 4096,
    PAGE_BYTES_MAX = 1024 * 1024,
};

static const char schema[] =
    "CREATE TABLE record ("
    " kind INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO counter VALUES ('revision', 0);";

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
    [COUNTER_SET] = "UPDATE counter SET value = ?1 WHERE name = 'revision'",
    [PAGE_FROM] = "SELECT key, value, revision FROM record WHERE kind = ?1 AND key >= ?2"
                  " ORDER BY key LIMIT ?3",
    [PAGE_AFTER] = "SELECT key, value, revision FROM record WHERE kind = ?1 AND key > ?2"
                   " ORDER BY key LIMIT ?3",
};

struct database {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    uint64_t revision; /* the last one given out */
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
    return r < 0 ? err_pass(r) : outcome;
}

static int counter_set(struct database *database)
{
    (void)sqlite3_bind_int64(database->statements[COUNTER_SET], 1,
                             (sqlite3_int64)database->revision);
    return run(database, COUNTER_SET);
}

/* 0 when the transaction is on disk. */
static int group_apply(struct database *database, struct list *commits)
{
    int r = run(database, BEGIN);

    if (r < 0)
        return err_pass(r);
    list_for_each (node, commits) {
        struct store_commit *commit = container_of(node, struct store_commit, node);

        commit->outcome = batch_apply(database, commit);
        if (sqlite3_get_autocommit(database->handle))
            return err_new(commit->outcome < 0 ? commit->outcome : -EIO);
    }
    r = counter_set(database);
    if (r < 0)
        return err_pass(r);
    return run(database, COMMIT);
}

void database_apply(struct database *database, struct list *commits)
{
    int r = group_apply(database, commits);

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
    if (version == 0) {
        r = schema_make(database, why);
        if (r < 0)
            return err_pass(r);
        r = directory_sync(path, why);
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

static int statements_prepare(struct database *database, struct reason *why)
{
    int64_t revision = 0;
    int r;

    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(database->handle, statement_sql[i], -1,
                                      SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL);

        if (code != SQLITE_OK) {
            reason_set(why, "the database: %s", sqlite3_errmsg(database->handle));
            return err_new(failure_of(code));
        }
    }
    r = pragma_read(database->handle, "SELECT value FROM counter WHERE name = 'revision'",
                    &revision);
    if (r < 0) {
        reason_set(why, "the database: %s", sqlite3_errmsg(database->handle));
        return err_pass(r);
    }
    database->revision = (uint64_t)revision;
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
    r = database_prepare(database, path, why);
    if (r != 0)
        return r;
    r = statements_prepare(database, why);
    if (r < 0)
        return err_pass(r);
    *ret_database = database;
    database = NULL;
    return 0;
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
