/* SPDX-License-Identifier: Apache-2.0 */

#include "api/body_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/lambda/shapes.h"

/* Text with <n> for blob n, then "|", then the blobs' texts, each closed with ";" (or "~" when it
 * never ended). */
static void scan(const struct model_shape *shape, const char *json, size_t step, struct buf *out)
{
    struct body_scan scan;
    struct buf blobs = {.len = 0};
    size_t len = strlen(json);
    bool in_blob = false;

    body_scan_init(&scan, shape);
    for (size_t at = 0; at < len;) {
        struct body_scan_event event;
        size_t piece = len - at < step ? len - at : step;
        size_t taken = body_scan_next(&scan, json + at, piece, &event);

        assert_true(taken > 0 && taken <= piece);
        at += taken;
        if (event.kind == BODY_SCAN_TEXT)
            assert_int_equal(buf_append_str(out, event.bytes), 0);
        else if (event.kind == BODY_SCAN_BLOB)
            assert_int_equal(buf_append_str(&blobs, event.bytes), 0);
        else if (event.kind == BODY_SCAN_BLOB_BEGIN)
            assert_int_equal(buf_append_str(out, STR("<>")), 0);
        else
            assert_int_equal(buf_append_char(&blobs, ';'), 0);
        if (event.kind != BODY_SCAN_TEXT)
            in_blob = event.kind != BODY_SCAN_BLOB_END;
    }
    assert_int_equal(buf_append_char(out, '|'), 0);
    assert_int_equal(buf_append_str(out, buf_str(&blobs)), 0);
    assert_int_equal(buf_append(out, in_blob ? "~" : "", in_blob ? 2 : 1), 0);
    buf_deinit(&blobs);
}

static void expect(const struct model_shape *shape, const char *json, const char *wanted)
{
    for (size_t step = 1; step <= 128; step = step * 2 + 1) {
        struct buf out = {.len = 0};

        scan(shape, json, step, &out);
        if (strcmp(out.ptr, wanted) != 0)
            fail_msg("%s in pieces of %zu:\n got  %s\n want %s", json, step, out.ptr, wanted);
        buf_deinit(&out);
    }
}

#define CREATE (&lambda_create_function_request_shape)
#define UPDATE (&lambda_update_function_code_request_shape)

static void test_finds_blobs(void **state)
{
    (void)state;
    expect(CREATE, "{\"FunctionName\":\"f\",\"Code\":{\"ZipFile\":\"UEs=\",\"S3Key\":\"x\"}}",
           "{\"FunctionName\":\"f\",\"Code\":{\"ZipFile\":<>,\"S3Key\":\"x\"}}|UEs=;");
    expect(UPDATE, "{ \"ZipFile\" : \"QUJD\" , \"Publish\":true}",
           "{ \"ZipFile\" : <> , \"Publish\":true}|QUJD;");
    expect(UPDATE, "{\"ZipFile\":\"\"}", "{\"ZipFile\":<>}|;");
    expect(UPDATE, "{\"ZipFile\":\"QQ==\",\"ZipFile\":\"Qg==\"}",
           "{\"ZipFile\":<>,\"ZipFile\":<>}|QQ==;Qg==;");
}

static void test_leaves_the_rest(void **state)
{
    static const char *const texts[] = {
        "{\"ZipFile\":\"x\"}",            /* not at the top of CreateFunction */
        "{\"Tags\":{\"ZipFile\":\"x\"}}", /* in a map */
        "{\"Code\":{\"ZipFile\":null}}",
        "{\"Code\":{\"ZipFile\":{\"a\":\"b\"}}}",
        "{\"Code\":{\"\\u005aipFile\":\"x\"}}", /* no client spells it so */
        "{\"Description\":\"{\\\"Code\\\":{\\\"ZipFile\\\":\\\"x\\\"}}\"}",
        "{\"Code\":[{\"ZipFile\":\"x\"}]}",
        "[{\"Code\":{\"ZipFile\":\"x\"}}]",
        "{\"Layers\":[\"a\",\"b\"],\"Handler\":\"Code\"}",
        "{\"Code\":{},\"ZipFile\":\"x\"}",
        "]]]}}}",
        "{\"a\":[[[[[[[[[[[[[[[[[[[[{\"Code\":{\"ZipFile\":\"x\"}}]]]]]]]]]]]]]]]]]]]]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char wanted[256];

        (void)snprintf(wanted, sizeof(wanted), "%s|", texts[i]);
        expect(CREATE, texts[i], wanted);
    }
}

/* Some encoders escape the slash, others the equals sign. */
static void test_escapes(void **state)
{
    (void)state;
    expect(UPDATE, "{\"ZipFile\":\"a\\/b\\u003d\\u003D\"}", "{\"ZipFile\":<>}|a/b==;");
    expect(UPDATE, "{\"ZipFile\":\"a\\nb\\u00e9\\uzz\"}", "{\"ZipFile\":<>}|a!b!!z;");
    expect(UPDATE, "{\"ZipFile\":\"a\\\"b\"}", "{\"ZipFile\":<>}|a!b;");
}

static void test_unfinished(void **state)
{
    (void)state;
    expect(UPDATE, "{\"ZipFile\":\"abc", "{\"ZipFile\":<>|abc~");
    expect(UPDATE, "{\"ZipFi", "{\"ZipFi|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_blobs),
        cmocka_unit_test(test_leaves_the_rest),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_unfinished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
