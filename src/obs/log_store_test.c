/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/log_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"

struct fixture {
    uv_loop_t loop;
    char dir[64];
    struct log_store *store;
};

static void fixture_init(struct fixture *f)
{
    struct reason why = {0};

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/log_store_test_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(log_store_new(&f->store, &f->loop, f->dir, &why), 0);
}

static void fixture_deinit(struct fixture *f)
{
    char command[96];

    f->store = log_store_free(f->store);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    (void)snprintf(command, sizeof(command), "%s/0/r/f.log", f->dir);
    (void)remove(command);
    (void)snprintf(command, sizeof(command), "%s/0/r", f->dir);
    (void)remove(command);
    (void)snprintf(command, sizeof(command), "%s/0", f->dir);
    (void)remove(command);
    (void)remove(f->dir);
}

static void read_file(struct fixture *f, char *text, size_t size)
{
    char path[96];
    FILE *file;
    size_t n;

    (void)snprintf(path, sizeof(path), "%s/0/r/f.log", f->dir);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    (void)fclose(file);
}

static void one_event_one_entry(void **state)
{
    struct fixture f;
    struct log_stream *stream;
    char text[512];

    (void)state;
    fixture_init(&f);
    assert_int_equal(log_stream_open(&stream, f.store, STR("0"), STR("r"), STR("f"), STR("s1")), 0);
    log_stream_write(stream, 1764037614123, STR("first\n"));
    log_stream_write(stream, 1764037614123, STR("two\nlines"));
    log_stream_write(stream, 1764037615007, STR(""));
    stream = log_stream_close(stream);
    f.store = log_store_free(f.store);
    read_file(&f, text, sizeof(text));
    assert_string_equal(text, "2025-11-25T02:26:54.123Z\ts1\tfirst\n"
                              "2025-11-25T02:26:54.123Z\ts1\ttwo\n\tlines\n"
                              "2025-11-25T02:26:55.007Z\ts1\t\n");
    fixture_deinit(&f);
}

static void put_file(struct fixture *f, const char *text)
{
    char path[96];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/0", f->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/0/r", f->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/0/r/f.log", f->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What a daemon that was killed had begun to write. */
static void a_torn_line_stays_alone(void **state)
{
    struct fixture f;
    struct log_stream *stream;
    char text[512];

    (void)state;
    fixture_init(&f);
    put_file(&f, "whole\nhal");
    assert_int_equal(log_stream_open(&stream, f.store, STR("0"), STR("r"), STR("f"), STR("s1")), 0);
    log_stream_write(stream, 1764037614123, STR("next"));
    stream = log_stream_close(stream);
    f.store = log_store_free(f.store);
    read_file(&f, text, sizeof(text));
    assert_string_equal(text, "whole\nhal\n2025-11-25T02:26:54.123Z\ts1\tnext\n");
    fixture_deinit(&f);
}

static void a_flood_is_cut_and_counted(void **state)
{
    static char line[65536];
    static char text[LIMIT_LOG_BURST_BYTES * 2];
    struct fixture f;
    struct log_stream *stream;
    unsigned long long events = 0, bytes = 0;
    const char *note;

    (void)state;
    memset(line, 'x', sizeof(line));
    fixture_init(&f);
    assert_int_equal(log_stream_open(&stream, f.store, STR("0"), STR("r"), STR("f"), STR("s1")), 0);
    for (int i = 0; i < 100; i++)
        log_stream_write_output(stream, 0, str_make(line, sizeof(line)));
    assert_true(log_store_dropped(f.store) >= 30);
    assert_true(log_store_dropped(f.store) < 100);
    log_stream_write(stream, 0, STR("END"));
    events = log_store_dropped(f.store);
    stream = log_stream_close(stream);
    f.store = log_store_free(f.store);
    read_file(&f, text, sizeof(text));
    note = strstr(text, "lambd dropped ");
    assert_non_null(note);
    assert_int_equal(sscanf(note, "lambd dropped %*u log events (%llu bytes) here", &bytes), 1);
    assert_int_equal(bytes, events * sizeof(line));
    assert_non_null(strstr(note, "\ts1\tEND\n"));
    fixture_deinit(&f);
}

/* The disk takes all at once, and yet an environment may log no more than its share. */
static void a_long_flood_is_held_to_its_rate(void **state)
{
    static char line[LIMIT_LOG_EVENT_BYTES];
    struct fixture f;
    struct log_stream *stream;
    struct log_stream *other;
    uint64_t start_ns = clock_mono_ns();
    uint64_t taken, allowed;
    enum { EVENTS = 200 };

    (void)state;
    memset(line, 'x', sizeof(line));
    fixture_init(&f);
    assert_int_equal(log_stream_open(&stream, f.store, STR("0"), STR("r"), STR("f"), STR("s1")), 0);
    assert_int_equal(log_stream_open(&other, f.store, STR("0"), STR("r"), STR("f"), STR("s2")), 0);
    for (int i = 0; i < EVENTS; i++) {
        log_stream_write_output(stream, 0, str_make(line, sizeof(line)));
        log_store_flush(f.store);
    }
    taken = (EVENTS - log_store_dropped(f.store)) * sizeof(line);
    allowed = LIMIT_LOG_BURST_BYTES +
              (clock_mono_ns() - start_ns) / NS_PER_MS * (LIMIT_LOG_BYTES_PER_S / 1000);
    assert_in_range(taken, LIMIT_LOG_BURST_BYTES - 2 * sizeof(line), allowed);
    taken = log_store_dropped(f.store);
    log_stream_write_output(other, 0, STR("a neighbour's"));
    assert_int_equal(log_store_dropped(f.store), taken);
    stream = log_stream_close(stream);
    other = log_stream_close(other);
    fixture_deinit(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_one_entry),
        cmocka_unit_test(a_torn_line_stays_alone),
        cmocka_unit_test(a_flood_is_cut_and_counted),
        cmocka_unit_test(a_long_flood_is_held_to_its_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
