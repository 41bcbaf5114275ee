/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Conformance of a store driver: what every driver must do, whatever is behind it. The first part
 * runs for each driver; the second is about SQLite's files.
 */

#include "store/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "store/sqlite/sqlite.h"

struct fixture {
    char directory[64];
    char path[96];
    uv_loop_t loop;
    struct store *store;
};

static void fixture_open(struct fixture *fixture)
{
    struct reason why = {0};

    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    if (store_sqlite_open(&fixture->store, &fixture->loop, fixture->path, &why) != 0)
        fail_msg("%s", why.text);
}

static void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store, NULL, NULL);
    assert_int_equal(uv_run(&fixture->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

static void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/store_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/lambd.db", fixture->directory);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    const char *suffixes[] = {"", "-wal", "-shm", "-journal"};
    char path[128];

    for (size_t i = 0; i < array_count(suffixes); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", fixture->path, suffixes[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

static void on_commit_done(struct store_commit *commit)
{
    store_commit_deinit(commit);
}

/* One put on its own; returns the revision, or the outcome when it is not STORE_OK. */
static uint64_t put(struct fixture *fixture, const char *key, const char *value, uint64_t expected,
                    int *ret_outcome)
{
    struct store_commit commit;

    store_commit_init(&commit, on_commit_done);
    store_commit_put(&commit, STORE_FUNCTION, str_of(key), str_of(value), expected);
    store_commit_submit(fixture->store, &commit);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    *ret_outcome = commit.outcome;
    return commit.revision;
}

static int delete (struct fixture *fixture, const char *key, uint64_t expected)
{
    struct store_commit commit;

    store_commit_init(&commit, on_commit_done);
    store_commit_delete(&commit, STORE_FUNCTION, str_of(key), expected);
    store_commit_submit(fixture->store, &commit);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return commit.outcome;
}

/* The scan's result as text: "key=value@revision " in order. */
struct reading {
    struct store_scan scan;
    char text[4096];
    size_t count;
    bool is_done;
};

static void on_record(struct store_scan *scan, const struct store_record *record)
{
    struct reading *reading = container_of(scan, struct reading, scan);
    size_t used = strlen(reading->text);

    reading->count++;
    (void)snprintf(reading->text + used, sizeof(reading->text) - used, "%.*s=%.*s@%llu ",
                   STR_FMT(record->key), STR_FMT(record->value),
                   (unsigned long long)record->revision);
}

static void on_scan_done(struct store_scan *scan, int failure)
{
    assert_int_equal(failure, 0);
    container_of(scan, struct reading, scan)->is_done = true;
}

static void read_all(struct fixture *fixture, struct reading *reading, const char *prefix)
{
    *reading = (struct reading){.scan = {.kind = STORE_FUNCTION,
                                         .prefix = str_of(prefix),
                                         .on_record = on_record,
                                         .on_done = on_scan_done}};
    store_scan_start(fixture->store, &reading->scan);
    assert_false(reading->is_done);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_true(reading->is_done);
}

static void assert_content(struct fixture *fixture, const char *expected)
{
    struct reading reading;

    read_all(fixture, &reading, "");
    assert_string_equal(reading.text, expected);
}

static void on_record_stop(struct store_scan *scan, const struct store_record *record)
{
    on_record(scan, record);
    scan->stop = container_of(scan, struct reading, scan)->count == 2;
}

static void read_part(struct fixture *fixture, const struct store_scan *scan, const char *expected)
{
    struct reading reading = {.scan = *scan};

    reading.scan.kind = STORE_FUNCTION;
    reading.scan.on_done = on_scan_done;
    store_scan_start(fixture->store, &reading.scan);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_true(reading.is_done);
    assert_string_equal(reading.text, expected);
}

static void test_scan_of_a_part(void **state)
{
    static const char *const keys[] = {"a/1", "a/2", "a/3", "a/4", "b/1"};
    struct fixture *fixture = *state;
    int outcome;

    fixture_open(fixture);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        (void)put(fixture, keys[i], "v", STORE_ABSENT, &outcome);
    read_part(fixture, &(struct store_scan){.prefix = STR("a/"), .max = 2, .on_record = on_record},
              "a/1=v@1 a/2=v@2 ");
    read_part(fixture,
              &(struct store_scan){
                  .prefix = STR("a/"), .after = STR("a/2"), .max = 9, .on_record = on_record},
              "a/3=v@3 a/4=v@4 ");
    read_part(fixture,
              &(struct store_scan){
                  .prefix = STR("a/"), .after = STR("a/22"), .max = 1, .on_record = on_record},
              "a/3=v@3 ");
    read_part(fixture, &(struct store_scan){.prefix = STR("a/"), .on_record = on_record_stop},
              "a/1=v@1 a/2=v@2 ");
    fixture_close(fixture);
}

static void test_put_checks_revision(void **state)
{
    struct fixture *fixture = *state;
    int outcome;

    fixture_open(fixture);
    assert_int_equal(put(fixture, "a", "1", STORE_ABSENT, &outcome), 1);
    assert_int_equal(outcome, STORE_OK);
    (void)put(fixture, "a", "2", STORE_ABSENT, &outcome);
    assert_int_equal(outcome, STORE_CONFLICT);
    (void)put(fixture, "b", "2", 1, &outcome);
    assert_int_equal(outcome, STORE_CONFLICT);
    (void)put(fixture, "a", "3", 1, &outcome);
    assert_int_equal(outcome, STORE_OK);
    (void)put(fixture, "a", "4", 1, &outcome);
    assert_int_equal(outcome, STORE_CONFLICT);
    (void)put(fixture, "b", "", STORE_ANY_REVISION, &outcome);
    assert_int_equal(outcome, STORE_OK);
    assert_content(fixture, "a=3@4 b=@6 ");
    fixture_close(fixture);
}

static void test_delete_checks_revision(void **state)
{
    struct fixture *fixture = *state;
    uint64_t revision;
    int outcome;

    fixture_open(fixture);
    revision = put(fixture, "a", "1", STORE_ABSENT, &outcome);
    assert_int_equal(delete (fixture, "a", revision + 1), STORE_CONFLICT);
    assert_content(fixture, "a=1@1 ");
    assert_int_equal(delete (fixture, "a", revision), STORE_OK);
    assert_int_equal(delete (fixture, "a", revision), STORE_CONFLICT);
    assert_int_equal(delete (fixture, "a", STORE_ANY_REVISION), STORE_OK);
    assert_content(fixture, "");
    fixture_close(fixture);
}

/* A conflict in the last change undoes the first. */
static void test_batch_is_atomic(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit commit;
    int outcome;

    fixture_open(fixture);
    (void)put(fixture, "b", "1", STORE_ABSENT, &outcome);
    store_commit_init(&commit, on_commit_done);
    store_commit_put(&commit, STORE_FUNCTION, STR("a"), STR("x"), STORE_ABSENT);
    store_commit_delete(&commit, STORE_FUNCTION, STR("b"), STORE_ANY_REVISION);
    store_commit_put(&commit, STORE_FUNCTION, STR("c"), STR("x"), 77);
    store_commit_submit(fixture->store, &commit);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(commit.outcome, STORE_CONFLICT);
    assert_content(fixture, "b=1@1 ");
    fixture_close(fixture);
}

struct numbered_commit {
    struct store_commit commit;
    size_t number;
};

static size_t answered;

static void on_numbered_done(struct store_commit *commit)
{
    struct numbered_commit *numbered = container_of(commit, struct numbered_commit, commit);

    assert_int_equal(numbered->number, answered);
    answered++;
    assert_int_equal(commit->outcome, numbered->number % 10 == 9 ? STORE_CONFLICT : STORE_OK);
    store_commit_deinit(commit);
}

/* Many batches at once: answers in order, conflicts hurt nobody else, and nothing calls back at
 * once. */
static void test_groups(void **state)
{
    enum { COUNT = 200 };
    struct fixture *fixture = *state;
    struct numbered_commit *commits = calloc(COUNT, sizeof(*commits));
    struct reading reading;
    char key[16];

    assert_non_null(commits);
    answered = 0;
    fixture_open(fixture);
    for (size_t i = 0; i < COUNT; i++) {
        commits[i].number = i;
        store_commit_init(&commits[i].commit, on_numbered_done);
        (void)snprintf(key, sizeof(key), "k%03zu", i);
        store_commit_put(&commits[i].commit, STORE_FUNCTION, str_of(key), STR("v"),
                         i % 10 == 9 ? 5 : STORE_ABSENT);
        store_commit_submit(fixture->store, &commits[i].commit);
    }
    assert_int_equal(answered, 0);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(answered, COUNT);
    read_all(fixture, &reading, "");
    assert_int_equal(reading.count, COUNT / 10 * 9);
    fixture_close(fixture);
    free(commits);
}

static void test_scan_prefix_and_kind(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit commit;
    struct reading reading;
    const char *keys[] = {"a/x", "b", "a/", "a/x/1", "a", "b/x", "a0"};

    fixture_open(fixture);
    store_commit_init(&commit, on_commit_done);
    for (size_t i = 0; i < array_count(keys); i++)
        store_commit_put(&commit, STORE_FUNCTION, str_of(keys[i]), STR("v"), STORE_ABSENT);
    store_commit_put(&commit, STORE_FUNCTION_VERSION, STR("a/y"), STR("v"), STORE_ABSENT);
    store_commit_submit(fixture->store, &commit);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    read_all(fixture, &reading, "a/");
    assert_string_equal(reading.text, "a/=v@1 a/x=v@1 a/x/1=v@1 ");
    read_all(fixture, &reading, "c");
    assert_string_equal(reading.text, "");
    read_all(fixture, &reading, "");
    assert_string_equal(reading.text, "a=v@1 a/=v@1 a/x=v@1 a/x/1=v@1 a0=v@1 b=v@1 b/x=v@1 ");
    fixture_close(fixture);
}

/* More than a page of records and more than a page of bytes, and all of it after a restart. */
static void test_scan_pages_after_reopen(void **state)
{
    enum { SMALL = 9000, LARGE = 40, LARGE_BYTES = 100000 };
    struct fixture *fixture = *state;
    struct store_commit commit;
    struct reading reading;
    char *large = malloc(LARGE_BYTES);
    char key[16];

    assert_non_null(large);
    memset(large, 'x', LARGE_BYTES);
    fixture_open(fixture);
    store_commit_init(&commit, on_commit_done);
    for (int i = 0; i < SMALL + LARGE; i++) {
        (void)snprintf(key, sizeof(key), "%06d", i);
        store_commit_put(&commit, STORE_FUNCTION, str_of(key),
                         i < SMALL ? STR("v") : str_make(large, LARGE_BYTES), STORE_ABSENT);
    }
    store_commit_submit(fixture->store, &commit);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(commit.outcome, STORE_OK);
    fixture_reopen(fixture);
    read_all(fixture, &reading, "");
    assert_int_equal(reading.count, SMALL + LARGE);
    fixture_close(fixture);
    free(large);
}

/* Revisions go on where they were, deleted records included. */
static void test_revisions_survive_reopen(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before, after;
    int outcome;

    fixture_open(fixture);
    before = put(fixture, "a", "1", STORE_ABSENT, &outcome);
    assert_int_equal(delete (fixture, "a", before), STORE_OK);
    fixture_reopen(fixture);
    after = put(fixture, "a", "2", STORE_ABSENT, &outcome);
    assert_true(after > before + 1);
    fixture_reopen(fixture);
    assert_content(fixture, "a=2@3 ");
    fixture_close(fixture);
}

static void on_closed(void *owner)
{
    *(bool *)owner = true;
}

static void test_close_answers_everything(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit commits[3];
    bool is_closed = false;
    char key[2] = "a";

    fixture_open(fixture);
    for (size_t i = 0; i < array_count(commits); i++) {
        store_commit_init(&commits[i], on_commit_done);
        commits[i].outcome = -1;
        key[0] = (char)('a' + i);
        store_commit_put(&commits[i], STORE_FUNCTION, str_of(key), STR("v"), STORE_ABSENT);
        store_commit_submit(fixture->store, &commits[i]);
    }
    store_close(fixture->store, on_closed, &is_closed);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_true(is_closed);
    for (size_t i = 0; i < array_count(commits); i++)
        assert_int_equal(commits[i].outcome, STORE_OK);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

/* The child of the kill test: commits for ever and says so on the pipe after each answer. */
struct chatter {
    struct fixture *fixture;
    struct store_commit commit;
    uint32_t number;
    int pipe_fd;
};

static void chatter_next(struct chatter *chatter);

static void on_chatter_done(struct store_commit *commit)
{
    struct chatter *chatter = container_of(commit, struct chatter, commit);

    if (commit->outcome != STORE_OK)
        _exit(1);
    store_commit_deinit(commit);
    if (fd_write_full(chatter->pipe_fd, &chatter->number, sizeof(chatter->number)) < 0)
        _exit(1);
    chatter->number++;
    chatter_next(chatter);
}

static void chatter_next(struct chatter *chatter)
{
    char key[16];

    (void)snprintf(key, sizeof(key), "%06u", chatter->number);
    store_commit_init(&chatter->commit, on_chatter_done);
    store_commit_put(&chatter->commit, STORE_FUNCTION, str_of(key), STR("v"), STORE_ABSENT);
    store_commit_submit(chatter->fixture->store, &chatter->commit);
}

static _Noreturn void chatter_main(struct fixture *fixture, uint32_t number, int pipe_fd)
{
    struct chatter chatter = {.fixture = fixture, .number = number, .pipe_fd = pipe_fd};

    fixture_open(fixture);
    chatter_next(&chatter);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    _exit(1);
}

/* Starts the child at `number`, kills it after `answers` answers; returns how many it gave in all.
 */
static uint32_t chatter_kill(struct fixture *fixture, uint32_t number, uint32_t answers)
{
    uint32_t seen = number, given = 0;
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        chatter_main(fixture, number, fds[1]);
    assert_int_equal(close(fds[1]), 0);
    while (fd_read_full(fds[0], &seen, sizeof(seen)) == 0) {
        if (++given == answers)
            assert_int_equal(kill(pid, SIGKILL), 0);
    }
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return seen + 1;
}

/* What was acknowledged is there after kill -9, and at most the one batch that was under way
 * besides. */
static void test_kill_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct reading reading;
    uint32_t acknowledged = 0;

    for (uint32_t round = 0; round < 8; round++) {
        acknowledged = chatter_kill(fixture, acknowledged, 3 + round * 7);
        fixture_open(fixture);
        read_all(fixture, &reading, "");
        if (reading.count != acknowledged && reading.count != acknowledged + 1)
            fail_msg("%u acknowledged, %zu found", acknowledged, reading.count);
        acknowledged = (uint32_t)reading.count;
        fixture_close(fixture);
    }
}

static void file_size_limit(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that takes no more: no acknowledgement, nothing changed, and it works again when there is
 * room. */
static void test_full_disk(void **state)
{
    enum { BYTES = 400000 };
    struct fixture *fixture = *state;
    char *value = malloc(BYTES + 1);
    int outcome;

    assert_non_null(value);
    memset(value, 'x', BYTES);
    value[BYTES] = '\0';
    (void)signal(SIGXFSZ, SIG_IGN);
    fixture_open(fixture);
    (void)put(fixture, "a", "1", STORE_ABSENT, &outcome);
    assert_int_equal(outcome, STORE_OK);
    file_size_limit(200000);
    (void)put(fixture, "b", value, STORE_ABSENT, &outcome);
    assert_true(outcome < 0);
    assert_content(fixture, "a=1@1 ");
    file_size_limit(RLIM_INFINITY);
    (void)put(fixture, "c", "1", STORE_ABSENT, &outcome);
    assert_int_equal(outcome, STORE_OK);
    fixture_reopen(fixture);
    assert_content(fixture, "a=1@1 c=1@3 ");
    fixture_close(fixture);
    free(value);
}

static void database_make(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;

    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void count(struct fixture *fixture, int64_t rows, int64_t bytes, uint64_t expected)
{
    struct store_commit commit;

    store_commit_init(&commit, on_commit_done);
    store_commit_put(&commit, STORE_FUNCTION, STR("counted"), STR("x"), expected);
    store_commit_count(&commit, STORE_ASYNC_ROWS, rows);
    store_commit_count(&commit, STORE_ASYNC_BYTES, bytes);
    store_commit_submit(fixture->store, &commit);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

static void assert_counters(const struct fixture *fixture, int64_t rows, int64_t bytes)
{
    assert_int_equal(store_counter(fixture->store, STORE_ASYNC_ROWS), rows);
    assert_int_equal(store_counter(fixture->store, STORE_ASYNC_BYTES), bytes);
}

/* Counters change with the batch that says so, and not with one that conflicts. */
static void test_counters(void **state)
{
    struct fixture *fixture = *state;

    fixture_open(fixture);
    assert_counters(fixture, 0, 0);
    count(fixture, 3, 1000, STORE_ANY_REVISION);
    count(fixture, -1, -400, STORE_ANY_REVISION);
    count(fixture, 7, 7, STORE_ABSENT);
    fixture_reopen(fixture);
    assert_counters(fixture, 2, 600);
    fixture_close(fixture);
}

/* The first format had no counters: they are made from the records. */
static void test_counters_of_format_1(void **state)
{
    struct fixture *fixture = *state;
    int outcome;

    database_make(
        fixture->path,
        "PRAGMA application_id=1819107940; PRAGMA user_version=1;"
        "CREATE TABLE record (kind INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,"
        " value BLOB NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT "
        "ROWID;"
        "INSERT INTO counter VALUES ('revision', 41);"
        "INSERT INTO record VALUES (1, 'f', 1, x'00'), (8, 'a', 2, x'0102'), (8, 'b', 3, x'03');");
    fixture_open(fixture);
    assert_counters(fixture, 2, 3);
    assert_int_equal(put(fixture, "g", "1", STORE_ABSENT, &outcome), 42);
    fixture_reopen(fixture);
    assert_counters(fixture, 2, 3);
    fixture_close(fixture);
}

static size_t file_read(const char *path, char *bytes, size_t size)
{
    CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    assert_true(fd >= 0);
    n = read(fd, bytes, size);
    assert_true(n > 0 && (size_t)n < size);
    return (size_t)n;
}

/* A database that is refused stays as it is, byte for byte. */
static void assert_refused(struct fixture *fixture, const char *sql, int outcome, const char *text)
{
    char before[32768], after[32768];
    struct store *store = NULL;
    struct reason why = {0};
    size_t len;

    database_make(fixture->path, sql);
    len = file_read(fixture->path, before, sizeof(before));
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    assert_int_equal(store_sqlite_open(&store, &fixture->loop, fixture->path, &why), outcome);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_non_null(strstr(why.text, text));
    assert_int_equal(file_read(fixture->path, after, sizeof(after)), len);
    assert_memory_equal(before, after, len);
}

static void test_newer_format_is_refused(void **state)
{
    assert_refused(*state,
                   "PRAGMA application_id=1819107940; PRAGMA user_version=99; create table t (x)",
                   STORE_SQLITE_NEWER, "written by a newer lambd (format 99, this one knows 2)");
}

static void test_foreign_database_is_refused(void **state)
{
    assert_refused(*state, "create table t (x)", STORE_SQLITE_FOREIGN,
                   "is a database of another program");
}

/* It holds the functions' environment variables. */
static void test_files_are_private(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    struct stat st;
    int outcome;

    fixture_open(fixture);
    (void)put(fixture, "a", "1", STORE_ABSENT, &outcome);
    assert_int_equal(stat(fixture->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)snprintf(path, sizeof(path), "%s-wal", fixture->path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    fixture_close(fixture);
}

static void test_unreachable_path(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    struct reason why = {0};
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/missing/lambd.db", fixture->directory);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    assert_true(store_sqlite_open(&store, &fixture->loop, path, &why) < 0);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_non_null(strstr(why.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_checks_revision, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_of_a_part, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_checks_revision, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_is_atomic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_prefix_and_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_pages_after_reopen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revisions_survive_reopen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_answers_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters_of_format_1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_format_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_database_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files_are_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreachable_path, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
