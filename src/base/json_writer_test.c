/* SPDX-License-Identifier: Apache-2.0 */

#include "base/json_writer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json_doc.h"

static void expect(struct buf *out, const char *wanted)
{
    assert_int_equal(buf_append_char(out, '\0'), 0);
    assert_string_equal(out->ptr, wanted);
    buf_deinit(out);
    *out = (struct buf){0};
}

static void test_structure(void **state)
{
    struct buf out = {0};
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, &out);
    json_write_object_begin(&writer);
    json_write_member(&writer, STR("a"), STR("x"));
    json_write_member(&writer, STR("skipped"), STR_NONE);
    json_write_key(&writer, STR("list"));
    json_write_array_begin(&writer);
    json_write_i64(&writer, -7);
    json_write_array_begin(&writer);
    json_write_array_end(&writer);
    json_write_bool(&writer, true);
    json_write_null(&writer);
    json_write_raw(&writer, STR("{\"r\":1}"));
    json_write_array_end(&writer);
    json_write_key(&writer, STR("o"));
    json_write_object_begin(&writer);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
    expect(&out, "{\"a\":\"x\",\"list\":[-7,[],true,null,{\"r\":1}],\"o\":{}}");
}

static void test_escapes(void **state)
{
    struct buf out = {0};

    (void)state;
    json_append_quoted(&out, STR("a\"b\\c\n\t\x01\x7F/"));
    expect(&out, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f/\"");
    json_append_quoted(&out, STR("\xC3\xA9 \xF0\x9F\x98\x80"));
    expect(&out, "\"\xC3\xA9 \xF0\x9F\x98\x80\"");
    json_append_quoted(&out, STR("\xC3(\xED\xA0\x80"));
    expect(&out, "\"\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void test_doubles(void **state)
{
    struct buf out = {0};
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, &out);
    json_write_array_begin(&writer);
    json_write_double(&writer, 0.1);
    json_write_double(&writer, 3);
    json_write_double(&writer, 1.0 / 3);
    json_write_double(&writer, (double)NAN);
    json_write_double(&writer, -0.0);
    json_write_array_end(&writer);
    expect(&out, "[0.1,3,0.3333333333333333,null,0]");
}

static void test_document(void **state)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    json_t *none = NULL;
    struct json_doc_error error;
    struct buf out = {0};
    int64_t number = 0;
    bool flag = false;

    (void)state;
    assert_int_equal(
        json_doc_load(&doc, STR("{\"s\":\"x\\u0000y\",\"n\":5,\"b\":true,\"a\":[],\"o\":{}}"),
                      NULL),
        0);
    assert_true(str_eq(json_doc_str(doc, "s"), STR("x\0y")));
    assert_false(str_is_set(json_doc_str(doc, "n")));
    assert_true(json_doc_i64(doc, "n", &number) && number == 5);
    assert_true(json_doc_bool(doc, "b", &flag) && flag);
    assert_non_null(json_doc_array(doc, "a"));
    assert_null(json_doc_array(doc, "o"));
    assert_int_equal(json_doc_dump(doc, JSON_DOC_SORTED, &out), 0);
    expect(&out, "{\"a\":[],\"b\":true,\"n\":5,\"o\":{},\"s\":\"x\\u0000y\"}");
    assert_true(json_doc_load(&none, STR("{\"a\":}"), &error) < 0);
    assert_int_equal(error.line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
