/* SPDX-License-Identifier: Apache-2.0 */

#include "api/event_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32.h"

static void test_crc32(void **state)
{
    (void)state;
    assert_int_equal(crc32_update(0, STR("123456789")), 0xcbf43926);
    assert_int_equal(crc32_update(crc32_update(0, STR("1234")), STR("56789")), 0xcbf43926);
    assert_int_equal(crc32_update(0, STR("")), 0);
}

/* Lengths and checksums made by another implementation. */
static void test_message(void **state)
{
    static const uint8_t prelude[] = {0x00, 0x00, 0x00, 0x6f, 0x00, 0x00,
                                      0x00, 0x5a, 0xf5, 0xfe, 0x87, 0x1f};
    static const uint8_t end[] = {0x4f, 0xe0, 0x61, 0xf2};
    static const char headers[] = "\x0d:message-type\x07\0\x05"
                                  "event"
                                  "\x0b:event-type\x07\0\x0cPayloadChunk"
                                  "\x0d:content-type\x07\0\x18"
                                  "application/octet-stream";
    CLEANUP(buf_deinit) struct buf out = {0};

    (void)state;
    (void)buf_append_str(&out, STR("before"));
    event_stream_encode(&out, STR("PayloadChunk"), STR("application/octet-stream"), STR("hello"));
    assert_false(buf_failed(&out));
    assert_int_equal(out.len, 6 + 111);
    assert_memory_equal(out.ptr + 6, prelude, sizeof(prelude));
    assert_memory_equal(out.ptr + 6 + sizeof(prelude), headers, sizeof(headers) - 1);
    assert_memory_equal(out.ptr + out.len - sizeof(end) - 5, "hello", 5);
    assert_memory_equal(out.ptr + out.len - sizeof(end), end, sizeof(end));
}

static void test_no_room(void **state)
{
    CLEANUP(buf_deinit) struct buf out = {.max = 64};

    (void)state;
    event_stream_encode(&out, STR("PayloadChunk"), STR("application/octet-stream"), STR("hello"));
    assert_true(buf_failed(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
