/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/policy_access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "catalog/policy.h"

#define INVOKE STR_INIT("lambda:InvokeFunction")
#define ROOT STR_INIT("arn:aws:iam::111111111111:root")
#define ALICE STR_INIT("arn:aws:iam::111111111111:user/alice")
#define ROLE STR_INIT("arn:aws:iam::111111111111:role/team/builder")
#define SESSION STR_INIT("arn:aws:sts::111111111111:assumed-role/builder/job")
#define S3 STR_INIT("s3.amazonaws.com")
#define BUCKET STR_INIT("arn:aws:s3:::my-bucket")

struct access_case {
    const char *what;
    struct policy_statement statement;
    struct policy_access access;
    bool is_allowed;
};

static const struct access_case access_cases[] = {
    /* principals */
    {"everybody", {.principal = STR_INIT("*"), .action = INVOKE}, {ROOT, INVOKE}, true},
    {"anonymous", {.principal = STR_INIT("*"), .action = INVOKE}, {.action = INVOKE}, true},
    {"a service as everybody", {.principal = STR_INIT("*"), .action = INVOKE}, {S3, INVOKE}, true},
    {"nobody as an account", {.principal = ROOT, .action = INVOKE}, {.action = INVOKE}, false},
    {"the account itself", {.principal = ROOT, .action = INVOKE}, {ROOT, INVOKE}, true},
    {"a user of the account", {.principal = ROOT, .action = INVOKE}, {ALICE, INVOKE}, true},
    {"a session of the account", {.principal = ROOT, .action = INVOKE}, {SESSION, INVOKE}, true},
    {"another account",
     {.principal = ROOT, .action = INVOKE},
     {STR_INIT("arn:aws:iam::222222222222:root"), INVOKE},
     false},
    {"the user", {.principal = ALICE, .action = INVOKE}, {ALICE, INVOKE}, true},
    {"the root as a user", {.principal = ALICE, .action = INVOKE}, {ROOT, INVOKE}, false},
    {"a session of the role", {.principal = ROLE, .action = INVOKE}, {SESSION, INVOKE}, true},
    {"a session of another role",
     {.principal = ROLE, .action = INVOKE},
     {STR_INIT("arn:aws:sts::111111111111:assumed-role/team/builder"), INVOKE},
     false},
    {"a session of another account's role",
     {.principal = ROLE, .action = INVOKE},
     {STR_INIT("arn:aws:sts::222222222222:assumed-role/builder/job"), INVOKE},
     false},
    {"a federated user of the role's name",
     {.principal = ROLE, .action = INVOKE},
     {STR_INIT("arn:aws:sts::111111111111:federated-user/builder"), INVOKE},
     false},
    {"a session as a user", {.principal = ALICE, .action = INVOKE}, {SESSION, INVOKE}, false},
    {"the service", {.principal = S3, .action = INVOKE}, {S3, INVOKE}, true},
    {"another service",
     {.principal = S3, .action = INVOKE},
     {STR_INIT("sns.amazonaws.com"), INVOKE},
     false},
    {"an account as a service", {.principal = S3, .action = INVOKE}, {ROOT, INVOKE}, false},
    {"a service as an account", {.principal = ROOT, .action = INVOKE}, {S3, INVOKE}, false},
    /* actions */
    {"all actions", {.principal = ROOT, .action = STR_INIT("*")}, {ROOT, INVOKE}, true},
    {"all of Lambda", {.principal = ROOT, .action = STR_INIT("lambda:*")}, {ROOT, INVOKE}, true},
    {"another action",
     {.principal = ROOT, .action = STR_INIT("lambda:GetFunction")},
     {ROOT, STR_INIT("lambda:GetFunctionConfiguration")},
     false},
    {"a longer action",
     {.principal = ROOT, .action = STR_INIT("lambda:InvokeFunctionUrl")},
     {ROOT, INVOKE},
     false},
    {"in other letters",
     {.principal = ROOT, .action = STR_INIT("LAMBDA:invokefunction")},
     {ROOT, INVOKE},
     true},
    /* conditions */
    {"the source",
     {.principal = S3, .action = INVOKE, .source_arn = BUCKET},
     {S3, INVOKE, .source_arn = BUCKET},
     true},
    {"no source", {.principal = S3, .action = INVOKE, .source_arn = BUCKET}, {S3, INVOKE}, false},
    {"a source alike",
     {.principal = S3, .action = INVOKE, .source_arn = STR_INIT("arn:aws:s3:::my-*")},
     {S3, INVOKE, .source_arn = BUCKET},
     true},
    {"a source alike in one character",
     {.principal = S3, .action = INVOKE, .source_arn = STR_INIT("arn:aws:s3:::my?bucket")},
     {S3, INVOKE, .source_arn = BUCKET},
     true},
    {"a source of other letters",
     {.principal = S3, .action = INVOKE, .source_arn = STR_INIT("arn:aws:s3:::My-bucket")},
     {S3, INVOKE, .source_arn = BUCKET},
     false},
    {"a longer source",
     {.principal = S3, .action = INVOKE, .source_arn = BUCKET},
     {S3, INVOKE, .source_arn = STR_INIT("arn:aws:s3:::my-bucket-2")},
     false},
    {"a wildcard in the account",
     {.principal = S3, .action = INVOKE, .source_arn = STR_INIT("arn:aws:sns:us-east-1:*:t")},
     {S3, INVOKE, .source_arn = STR_INIT("arn:aws:sns:us-east-1:111111111111:t")},
     true},
    {"a wildcard over a colon",
     {.principal = S3, .action = INVOKE, .source_arn = STR_INIT("arn:aws:sns:*:t")},
     {S3, INVOKE, .source_arn = STR_INIT("arn:aws:sns:us-east-1:111111111111:t")},
     false},
    {"a wildcard over the resource's colons",
     {.principal = S3, .action = INVOKE, .source_arn = STR_INIT("arn:aws:logs:*:*:log-group*:*")},
     {S3, INVOKE,
      .source_arn = STR_INIT("arn:aws:logs:us-east-1:111111111111:log-group:/aws/x:stream:y")},
     true},
    {"what is no ARN",
     {.principal = S3, .action = INVOKE, .source_arn = BUCKET},
     {S3, INVOKE, .source_arn = STR_INIT("my-bucket")},
     false},
    {"the source's account",
     {.principal = S3, .action = INVOKE, .source_account = STR_INIT("111111111111")},
     {S3, INVOKE, .source_account = STR_INIT("111111111111")},
     true},
    {"another account's source",
     {.principal = S3, .action = INVOKE, .source_account = STR_INIT("111111111111")},
     {S3, INVOKE, .source_account = STR_INIT("222222222222")},
     false},
    {"one condition of two",
     {.principal = S3,
      .action = INVOKE,
      .source_arn = BUCKET,
      .source_account = STR_INIT("111111111111")},
     {S3, INVOKE, .source_arn = BUCKET},
     false},
    {"both conditions",
     {.principal = S3,
      .action = INVOKE,
      .source_arn = BUCKET,
      .source_account = STR_INIT("111111111111")},
     {S3, INVOKE, .source_arn = BUCKET, .source_account = STR_INIT("111111111111")},
     true},
    {"the organisation",
     {.principal = STR_INIT("*"), .action = INVOKE, .principal_org_id = STR_INIT("o-1")},
     {ROOT, INVOKE, .principal_org_id = STR_INIT("o-1")},
     true},
    {"no organisation",
     {.principal = STR_INIT("*"), .action = INVOKE, .principal_org_id = STR_INIT("o-1")},
     {ROOT, INVOKE},
     false},
    {"the token",
     {.principal = STR_INIT("*"), .action = INVOKE, .event_source_token = STR_INIT("t")},
     {.action = INVOKE, .event_source_token = STR_INIT("t")},
     true},
    {"another token",
     {.principal = STR_INIT("*"), .action = INVOKE, .event_source_token = STR_INIT("t")},
     {.action = INVOKE, .event_source_token = STR_INIT("T")},
     false},
    {"an open URL",
     {.principal = STR_INIT("*"), .action = INVOKE, .function_url_auth_type = STR_INIT("NONE")},
     {.action = INVOKE, .function_url_auth_type = STR_INIT("NONE")},
     true},
    {"a closed URL",
     {.principal = STR_INIT("*"), .action = INVOKE, .function_url_auth_type = STR_INIT("NONE")},
     {.action = INVOKE, .function_url_auth_type = STR_INIT("AWS_IAM")},
     false},
    {"by its URL",
     {.principal = STR_INIT("*"), .action = INVOKE, .via_function_url = true},
     {.action = INVOKE, .via_function_url = true},
     true},
    {"not by its URL",
     {.principal = STR_INIT("*"), .action = INVOKE, .via_function_url = true},
     {.action = INVOKE},
     false},
};

