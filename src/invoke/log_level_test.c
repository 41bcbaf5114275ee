/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void reads_events(void **state)
{
#define TIME "\"timestamp\":\"2026-01-02T03:04:05Z\","
    static const struct {
        const char *message;
        enum log_level level;
    } cases[] = {
        {"", LOG_LEVEL_INFO},
        {"ERROR in plain text", LOG_LEVEL_INFO},
        {"{\"level\":\"ERROR\"", LOG_LEVEL_INFO},
        {"{\"level\":\"ERROR\"}", LOG_LEVEL_INFO},
        {"{" TIME "\"level\":\"ERROR\"}", LOG_LEVEL_ERROR},
        {"{" TIME "\"level\":\"error\"}\n", LOG_LEVEL_ERROR},
        {"{" TIME "\"log_level\":\"WARNING\"}", LOG_LEVEL_WARN},
        {"{" TIME "\"level\":\"Critical\"}", LOG_LEVEL_FATAL},
        {"{" TIME "\"level\":\"trace\"}", LOG_LEVEL_TRACE},
        {"{" TIME "\"level\":\"Debug\"}", LOG_LEVEL_DEBUG},
        {"{" TIME "\"level\":\"LOUD\"}", LOG_LEVEL_INFO},
        {"{" TIME "\"level\":4}", LOG_LEVEL_INFO},
        {"{" TIME "\"message\":1}", LOG_LEVEL_INFO},
        {"{\"time\":\"2026-01-02T03:04:05.123456789+02:00\",\"level\":\"WARN\"}", LOG_LEVEL_WARN},
        {"{\"timestamp\":\"2026-01-02 03:04:05Z\",\"level\":\"WARN\"}", LOG_LEVEL_INFO},
        {"{\"timestamp\":\"2026-01-02T03:04:05.Z\",\"level\":\"WARN\"}", LOG_LEVEL_INFO},
        {"{\"timestamp\":\"2026-01-02T03:04:05\",\"level\":\"WARN\"}", LOG_LEVEL_INFO},
        {"{\"timestamp\":\"2026-01-02T03:04:05Zx\",\"level\":\"WARN\"}", LOG_LEVEL_INFO},
        {"{\"timestamp\":1767323045,\"level\":\"WARN\"}", LOG_LEVEL_INFO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (log_event_look(str_of(cases[i].message)).level != cases[i].level)
            fail_msg("%s: %d, not %d", cases[i].message,
                     (int)log_event_look(str_of(cases[i].message)).level, (int)cases[i].level);
}

static void tells_where_a_time_is_missing(void **state)
{
    static const struct {
        const char *message;
        size_t at;
    } cases[] = {
        {"plain", 0},
        {"[1]", 0},
        {"{", 0},
        {"{}", 1},
        {"{\"a\":{}}\n", 7},
        {"{\"level\":\"WARN\"} ", 15},
        {"{" TIME "\"a\":1}", 0},
        {"{\"time\":1}", 0},
        {"{\"timestamp\":null}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(log_event_look(str_of(cases[i].message)).stamp_at, cases[i].at);
}

static void knows_no_other_names(void **state)
{
    (void)state;
    assert_int_equal(log_level_of_name(STR("")), LOG_LEVEL_NONE);
    assert_int_equal(log_level_of_name(STR("WARNINGS")), LOG_LEVEL_NONE);
    assert_int_equal(log_level_of_name(STR("fatal")), LOG_LEVEL_FATAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_events),
        cmocka_unit_test(tells_where_a_time_is_missing),
        cmocka_unit_test(knows_no_other_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
