/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/endian.h"
#include "base/limits.h"

enum { TIME_MS = 1700000000 };

static void put_head(struct buf *wire, uint32_t type, size_t len)
{
    char head[LOG_RECORDS_HEAD_BYTES];

    be32_put(head, type);
    be32_put(head + 4, (uint32_t)len);
    be64_put(head + 8, (uint64_t)TIME_MS * 1000 + 999);
    assert_int_equal(buf_append(wire, head, type == 0xa55a0001 ? 8 : sizeof(head)), 0);
}

static void put(struct buf *wire, uint32_t type, const char *message)
{
    put_head(wire, type, strlen(message));
    assert_int_equal(buf_append_str(wire, str_of(message)), 0);
}

/* What comes out when the bytes come in pieces of that size: "level format time message|…". */
static void read_all(struct log_records *records, struct str wire, size_t step, struct buf *seen)
{
    struct runtime_log record;
    struct str piece;

    for (; wire.len; wire = str_sub(wire, step, wire.len)) {
        piece = str_sub(wire, 0, step);
        while (log_records_read(records, &piece, &record)) {
            (void)buf_printf(seen, "%u %s %s ", record.level, record.json ? "json" : "text",
                             record.real_ms == TIME_MS ? "then" : "now");
            (void)buf_append_str(seen, record.message);
            (void)buf_append_char(seen, '|');
        }
    }
}

static void check(struct str wire, const char *expected, uint64_t dropped)
{
    static const size_t steps[] = {1, 2, 3, 7, 16, 17, 4096};

    for (size_t i = 0; i < array_count(steps); i++) {
        struct log_records records = {0};
        struct buf seen = {0};

        read_all(&records, wire, steps[i], &seen);
        (void)buf_append_char(&seen, '\0');
        assert_string_equal(seen.ptr, expected);
        assert_int_equal(records.dropped, dropped);
        buf_deinit(&seen);
        log_records_deinit(&records);
    }
}

static void every_kind_is_read(void **state)
{
    struct buf wire = {0};

    (void)state;
    put(&wire, 0xa55a0003, "one\ntwo\n");
    put(&wire, 0xa55a0002, "{}");
    put(&wire, 0xa55a001b, "fatal");
    put(&wire, 0xa55a0006, "{\"trace\":1}");
    put(&wire, 0xa55a0001, "first version");
    put(&wire, 0xa55a0003, ""); /* gives no event */
    put(&wire, 0xa55a000f, "end");
    check(buf_str(&wire),
          "0 text then one\ntwo\n|0 json then {}|6 text then fatal|1 json then {\"trace\":1}|"
          "0 text now first version|3 text then end|",
          0);
    buf_deinit(&wire);
}

static void what_is_no_record_is_passed_over(void **state)
{
    struct buf wire = {0};

    (void)state;
    (void)buf_append_str(&wire, STR("a line\n"));
    put(&wire, 0xa55a0003, "one");
    (void)buf_append(&wire, "\xa5\xa5\x5a\xa5\x5a\x00", 6); /* beginnings of beginnings */
    put(&wire, 0xa55a0003, "two");
    put(&wire, 0xa55a001f, "no such level");              /* 16 + 13 */
    put(&wire, 0xa55a0000, "no such format");             /* 16 + 14 */
    put(&wire, 0xa55a0005, "first version has no level"); /* 16 + 26 */
    put(&wire, 0xa55a0003, "three");
    check(buf_str(&wire), "0 text then one|0 text then two|0 text then three|",
          7 + 6 + 29 + 30 + 42);
    buf_deinit(&wire);
}

static void a_long_message_comes_in_pieces(void **state)
{
    static char text[LIMIT_LOG_EVENT_BYTES + 10];
    struct log_records records = {0};
    struct runtime_log record;
    struct buf wire = {0};
    struct str rest;

    (void)state;
    memset(text, 'x', sizeof(text));
    put_head(&wire, 0xa55a0017, sizeof(text));
    (void)buf_append(&wire, text, sizeof(text));
    put(&wire, 0xa55a0003, "after");
    rest = buf_str(&wire);
    assert_true(log_records_read(&records, &rest, &record));
    assert_int_equal(record.message.len, LIMIT_LOG_EVENT_BYTES);
    assert_true(log_records_read(&records, &rest, &record));
    assert_int_equal(record.message.len, 10);
    assert_int_equal(record.level, 5);
    assert_true(log_records_read(&records, &rest, &record));
    assert_true(str_eq(record.message, STR("after")));
    buf_deinit(&wire);
    log_records_deinit(&records);
}

static void an_unfinished_message_can_be_had(void **state)
{
    struct log_records records = {0};
    struct runtime_log record;
    struct buf wire = {0};
    struct str rest;

    (void)state;
    put_head(&wire, 0xa55a0003, 6);
    (void)buf_append_str(&wire, STR("one"));
    rest = buf_str(&wire);
    assert_false(log_records_read(&records, &rest, &record));
    assert_true(log_records_flush(&records, &record));
    assert_true(str_eq(record.message, STR("one")));
    assert_false(log_records_flush(&records, &record));
    rest = STR("two");
    assert_true(log_records_read(&records, &rest, &record));
    assert_true(str_eq(record.message, STR("two")));
    assert_int_equal(record.real_ms, TIME_MS);
    buf_deinit(&wire);
    log_records_deinit(&records);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(what_is_no_record_is_passed_over),
        cmocka_unit_test(a_long_message_comes_in_pieces),
        cmocka_unit_test(an_unfinished_message_can_be_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
