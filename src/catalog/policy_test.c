/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "catalog/policy_access.h"

#define ARN "arn:aws:lambda:us-east-1:123456789012:function:f"
#define HEAD "{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":"
#define ACTION ",\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"" ARN "\""

struct principal_case {
    const char *text;
    const char *principal; /* NULL: refused */
    bool is_service;
};

static const struct principal_case principal_cases[] = {
    {"*", "*", false},
    {"123456789012", "arn:aws-cn:iam::123456789012:root", false},
    {"s3.amazonaws.com", "s3.amazonaws.com", true},
    {"logs.us-east-1.amazonaws.com", "logs.us-east-1.amazonaws.com", true},
    {"s3.amazonaws.com.cn", "s3.amazonaws.com.cn", true},
    {"alexa-appkit.amazon.com", "alexa-appkit.amazon.com", true},
    {"arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root", false},
    {"arn:aws:iam::123456789012:user/a/b", "arn:aws:iam::123456789012:user/a/b", false},
    {"arn:aws:sts::123456789012:assumed-role/r/s", "arn:aws:sts::123456789012:assumed-role/r/s",
     false},
    {"invalid.nonaws.com", NULL, false},
    {".amazonaws.com", NULL, false},
    {"amazonaws.com", NULL, false},
    {"S3.amazonaws.com", NULL, false},
    {"a\".amazonaws.com", NULL, false},
    {"12345678901", NULL, false},
    {"1234567890123", NULL, false},
    {"12345678901x", NULL, false},
    {"arn:aws:iam::123456789012:", NULL, false},
    {"arn:aws:iam::123456789012", NULL, false},
    {"arn:aws:iam::12345:root", NULL, false},
    {"arn:aws:iam:us-east-1:123456789012:root", NULL, false},
    {"arn:aws:s3::123456789012:b", NULL, false},
    {"arn:other:iam::123456789012:root", NULL, false},
    {"", NULL, false},
    {"somebody", NULL, false},
};

static void test_principals(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < array_count(principal_cases); i++) {
        const struct principal_case *expected = &principal_cases[i];
        struct str principal;
        int r = policy_principal(&arena, STR("aws-cn"), str_of(expected->text), &principal);

        if (r != (expected->principal ? 0 : -EINVAL))
            fail_msg("%s: %d", expected->text, r);
        if (expected->principal) {
            assert_true(str_eq(principal, str_of(expected->principal)));
            assert_int_equal(policy_principal_is_service(principal), expected->is_service);
        }
    }
    arena_deinit(&arena);
}

struct text_case {
    struct policy_statement statement;
    const char *text;
};

static const struct text_case text_cases[] = {
    {{.principal = STR_INIT("*")}, HEAD "\"*\"" ACTION "}"},
    {{.principal = STR_INIT("s3.amazonaws.com")},
     HEAD "{\"Service\":\"s3.amazonaws.com\"}" ACTION "}"},
    {{.principal = STR_INIT("arn:aws:iam::123456789012:root")},
     HEAD "{\"AWS\":\"arn:aws:iam::123456789012:root\"}" ACTION "}"},
    {{.principal = STR_INIT("*"), .source_arn = STR_INIT("arn:aws:s3:::b*")},
     HEAD "\"*\"" ACTION ",\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::b*\"}}}"},
    {{.principal = STR_INIT("*"), .event_source_token = STR_INIT("a\"b")},
     HEAD "\"*\"" ACTION
          ",\"Condition\":{\"StringEquals\":{\"lambda:EventSourceToken\":\"a\\\"b\"}}}"},
    {{.principal = STR_INIT("*"), .via_function_url = true},
     HEAD "\"*\"" ACTION ",\"Condition\":{\"Bool\":{\"lambda:InvokedViaFunctionUrl\":\"true\"}}}"},
    {{.principal = STR_INIT("*"),
      .source_account = STR_INIT("123456789012"),
      .function_url_auth_type = STR_INIT("NONE"),
      .principal_org_id = STR_INIT("o-1234567890"),
      .source_arn = STR_INIT("arn:aws:s3:::b"),
      .via_function_url = true},
     HEAD "\"*\"" ACTION ",\"Condition\":{\"StringEquals\":{\"AWS:SourceAccount\":\"123456789012\","
          "\"lambda:FunctionUrlAuthType\":\"NONE\",\"aws:PrincipalOrgID\":\"o-1234567890\"},"
          "\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::b\"},"
          "\"Bool\":{\"lambda:InvokedViaFunctionUrl\":\"true\"}}}"},
};

