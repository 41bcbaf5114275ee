/* SPDX-License-Identifier: Apache-2.0 */

/* The matrix of accepted and refused names, and what is answered to those that mean another place.
 */

#include "api/lambda/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/cleanup.h"
#include "model/lambda/operations.h"
#include "model/model.h"

struct parse_case {
    const char *text;
    const char *parts; /* "region|account|name|qualifier"; NULL: refused */
};

static const struct parse_case parse_cases[] = {
    {"f", "||f|"},
    {"my-function_1", "||my-function_1|"},
    {"f:1", "||f|1"},
    {"f:alias", "||f|alias"},
    {"f:$LATEST", "||f|$LATEST"},
    {"f:$LATEST.PUBLISHED", "||f|$LATEST.PUBLISHED"},
    {"function:f", "||f|"},
    {"function:f:2", "||f|2"},
    {"function", "||function|"},
    {"function:1", "||1|"},
    {"function:function:1", "||function|1"},
    {"123456789012:function:f", "|123456789012|f|"},
    {"123456789012:function:f:live", "|123456789012|f|live"},
    {"123456789012:f", "|123456789012|f|"},
    {"123456789012", "||123456789012|"},
    {"123456789012:$LATEST", "||123456789012|$LATEST"},
    {"us-east-1:123456789012:function:f", "us-east-1|123456789012|f|"},
    {"us-east-1:f", "us-east-1||f|"},
    {"us-east-1", "||us-east-1|"},
    {"arn:aws:lambda:us-east-1:123456789012:function:f", "us-east-1|123456789012|f|"},
    {"arn:aws:lambda:us-east-1:123456789012:function:f:1", "us-east-1|123456789012|f|1"},
    {"arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
     "us-east-1|123456789012|f|$LATEST"},
    {"arn:aws:lambda:us-east-1:123456789012:function", "us-east-1|123456789012|function|"},
    {"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f",
     "us-gov-west-1|123456789012|f|"},
    {"arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "cn-north-1|123456789012|f|"},
    {"arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:f",
     "us-isob-east-1|123456789012|f|"},
    {"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f",
     "eusc-de-east-1|123456789012|f|"},
    {"*", NULL},
    {"", NULL},
    {"my-function!", NULL},
    {"f:invalid!", NULL},
    {"f:1:2", NULL},
    {"f:", NULL},
    {"f:$LATES", NULL},
    {"f:$latest", NULL},
    {"function:f:$LATEST:extra", NULL},
    {"invalid-account:function:f", NULL},
    {"invalid:function:name", NULL},
    {"arn:aws:ec2:us-east-1:123456789012:instance:i-1", NULL},
    {"arn:aws:lambda:invalid-region:123456789012:function:f", NULL},
    {"arn:aws:lambda::123456789012:function:f", NULL},
    {"arn:aws:lambda:us-east-1::function:f", NULL},
    {"arn:aws:lambda:us-east-1:12345:function:f", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:function:f:1:2", NULL},
    {"arn:aws:lambda:us-east-1:123456789012", "us-east-1||123456789012|"},
    {"arn:other:lambda:us-east-1:123456789012:function:f", NULL},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(parse_cases); i++) {
        struct name_parts parts;
        char text[256];

        if (!name_parse(str_of(parse_cases[i].text), &parts)) {
            if (parse_cases[i].parts)
                fail_msg("%s was refused", parse_cases[i].text);
            continue;
        }
        (void)snprintf(text, sizeof(text), "%.*s|%.*s|%.*s|%.*s", STR_FMT(parts.region),
                       STR_FMT(parts.account), STR_FMT(parts.name), STR_FMT(parts.qualifier));
        if (!parse_cases[i].parts)
            fail_msg("%s was accepted as %s", parse_cases[i].text, text);
        assert_string_equal(text, parse_cases[i].parts);
    }
}

/* A request that keeps its fault. */
struct asked {
    struct api_request request;
    char fault[512]; /* "kind: message" */
};

static void on_fault(struct api_request *request, const struct api_fault *fault)
{
    struct asked *asked = container_of(request, struct asked, request);

    (void)snprintf(asked->fault, sizeof(asked->fault), "%s: %.*s", fault->kind->name,
                   str_is_set(fault->message) ? (int)fault->message.len : 4,
                   str_is_set(fault->message) ? fault->message.ptr : "null");
}

static const struct api_request_ops ops = {.fault = on_fault};

/* A service without any function. */
struct world {
    struct lambda_service service;
    struct api_service api;
};

static int setup(void **state)
{
    const struct catalog_options options = {0};
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(catalog_new(&world->service.options.catalog, &options), 0);
    world->api.context = &world->service;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    catalog_close(world->service.options.catalog, NULL, NULL);
    free(world);
    return 0;
}

static void ask(struct asked *asked, void **state, enum lambda_op operation)
{
    const struct world *world = *state;

    *asked = (struct asked){
        .request = {.ops = &ops,
                    .service = &world->api,
                    .operation = &lambda_operations[operation],
                    .principal = {.account = STR("123456789012"), .region = STR("us-east-1")}}};
    arena_init(&asked->request.arena);
}

struct resolve_case {
    const char *name;
    const char *qualifier;
    const char *answer; /* "name|qualifier" or "kind: message" */
};

static const struct resolve_case resolve_cases[] = {
    {"f", NULL, "f|"},
    {"f", "1", "f|1"},
    {"f:1", NULL, "f|1"},
    {"f:1", "1", "f|1"},
    {"f", "$latest", "f|$latest"},
    {"arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", "$LATEST", "f|$LATEST"},
    {"f:$LATEST", "1",
     "InvalidParameterValueException: The derived qualifier from the function name does not match "
     "the specified qualifier."},
    {"arn:aws:lambda:eu-west-1:123456789012:function:f", NULL,
     "ResourceNotFoundException: Functions from 'eu-west-1' are not reachable in this region "
     "('us-east-1')"},
    /* The account is looked at first. */
    {"arn:aws:lambda:eu-west-1:999999999999:function:f", NULL,
     "AccessDeniedException: User: arn:aws:iam::123456789012:root is not authorized to perform: "
     "lambda:InvokeFunction on resource: arn:aws:lambda:eu-west-1:999999999999:function:f because "
     "no resource-based policy allows the lambda:InvokeFunction action"},
};

static void test_resolve(void **state)
{
    for (size_t i = 0; i < array_count(resolve_cases); i++) {
        struct asked asked;
        struct function_ref ref;
        char text[256];

        ask(&asked, state, LAMBDA_INVOKE);
        if (name_resolve(&asked.request, str_of(resolve_cases[i].name),
                         str_of(resolve_cases[i].qualifier), NAME_BY_POLICY, &ref)) {
            (void)snprintf(text, sizeof(text), "%.*s|%.*s", STR_FMT(ref.id.name),
                           STR_FMT(ref.qualifier));
            assert_string_equal(text, resolve_cases[i].answer);
            assert_true(str_eq(ref.id.account, STR("123456789012")));
            assert_true(str_eq(ref.id.region, STR("us-east-1")));
        } else {
            assert_string_equal(asked.fault, resolve_cases[i].answer);
        }
        arena_deinit(&asked.request.arena);
    }
}

static void test_other_account_is_refused_without_words(void **state)
{
    struct asked asked;
    struct function_ref ref;

    ask(&asked, state, LAMBDA_UPDATE_FUNCTION_CONFIGURATION);
    assert_false(name_resolve_unqualified(&asked.request, STR("999999999999:function:f"),
                                          NAME_OWN_ACCOUNT, &ref));
    assert_string_equal(asked.fault, "AccessDeniedException: null");
    arena_deinit(&asked.request.arena);
}

/* The name of the action is not always that of the operation. */
static void test_actions(void **state)
{
    static const struct {
        enum lambda_op operation;
        const char *action;
    } cases[] = {
        {LAMBDA_INVOKE, "lambda:InvokeFunction action"},
        {LAMBDA_INVOKE_WITH_RESPONSE_STREAM, "lambda:InvokeFunction action"},
        {LAMBDA_INVOKE_ASYNC, "lambda:InvokeAsync action"},
        {LAMBDA_GET_FUNCTION, "lambda:GetFunction action"},
        {LAMBDA_GET_POLICY, "lambda:GetPolicy action"},
    };

    for (size_t i = 0; i < array_count(cases); i++) {
        struct asked asked;
        struct function_ref ref;

        ask(&asked, state, cases[i].operation);
        assert_false(name_resolve(&asked.request, STR("999999999999:function:f:live"), STR_NONE,
                                  NAME_BY_POLICY, &ref));
        assert_true(str_ends_with(str_of(asked.fault), str_of(cases[i].action)));
        assert_non_null(strstr(asked.fault, "999999999999:function:f:live because"));
        arena_deinit(&asked.request.arena);
    }
}

static void test_new_names(void **state)
{
    char name[66];
    struct asked asked;
    struct function_ref ref;

    memset(name, 'a', 65);
    name[65] = '\0';
    ask(&asked, state, LAMBDA_CREATE_FUNCTION);
    assert_false(name_resolve_new(&asked.request, str_of(name), &ref));
    assert_string_equal(asked.fault,
                        "InvalidParameterValueException: 1 validation error detected: Value "
                        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' at "
                        "'functionName' failed to satisfy constraint: Member must have length "
                        "less than or equal to 64");
    assert_true(name_resolve_new(&asked.request, str_sub(str_of(name), 0, 64), &ref));
    assert_true(name_resolve_new(&asked.request, STR("123456789012:function:f"), &ref));
    assert_true(str_eq(ref.id.name, STR("f")));
    arena_deinit(&asked.request.arena);
}

static void test_aliases(void **state)
{
    (void)state;
    assert_true(name_is_alias(STR("live")));
    assert_true(name_is_alias(STR("2024-01-02")));
    assert_false(name_is_alias(STR("2024")));
    assert_false(name_is_alias(STR("$LATEST")));
    assert_false(name_is_alias(STR("$latest")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_other_account_is_refused_without_words),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_new_names),
        cmocka_unit_test(test_aliases),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
