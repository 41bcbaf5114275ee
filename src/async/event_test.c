/* SPDX-License-Identifier: Apache-2.0 */

#include "async/event.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "async/record.h"
#include "base/arena.h"
#include "base/buf.h"
#include "catalog/catalog.h"

static void test_row(void **state)
{
    const struct async_event event = {
        .kind = ASYNC_DEAD_LETTER,
        .request_id = STR("id"),
        .qualifier = STR("live"),
        .accepted_ms = 1700000000000,
        .attempts = 3,
        .payload = STR("{\"a\":1}"),
        .target = STR("arn"),
        .error_code = 200,
    };
    CLEANUP(buf_deinit) struct buf row = {0};
    struct async_event read;

    (void)state;
    async_event_encode(&row, &event);
    assert_int_equal(async_event_decode(buf_str(&row), &read), 0);
    assert_int_equal(read.kind, ASYNC_DEAD_LETTER);
    assert_true(str_eq(read.qualifier, STR("live")));
    assert_true(str_eq(read.payload, event.payload));
    assert_false(str_is_set(read.trace_id));
    assert_int_equal(read.accepted_ms, event.accepted_ms);
    assert_int_equal(read.attempts, 3);
    assert_int_equal(async_event_decode(str_sub(buf_str(&row), 0, row.len - 1), &read), -EBADMSG);
}

/* The order of keys is that of places. */
static void test_keys(void **state)
{
    const struct function_id id = {STR("000000000000"), STR("us-east-1"), STR("f")};
    const struct async_place places[] = {{9, 2}, {10, 1}, {10, 2}, {UINT64_MAX, 1}};
    struct str queue, last = STR(""), key, read_queue;
    struct async_place place;
    struct function_id read_id;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    queue = async_queue_key(&arena, &id);
    assert_true(async_queue_key_parse(queue, &read_id));
    assert_true(str_eq(read_id.name, STR("f")));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        key = async_row_key(&arena, queue, &places[i]);
        assert_true(str_cmp(last, key) < 0);
        assert_true(async_row_key_parse(key, &read_queue, &place));
        assert_true(str_eq(read_queue, queue));
        assert_int_equal(async_place_cmp(&place, &places[i]), 0);
        last = key;
    }
    assert_false(async_row_key_parse(STR("a/b/c/"), &read_queue, &place));
    assert_false(
        async_row_key_parse(STR("a/b/c/000000000000000900000000000000g2"), &read_queue, &place));
    assert_false(async_queue_key_parse(STR("a/b/"), &read_id));
    arena_deinit(&arena);
}

static void test_record(void **state)
{
    const struct async_event event = {.request_id = STR("id"), .payload = STR("{\"a\":1}")};
    struct async_result result = {
        .condition = "Success",
        .invoke_count = 1,
        .has_response = true,
        .executed_version = STR("$LATEST"),
        .response = STR("not JSON"),
    };
    CLEANUP(buf_deinit) struct buf text = {0};

    (void)state;
    async_record_write(&text, &event, STR("arn"), 1573755496168, &result);
    assert_true(str_eq(buf_str(&text),
                       STR("{\"version\":\"1.0\",\"timestamp\":\"2019-11-14T18:18:16.168Z\","
                           "\"requestContext\":{\"requestId\":\"id\",\"functionArn\":\"arn\","
                           "\"condition\":\"Success\",\"approximateInvokeCount\":1},"
                           "\"requestPayload\":{\"a\":1},\"responseContext\":{\"statusCode\":200,"
                           "\"executedVersion\":\"$LATEST\"},\"responsePayload\":\"not JSON\"}")));
    result.has_response = false;
    buf_clear(&text);
    async_record_write(&text, &event, STR("arn"), 1573755496168, &result);
    assert_true(str_ends_with(buf_str(&text), STR("\"requestPayload\":{\"a\":1}}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