static void test_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(text_cases); i++) {
        CLEANUP(buf_deinit) struct buf text = {0};
        struct policy_statement statement = text_cases[i].statement;

        statement.sid = STR("s");
        statement.action = STR("lambda:InvokeFunction");
        policy_statement_write(&text, &statement, STR(ARN));
        (void)buf_append_char(&text, '\0');
        assert_false(buf_failed(&text));
        assert_string_equal(text.ptr, text_cases[i].text);
    }
}

static int add(struct policy *policy, struct arena *arena, const char *sid, const char *token)
{
    const struct policy_statement statement = {
        .sid = str_of(sid),
        .principal = STR("*"),
        .action = STR("*"),
        .event_source_token = str_of(token),
    };
    size_t bytes;

    return policy_add(policy, arena, &statement, STR("r"), &bytes);
}

static void assert_document(const struct policy *policy, const char *expected)
{
    CLEANUP(buf_deinit) struct buf text = {0};

    assert_int_equal(policy_write(&text, policy, STR("r")), 0);
    (void)buf_append_char(&text, '\0');
    assert_false(buf_failed(&text));
    assert_string_equal(text.ptr, expected);
}

#define DOCUMENT(statements)                                                                       \
    "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":[" statements "]}"
#define ALLOW(sid)                                                                                 \
    "{\"Sid\":\"" sid "\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","              \
    "\"Resource\":\"r\"}"

static void test_document(void **state)
{
    struct policy policy, back;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(policy_decode(STR_NONE, &arena, &policy), 0);
    assert_int_equal(policy_remove(&policy, &arena, STR("b")), POLICY_EMPTY);
    assert_int_equal(add(&policy, &arena, "b", NULL), POLICY_OK);
    assert_int_equal(add(&policy, &arena, "a", NULL), POLICY_OK);
    assert_int_equal(add(&policy, &arena, "b", NULL), POLICY_EXISTS);
    assert_int_equal(add(&policy, &arena, "c", NULL), POLICY_OK);
    policy.revision_id = STR("rev");
    assert_int_equal(policy_decode(policy_encode(&arena, &policy), &arena, &back), 0);
    assert_true(str_eq(back.revision_id, STR("rev")));
    assert_document(&back, DOCUMENT(ALLOW("b") "," ALLOW("a") "," ALLOW("c")));
    assert_int_equal(policy_remove(&back, &arena, STR("a")), POLICY_OK);
    assert_int_equal(policy_remove(&back, &arena, STR("a")), POLICY_NO_STATEMENT);
    assert_document(&back, DOCUMENT(ALLOW("b") "," ALLOW("c")));
    assert_int_equal(policy_remove(&back, &arena, STR("c")), POLICY_OK);
    assert_int_equal(policy_remove(&back, &arena, STR("b")), POLICY_OK);
    assert_int_equal(back.statements.count, 0);
    arena_deinit(&arena);
}

/* Exactly as long as it may be, and one byte more. */
static void test_longest_document(void **state)
{
    static char token[POLICY_BYTES_MAX];
    CLEANUP(buf_deinit) struct buf text = {0};
    struct policy policy = {0};
    struct arena arena;
    size_t room;

    (void)state;
    arena_init(&arena);
    assert_int_equal(add(&policy, &arena, "s", ""), POLICY_OK);
    assert_int_equal(policy_write(&text, &policy, STR("r")), 0);
    room = POLICY_BYTES_MAX - text.len;
    policy = (struct policy){0};
    memset(token, 'x', room + 1);
    assert_int_equal(add(&policy, &arena, "s", token), POLICY_TOO_LONG);
    assert_int_equal(policy.statements.count, 0);
    token[room] = '\0';
    assert_int_equal(add(&policy, &arena, "s", token), POLICY_OK);
    assert_int_equal(add(&policy, &arena, "t", NULL), POLICY_TOO_LONG);
    arena_deinit(&arena);
}

static void test_damaged_rows(void **state)
{
    struct str bad = STR("\x02\xff\xff");
    struct policy policy = {.statements = {&bad, 1}};
    const struct policy_access access = {.action = STR("lambda:InvokeFunction")};
    CLEANUP(buf_deinit) struct buf text = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(policy_write(&text, &policy, STR("r")), -EBADMSG);
    assert_int_equal(policy_remove(&policy, &arena, STR("s")), -EBADMSG);
    assert_int_equal(add(&policy, &arena, "s", NULL), -EBADMSG);
    assert_int_equal(policy_allows(&policy, &access), -EBADMSG);
    assert_int_equal(policy_decode(STR("\x02\xff"), &arena, &policy), -EBADMSG);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_principals),   cmocka_unit_test(test_statements),
        cmocka_unit_test(test_document),     cmocka_unit_test(test_longest_document),
        cmocka_unit_test(test_damaged_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
