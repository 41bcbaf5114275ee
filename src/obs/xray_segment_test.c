/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/xray_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json_doc.h"

static const struct trace_segments segments = {
    .root = STR_INIT("1-5f35ae12-0c0fec141ab77a00bc047aa2"),
    .parent = STR_INIT("2be948a625588e32"),
    .service = "1111111111111111",
    .function = "2222222222222222",
};

static struct invocation_record record(void)
{
    return (struct invocation_record){
        .request_id = STR("8f50"),
        .function_name = STR("my-function"),
        .function_arn = STR("arn:aws:lambda:us-east-1:123456789012:function:my-function"),
        .received_real_us = 1700000000000001,
        .begun_real_us = 1700000000100000,
        .duration_ns = 2000000000,
        .response_ns = 1500000000,
        .init_ns = 50000000,
        .init_real_us = 1700000000040000,
        .segments = &segments,
    };
}

/* What stands behind the header. */
static struct str document_of(const struct buf *buf)
{
    static const char header[] = "{\"format\":\"json\",\"version\":1}\n";

    assert_false(buf_failed(buf));
    assert_true(buf->len < XRAY_DATAGRAM_BYTES_MAX);
    assert_memory_equal(buf->ptr, header, sizeof(header) - 1);
    return str_sub(buf_str(buf), sizeof(header) - 1, buf->len);
}

static void expect(const struct buf *buf, const char *wanted)
{
    struct str document = document_of(buf);

    assert_int_equal(document.len, strlen(wanted));
    assert_memory_equal(document.ptr, wanted, document.len);
}

#define COMMON                                                                                     \
    "\"resource_arn\":\"arn:aws:lambda:us-east-1:123456789012:function:my-function\","             \
    "\"aws\":{\"function_arn\":\"arn:aws:lambda:us-east-1:123456789012:function:my-function\","    \
    "\"resource_names\":[\"my-function\"],\"request_id\":\"8f50\"}"

static void the_service_includes_the_waiting(void **state)
{
    struct invocation_record r = record();
    struct buf buf = {0};

    (void)state;
    xray_service_segment(&buf, &r);
    expect(
        &buf,
        "{\"name\":\"my-function\",\"id\":\"1111111111111111\","
        "\"trace_id\":\"1-5f35ae12-0c0fec141ab77a00bc047aa2\",\"parent_id\":\"2be948a625588e32\","
        "\"start_time\":1700000000.000001,\"end_time\":1700000002.100000,"
        "\"origin\":\"AWS::Lambda\"," COMMON ",\"http\":{\"response\":{\"status\":200}}}");
    buf_deinit(&buf);
}

static void a_throttle_is_an_error(void **state)
{
    struct invocation_record r = record();
    struct buf buf = {0};

    (void)state;
    xray_throttle_segment(&buf, &r);
    expect(
        &buf,
        "{\"name\":\"my-function\",\"id\":\"1111111111111111\","
        "\"trace_id\":\"1-5f35ae12-0c0fec141ab77a00bc047aa2\",\"parent_id\":\"2be948a625588e32\","
        "\"start_time\":1700000000.000001,\"end_time\":1700000000.100000,"
        "\"origin\":\"AWS::Lambda\"," COMMON
        ",\"http\":{\"response\":{\"status\":429}},\"error\":true,\"throttle\":true}");
    buf_deinit(&buf);
}

static json_t *function_document(const struct invocation_record *r)
{
    struct buf buf = {0};
    json_t *doc = NULL;

    xray_function_segment(&buf, r);
    assert_int_equal(json_doc_load(&doc, document_of(&buf), NULL), 0);
    buf_deinit(&buf);
    return doc;
}

static void expect_part(const json_t *doc, size_t at, const char *name, double start, double end)
{
    const json_t *part = json_array_get(json_doc_array(doc, "subsegments"), at);

    assert_true(str_eq(json_doc_str(part, "name"), str_of(name)));
    assert_int_equal(json_doc_str(part, "id").len, 16);
    assert_float_equal(json_real_value(json_object_get(part, "start_time")), start, 1e-6);
    assert_float_equal(json_real_value(json_object_get(part, "end_time")), end, 1e-6);
}