static void test_access(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(access_cases); i++) {
        const struct access_case *one = &access_cases[i];
        struct policy policy = {0};
        struct arena arena;
        size_t bytes;

        arena_init(&arena);
        assert_int_equal(policy_add(&policy, &arena, &one->statement, STR("r"), &bytes), POLICY_OK);
        if (policy_allows(&policy, &one->access) != one->is_allowed)
            fail_msg("%s: %s", one->what, one->is_allowed ? "was refused" : "was allowed");
        arena_deinit(&arena);
    }
}

/* One statement that allows is enough; without any nobody may do anything. */
static void test_statements_are_alternatives(void **state)
{
    const struct policy_statement first = {.sid = STR("1"), .principal = S3, .action = INVOKE};
    const struct policy_statement second = {.sid = STR("2"), .principal = ROOT, .action = INVOKE};
    const struct policy_access access = {ROOT, INVOKE};
    struct policy policy = {0};
    struct arena arena;
    size_t bytes;

    (void)state;
    arena_init(&arena);
    assert_int_equal(policy_allows(&policy, &access), 0);
    assert_int_equal(policy_add(&policy, &arena, &first, STR("r"), &bytes), POLICY_OK);
    assert_int_equal(policy_allows(&policy, &access), 0);
    assert_int_equal(policy_add(&policy, &arena, &second, STR("r"), &bytes), POLICY_OK);
    assert_int_equal(policy_allows(&policy, &access), 1);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_statements_are_alternatives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
