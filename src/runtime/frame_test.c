/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/endian.h"
#include "base/limits.h"

static void put(struct buf *buf, enum frame_type type, uint32_t invocation, struct str payload)
{
    size_t start = buf->len;

    frame_begin(buf, type, 0, invocation);
    frame_put_metadata(buf, STR("Content-Type"), STR("text/x"));
    frame_put_metadata(buf, STR("Empty"), STR(""));
    assert_int_equal(frame_end(buf, start, payload.len), 0);
    (void)buf_append_str(buf, payload);
}

static void check_pair(struct frame_reader *reader, struct str bytes, size_t step)
{
    struct frame frame;
    size_t at = 0;
    int seen = 0;

    while (at < bytes.len) {
        struct str piece = str_sub(bytes, at, at + step);

        at += piece.len;
        while (piece.len) {
            int r = frame_read(reader, &piece, &frame);

            assert_true(r >= 0);
            if (r == FRAME_MORE)
                continue;
            seen++;
            assert_int_equal(frame.invocation, 7);
            assert_true(
                str_eq(frame_metadata_get(frame.metadata, STR("Content-Type")), STR("text/x")));
            assert_false(str_is_set(frame_metadata_get(frame.metadata, STR("Empty"))));
            if (seen == 1)
                assert_true(str_eq(frame.payload, STR("hello")));
            else
                assert_int_equal(frame.payload.len, 0);
        }
    }
    assert_int_equal(seen, 2);
}

static void reads_however_it_is_cut(void **state)
{
    struct frame_reader reader = {0};
    struct buf buf = {0};

    (void)state;
    put(&buf, FRAME_RESPONSE, 7, STR("hello"));
    put(&buf, FRAME_NEXT, 7, STR(""));
    for (size_t step = 1; step <= buf.len; step++)
        check_pair(&reader, buf_str(&buf), step);
    frame_reader_deinit(&reader);
    buf_deinit(&buf);
}

static int read_raw(const void *bytes, size_t len, struct frame *ret_frame)
{
    struct frame_reader reader = {0};
    struct str input = str_make(bytes, len);
    int r = frame_read(&reader, &input, ret_frame);

    frame_reader_deinit(&reader);
    return r;
}

static void refuses_broken_frames(void **state)
{
    /* length, type, flags, zero, invocation, metadata length, metadata */
    static const struct {
        const char *what;
        char bytes[24];
        size_t len;
    } broken[] = {
        {"length below 2", "\0\0\0\1\x81\0\0\0\0\0\0\0\0", 13},
        {"type of the other side", "\0\0\0\2\x02\0\0\0\0\0\0\0\0\0", 14},
        {"unknown type", "\0\0\0\2\x99\0\0\0\0\0\0\0\0\0", 14},
        {"zero field not zero", "\0\0\0\2\x81\0\0\1\0\0\0\0\0\0", 14},
        {"metadata beyond the body", "\0\0\0\2\x81\0\0\0\0\0\0\0\0\1", 14},
        {"key beyond the metadata", "\0\0\0\4\x81\0\0\0\0\0\0\0\0\2\0\1", 16},
        {"key without value", "\0\0\0\5\x81\0\0\0\0\0\0\0\0\3\0\1a", 17},
    };
    struct frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        if (read_raw(broken[i].bytes, broken[i].len, &frame) != -EPROTO)
            fail_msg("accepted: %s", broken[i].what);
}

static void throws_an_oversize_payload_away(void **state)
{
    enum { PIECE = 1 << 20 };
    struct frame_reader reader = {0};
    char *piece = calloc(1, PIECE);
    uint8_t head[FRAME_HEADER_BYTES + 2] = {0};
    size_t left = (size_t)16 * PIECE;
    struct frame frame;
    struct str input;
    int r;

    (void)state;
    be32_put(head, (uint32_t)(2 + left));
    head[4] = FRAME_RESPONSE;
    input = str_make((char *)head, sizeof(head));
    assert_int_equal(frame_read(&reader, &input, &frame), FRAME_MORE);
    while (left > PIECE) {
        input = str_make(piece, PIECE);
        assert_int_equal(frame_read(&reader, &input, &frame), FRAME_MORE);
        assert_int_equal(input.len, 0);
        left -= PIECE;
    }
    input = str_make(piece, PIECE);
    r = frame_read(&reader, &input, &frame);
    assert_int_equal(r, FRAME_READY);
    assert_true(frame.oversize);
    assert_int_equal(frame.payload.len, 0);
    frame_reader_deinit(&reader);
    free(piece);
}

static void a_log_may_not_be_oversize(void **state)
{
    uint8_t head[FRAME_HEADER_BYTES] = {0};
    struct frame frame;

    (void)state;
    be32_put(head, 100000000);
    head[4] = FRAME_LOG;
    assert_int_equal(read_raw(head, sizeof(head), &frame), -EPROTO);
}

static void gives_payloads_away(void **state)
{
    static char big[200000];
    struct frame_reader reader = {0};
    struct buf buf = {0};
    struct str input;
    struct frame frame;
    size_t len;
    char *payload;

    (void)state;
    memset(big, 'b', sizeof(big));
    put(&buf, FRAME_RESPONSE, 1, str_make(big, sizeof(big)));
    input = str_sub(buf_str(&buf), 0, 1000);
    assert_int_equal(frame_read(&reader, &input, &frame), FRAME_MORE);
    input = str_sub(buf_str(&buf), 1000, buf.len);
    assert_int_equal(frame_read(&reader, &input, &frame), FRAME_READY);
    payload = frame_steal_payload(&reader, &frame, &len);
    assert_non_null(payload);
    assert_int_equal(len, sizeof(big));
    assert_memory_equal(payload, big, sizeof(big));
    free(payload);
    frame_reader_deinit(&reader);
    buf_deinit(&buf);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_however_it_is_cut),
        cmocka_unit_test(refuses_broken_frames),
        cmocka_unit_test(throws_an_oversize_payload_away),
        cmocka_unit_test(a_log_may_not_be_oversize),
        cmocka_unit_test(gives_payloads_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