static void the_function_has_its_parts(void **state)
{
    struct invocation_record r = record();
    json_t *doc = function_document(&r);

    (void)state;
    assert_true(str_eq(json_doc_str(doc, "origin"), STR("AWS::Lambda::Function")));
    assert_true(str_eq(json_doc_str(doc, "parent_id"), STR("1111111111111111")));
    assert_null(json_object_get(doc, "fault"));
    assert_int_equal(json_array_size(json_doc_array(doc, "subsegments")), 3);
    expect_part(doc, 0, "Initialization", 1700000000.04, 1700000000.09);
    expect_part(doc, 1, "Invocation", 1700000000.1, 1700000001.6);
    expect_part(doc, 2, "Overhead", 1700000001.6, 1700000002.1);
    json_decref(doc);

    r.init_ns = r.response_ns = 0;
    r.status = REPORT_TIMEOUT;
    doc = function_document(&r);
    assert_true(json_is_true(json_object_get(doc, "fault")));
    assert_int_equal(json_array_size(json_doc_array(doc, "subsegments")), 1);
    expect_part(doc, 0, "Invocation", 1700000000.1, 1700000002.1);
    json_decref(doc);
}

static void a_cause_is_told(void **state)
{
    struct invocation_record r = record();
    const json_t *exception, *frame;
    json_t *doc;

    (void)state;
    r.function_error = true;
    r.error_cause = STR("{\"working_directory\":\"/var/task\",\"paths\":[\"/var/task/app.py\"],"
                        "\"exceptions\":[{\"type\":\"ValueError\",\"message\":\"bad\",\"stack\":"
                        "[{\"path\":\"/var/task/app.py\",\"line\":7,\"label\":\"handler\"}]}]}");
    doc = function_document(&r);
    assert_true(json_is_true(json_object_get(doc, "fault")));
    exception = json_array_get(json_doc_array(json_doc_object(doc, "cause"), "exceptions"), 0);
    assert_int_equal(json_doc_str(exception, "id").len, 16);
    assert_true(str_eq(json_doc_str(exception, "type"), STR("ValueError")));
    frame = json_array_get(json_doc_array(exception, "stack"), 0);
    assert_true(str_eq(json_doc_str(frame, "label"), STR("handler")));
    assert_int_equal(json_integer_value(json_object_get(frame, "line")), 7);
    json_decref(doc);
    r.error_cause = STR("{\"exceptions\":");
    doc = function_document(&r);
    assert_null(json_object_get(doc, "cause"));
    json_decref(doc);
}

/* Many, deep, long, and of characters that JSON writes with six bytes. */
static void no_cause_is_too_large(void **state)
{
    struct invocation_record r = record();
    struct buf cause = {0};
    const json_t *exceptions;
    json_t *doc;

    (void)state;
    r.function_error = true;
    (void)buf_append_str(&cause, STR("{\"working_directory\":\""));
    for (int i = 0; i < 5000; i++)
        (void)buf_append_str(&cause, STR("\\u0001"));
    (void)buf_append_str(&cause, STR("\",\"message\":\"é\",\"paths\":["));
    for (int i = 0; i < 5000; i++)
        (void)buf_printf(&cause, "\"/var/task/%d\",", i);
    (void)buf_append_str(&cause, STR("\"\"],\"exceptions\":["));
    for (int i = 0; i < 20; i++) {
        (void)buf_append_str(&cause, STR("{\"type\":\"RecursionError\",\"stack\":["));
        for (int k = 0; k < 1000; k++)
            (void)buf_append_str(&cause, STR("{\"path\":\"/var/task/app.py\",\"line\":1},"));
        (void)buf_append_str(&cause, STR("{}]},"));
    }
    (void)buf_append_str(&cause, STR("{}]}"));
    r.error_cause = buf_str(&cause);
    doc = function_document(&r); /* looks at the size */
    exceptions = json_doc_array(json_doc_object(doc, "cause"), "exceptions");
    assert_true(json_array_size(exceptions) > 0);
    assert_true(json_array_size(json_doc_array(json_array_get(exceptions, 0), "stack")) > 0);
    json_decref(doc);
    buf_deinit(&cause);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_includes_the_waiting),
        cmocka_unit_test(a_throttle_is_an_error),
        cmocka_unit_test(the_function_has_its_parts),
        cmocka_unit_test(a_cause_is_told),
        cmocka_unit_test(no_cause_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
