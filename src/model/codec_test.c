/* SPDX-License-Identifier: Apache-2.0 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/lambda/operations.h"
#include "model/lambda/shapes.h"
#include "model/model.h"
#include "model/print.h"

static const struct api_blob *the_blob = (const struct api_blob *)(const void *)&the_blob;

static const struct api_blob *find_blob(void *owner, struct str placeholder)
{
    (void)owner;
    return str_eq(placeholder, STR("blob:0")) ? the_blob : NULL;
}

static int decode(struct arena *arena, const struct model_shape *shape, const char *text,
                  void *structure, const char **ret_error)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct model_decoder decoder = {.arena = arena, .find_blob = find_blob};
    int r;

    assert_int_equal(json_doc_load(&doc, str_of(text), NULL), 0);
    r = model_decode_structure(&decoder, shape, doc, structure);
    *ret_error = decoder.error;
    return r;
}

static void test_decode(void **state)
{
    CLEANUP(arena_deinit) struct arena arena;
    struct lambda_create_function_request in = {0};
    const char *error;

    (void)state;
    arena_init(&arena);
    assert_int_equal(
        decode(&arena, &lambda_create_function_request_shape,
               "{\"FunctionName\":\"f\",\"Unknown\":[1],\"Handler\":null,\"Timeout\":5,"
               "\"Code\":{\"ZipFile\":\"blob:0\"},\"Publish\":true,\"Layers\":[],"
               "\"Environment\":{\"Variables\":{\"A_\":\"1\",\"B_\":\"\"}},"
               "\"Architectures\":[\"arm64\"]}",
               &in, &error),
        MODEL_DECODE_OK);
    assert_true(str_eq(in.function_name, STR("f")));
    assert_false(str_is_set(in.handler));
    assert_true(in.timeout.has && in.timeout.value == 5);
    assert_true(in.publish.has && in.publish.value);
    assert_false(in.memory_size.has);
    assert_ptr_equal(in.code->zip_file, the_blob);
    assert_non_null(in.layers.ptr);
    assert_int_equal(in.layers.count, 0);
    assert_null(in.tags.ptr);
    assert_int_equal(in.environment->variables.count, 2);
    assert_true(str_eq(in.environment->variables.ptr[1].key, STR("B_")));
    assert_true(str_is_set(in.environment->variables.ptr[1].value));
    assert_true(str_eq(in.architectures.ptr[0], STR("arm64")));
}

static void expect_wrong(const char *text, const char *wanted)
{
    CLEANUP(arena_deinit) struct arena arena;
    struct lambda_create_function_request in = {0};
    const char *error = NULL;

    arena_init(&arena);
    assert_int_equal(decode(&arena, &lambda_create_function_request_shape, text, &in, &error),
                     MODEL_DECODE_WRONG_TYPE);
    assert_string_equal(error, wanted);
}

static void test_wrong_types(void **state)
{
    (void)state;
    expect_wrong("{\"Timeout\":\"5\"}", "STRING_VALUE can not be converted to an Integer");
    expect_wrong("{\"Timeout\":5000000000}", "NUMBER_VALUE can not be converted to an Integer");
    expect_wrong("{\"Timeout\":1.5}", "DECIMAL_VALUE can not be converted to an Integer");
    expect_wrong("{\"Handler\":5}", "NUMBER_VALUE can not be converted to a String");
    expect_wrong("{\"Publish\":\"yes\"}", "STRING_VALUE can not be converted to a Boolean");
    expect_wrong("{\"Handler\":{}}", "Start of structure or map found where not expected.");
    expect_wrong("{\"Handler\":[]}", "Start of list found where not expected");
    expect_wrong("{\"Code\":\"x\"}", "Unexpected field type");
    expect_wrong("{\"Layers\":\"x\"}", "Unexpected field type");
    expect_wrong("{\"Code\":{\"ZipFile\":\"blob:1\"}}", "Unexpected field type");
    expect_wrong("[]", "Start of list found where not expected");
}

static void test_texts(void **state)
{
    CLEANUP(arena_deinit) struct arena arena;
    struct model_decoder decoder = {.arena = &arena};
    const struct model_shape *shape = &lambda_list_functions_request_shape;
    struct lambda_list_functions_request in = {0};
    const struct model_member *max_items = NULL;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < shape->member_count; i++)
        if (strcmp(shape->members[i].name, "MaxItems") == 0)
            max_items = &shape->members[i];
    assert_int_equal(model_decode_text(&decoder, max_items, STR("50"), &in), 0);
    assert_int_equal(in.max_items.value, 50);
    assert_int_equal(model_decode_text(&decoder, max_items, STR("5x"), &in),
                     MODEL_DECODE_WRONG_TYPE);
    assert_string_equal(decoder.error, "class java.lang.String can not be converted to an Integer");
}

static void expect_time(const char *text, int64_t wanted)
{
    int64_t got = -1;

    assert_true(model_parse_time(str_of(text), &got));
    assert_int_equal(got, wanted);
}

static void test_times(void **state)
{
    int64_t ignored;

    (void)state;
    expect_time("1573686021.479", 1573686021479);
    expect_time("0", 0);
    expect_time("2019-11-13T23:00:21Z", 1573686021000);
    expect_time("2019-11-13T23:00:21.479Z", 1573686021479);
    assert_false(model_parse_time(STR("yesterday"), &ignored));
    assert_false(model_parse_time(STR(""), &ignored));
}

static void expect_encoded(const struct model_shape *shape, const void *value, const char *wanted)
{
    struct buf out = {0};
    struct json_writer writer;

    json_writer_init(&writer, &out);
    model_encode_structure(&writer, shape, value);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_string_equal(out.ptr, wanted);
    buf_deinit(&out);
}

static void test_encode(void **state)
{
    const struct lambda_on_success on_success = {.destination = STR_NONE};
    const struct lambda_destination_config destinations = {.on_success = &on_success};
    const struct lambda_function_event_invoke_config config = {
        .last_modified = {1573686021479, true},
        .function_arn = STR_INIT("arn"),
        .maximum_retry_attempts = {0, true},
        .destination_config = &destinations,
    };
    const struct lambda_tags_entry tag = {STR_INIT("k"), STR_INIT("v\n")};
    const struct lambda_list_tags_response tags = {.tags = {&tag, 1}};
    const struct lambda_list_tags_response no_tags = {.tags = {(const void *)model_empty, 0}};
    const struct lambda_invocation_response invocation = {
        .status_code = {200, true}, .payload = STR_INIT("{}"), .executed_version = STR_INIT("1")};

    (void)state;
    expect_encoded(&lambda_function_event_invoke_config_shape, &config,
                   "{\"LastModified\":1573686021.479,\"FunctionArn\":\"arn\","
                   "\"MaximumRetryAttempts\":0,\"DestinationConfig\":{\"OnSuccess\":{}}}");
    expect_encoded(&lambda_list_tags_response_shape, &tags, "{\"Tags\":{\"k\":\"v\\n\"}}");
    expect_encoded(&lambda_list_tags_response_shape, &no_tags, "{\"Tags\":{}}");
    expect_encoded(&lambda_invocation_response_shape, &invocation, "{}");
}

static void expect_printed(double value, const char *wanted)
{
    struct buf out = {0};

    model_print_double(&out, value);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_string_equal(out.ptr, wanted);
    buf_deinit(&out);
}

static void test_doubles(void **state)
{
    (void)state;
    expect_printed(2, "2.0");
    expect_printed(0, "0.0");
    expect_printed(-1, "-1.0");
    expect_printed(0.5, "0.5");
    expect_printed(0.001, "0.001");
    expect_printed(0.0001, "1.0E-4");
    expect_printed(123.456, "123.456");
    expect_printed(9999999, "9999999.0");
    expect_printed(12345678, "1.2345678E7");
    expect_printed(100, "100.0");
}

/* The tables are consistent: what the generic code relies on holds for every operation. */
static void test_tables(void **state)
{
    (void)state;
    assert_int_equal(lambda_service.operation_count, 85);
    for (size_t i = 0; i < lambda_service.operation_count; i++) {
        const struct model_operation *operation = &lambda_operations[i];

        assert_non_null(operation->input);
        assert_true(operation->status >= 200 && operation->status < 300);
        for (size_t j = 0; j < operation->input->member_count; j++)
            assert_true(operation->input->members[j].offset < operation->input->size);
    }
    assert_int_equal(lambda_operations[LAMBDA_DELETE_FUNCTION].status, 204);
    assert_true(lambda_operations[LAMBDA_CREATE_FUNCTION].spools);
    assert_true(lambda_operations[LAMBDA_PUBLISH_LAYER_VERSION].spools);
    assert_false(lambda_operations[LAMBDA_INVOKE].spools);
    assert_true(lambda_operations[LAMBDA_INVOKE_WITH_RESPONSE_STREAM].streams_output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode), cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_times),
        cmocka_unit_test(test_encode), cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
