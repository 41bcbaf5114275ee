/* SPDX-License-Identifier: Apache-2.0 */

/* Texts that the service really answered (recorded), plus the rules between them. */

#include "model/validate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json_doc.h"
#include "model/decode.h"
#include "model/lambda/operations.h"
#include "model/lambda/shapes.h"
#include "model/pattern.h"

#define NAME_A                                                                                     \
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"    \
    "(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
#define NAME_B                                                                                     \
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"    \
    "(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
#define QUALIFIER "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
#define RUNTIMES                                                                                   \
    "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, "   \
    "java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, "    \
    "java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2]"
#define WEIGHT_TEXT                                                                                \
    "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must "    \
    "satisfy constraint: [Member must have value less than or equal to 1.0, Member must have "     \
    "value greater than or equal to 0.0, Member must not be null]"
#define ONE "1 validation error detected: "
#define TWO "2 validation errors detected: "
#define ROLE "arn:aws:iam::123456789012:role/r"

static struct model_patterns *patterns;

static int setup(void **state)
{
    (void)state;
    patterns = model_patterns_new(&lambda_service);
    return patterns == NULL;
}

static int teardown(void **state)
{
    (void)state;
    patterns = model_patterns_free(patterns);
    return 0;
}

static void expect_invalid(const struct model_shape *shape, const void *input, const char *wanted)
{
    CLEANUP(arena_deinit) struct arena arena;
    struct str got;

    arena_init(&arena);
    assert_int_equal(model_validate(shape, input, patterns, &arena, &got), 0);
    if (wanted == NULL)
        assert_false(str_is_set(got));
    else if (!str_eq(got, str_of(wanted)))
        fail_msg("\n got  %.*s\n want %s", STR_FMT(got), wanted);
}

/* The input is the JSON body; the other members stay absent unless name is given to the first. */
static void expect_body(enum lambda_op op, const char *name, const char *json, const char *wanted)
{
    const struct model_shape *shape = lambda_operations[op].input;
    CLEANUP(arena_deinit) struct arena arena;
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct model_decoder decoder = {.arena = &arena};
    void *input;

    arena_init(&arena);
    assert_int_equal(json_doc_load(&doc, str_of(json), NULL), 0);
    input = arena_calloc(&arena, 1, shape->size);
    assert_int_equal(model_decode_structure(&decoder, shape, doc, input), MODEL_DECODE_OK);
    if (name != NULL)
        assert_int_equal(model_decode_text(&decoder, &shape->members[0], str_of(name), input), 0);
    expect_invalid(shape, input, wanted);
}

static void test_every_pattern_compiles(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < lambda_service.pattern_count; i++)
        (void)model_pattern_matches(patterns, i, STR("x"));
}

static void test_names(void **state)
{
    struct lambda_get_function_request get = {.function_name = STR_INIT("my-function!")};

    (void)state;
    expect_invalid(&lambda_get_function_request_shape, &get,
                   ONE
                   "Value 'my-function!' at 'functionName' failed to satisfy constraint: Member "
                   "must satisfy regular expression pattern: " NAME_A);
    get.function_name = STR("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
    expect_invalid(&lambda_get_function_request_shape, &get, NULL);
    get.function_name = STR("arn:aws:lambda:us-east-1:123456789012:function:f:$LATES");
    get.qualifier = STR("invalid-qualifier-with-?-char");
    expect_invalid(&lambda_get_function_request_shape, &get,
                   TWO "Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to satisfy "
                       "constraint: Member must satisfy regular expression pattern: " QUALIFIER
                       "; Value 'arn:aws:lambda:us-east-1:123456789012:function:f:$LATES' at "
                       "'functionName' failed to satisfy constraint: Member must satisfy regular "
                       "expression pattern: " NAME_A);
}

static void test_name_lengths(void **state)
{
    char name[301];
    char qualifier[130];
    struct lambda_get_function_request get = {.function_name = {name, 65},
                                              .qualifier = {qualifier, 128}};
    CLEANUP(arena_deinit) struct arena arena;
    struct str got;

    (void)state;
    arena_init(&arena);
    memset(name, 'a', sizeof(name));
    memset(qualifier, 'q', sizeof(qualifier));
    expect_invalid(&lambda_get_function_request_shape, &get, NULL);
    get.qualifier.len = 129;
    name[64] = '*';
    get.function_name.len = 300; /* too long as well, but the pattern's error hides that */
    assert_int_equal(
        model_validate(&lambda_get_function_request_shape, &get, patterns, &arena, &got), 0);
    assert_true(str_starts_with(got, STR(TWO "Value 'qqq")));
    assert_non_null(strstr(got.ptr, "at 'qualifier' failed to satisfy constraint: Member must have "
                                    "length less than or equal to 128; Value 'aaa"));
    assert_non_null(strstr(got.ptr, "pattern: " NAME_A));
    assert_null(strstr(got.ptr, "256"));
}

static void test_create_function(void **state)
{
    (void)state;
    expect_body(LAMBDA_CREATE_FUNCTION, NULL, "{}",
                "3 validation errors detected: Value null at 'functionName' failed to satisfy "
                "constraint: Member must not be null; Value null at 'role' failed to satisfy "
                "constraint: Member must not be null; Value null at 'code' failed to satisfy "
                "constraint: Member must not be null");
    expect_body(LAMBDA_CREATE_FUNCTION, NULL,
                "{\"FunctionName\":\"invalid:function:name\",\"Role\":\"" ROLE "\",\"Code\":{}}",
                ONE "Value 'invalid:function:name' at 'functionName' failed to satisfy constraint: "
                    "Member must satisfy regular expression pattern: " NAME_B);
    expect_body(LAMBDA_CREATE_FUNCTION, NULL,
                "{\"FunctionName\":\"f\",\"Role\":\"r1\",\"Code\":{},\"Runtime\":\"cobol\"}",
                ONE
                "Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular "
                "expression pattern: "
                "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");
    expect_body(
        LAMBDA_CREATE_FUNCTION, NULL,
        "{\"FunctionName\":\"f\",\"Role\":\"" ROLE "\",\"Code\":{},\"Timeout\":901,"
        "\"MemorySize\":64,\"Architectures\":[\"x86_64\",\"arm64\"],"
        "\"SnapStart\":{\"ApplyOn\":\"invalidOption\"}}",
        "4 validation errors detected: Value '901' at 'timeout' failed to satisfy "
        "constraint: Member must have value less than or equal to 900; Value '64' at "
        "'memorySize' failed to satisfy constraint: Member must have value greater than or "
        "equal to 128; Value '[x86_64, arm64]' at 'architectures' failed to satisfy "
        "constraint: Member must have length less than or equal to 1; Value 'invalidOption' "
        "at 'snapStart.applyOn' failed to satisfy constraint: Member must satisfy enum value "
        "set: [PublishedVersions, None]");
}

static void test_lists(void **state)
{
    (void)state;
    expect_body(LAMBDA_UPDATE_FUNCTION_CODE, "f", "{\"Architectures\":[\"sparc\"]}",
                ONE "Value '[sparc]' at 'architectures' failed to satisfy constraint: Member must "
                    "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
                    "Member must not be null]");
    expect_body(LAMBDA_UPDATE_FUNCTION_CONFIGURATION, "f",
                "{\"VpcConfig\":{\"SubnetIds\":[\"bad\"],\"SecurityGroupIds\":[\"sg-1\",null]}}",
                ONE "Value '[bad]' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member "
                    "must satisfy constraint: [Member must have length less than or equal to 1024, "
                    "Member must have length greater than or equal to 0, Member must satisfy "
                    "regular expression pattern: subnet-[0-9a-z]*]");
    expect_body(LAMBDA_UPDATE_FUNCTION_CONFIGURATION, "f", "{\"Layers\":[null]}",
                ONE
                "Value '[null]' at 'layers' failed to satisfy constraint: Member must satisfy "
                "constraint: [Member must have length less than or equal to 2048, Member must "
                "have length greater than or equal to 1, Member must satisfy regular expression "
                "pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?"
                "-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:"
                "::awslayer:[a-zA-Z0-9-_]+), Member must not be null]");
}

static void test_layers(void **state)
{
    (void)state;
    expect_body(LAMBDA_PUBLISH_LAYER_VERSION, "l",
                "{\"Content\":{},\"CompatibleRuntimes\":[\"invalidruntime\",\"invalidruntime2\","
                "\"nodejs20.x\"],\"CompatibleArchitectures\":[\"invalidarch\",\"x86_64\"]}",
                TWO
                "Value '[invalidruntime, invalidruntime2, nodejs20.x]' at 'compatibleRuntimes' "
                "failed to satisfy constraint: Member must satisfy enum value set: " RUNTIMES
                "; Value '[invalidarch, x86_64]' at 'compatibleArchitectures' failed to satisfy "
                "constraint: Member must satisfy constraint: [Member must satisfy enum value "
                "set: [x86_64, arm64], Member must not be null]");
    expect_body(LAMBDA_PUBLISH_LAYER_VERSION, "l",
                "{\"Content\":{},\"CompatibleRuntimes\":[\"nodejs14.x\",\"provided\",\"ruby4.0\"]}",
                NULL); /* accepted, although never printed */
    expect_body(LAMBDA_LIST_LAYERS, NULL, "{}", NULL);
}

static void test_maps(void **state)
{
    struct lambda_additional_version_weights_entry entry = {STR_INIT("2"),
                                                            {.value = 2, .has = true}};
    struct lambda_alias_routing_configuration routing = {{&entry, 1}};
    struct lambda_update_alias_request update = {
        .function_name = STR_INIT("f"), .name = STR_INIT("a"), .routing_config = &routing};

    (void)state;
    expect_invalid(&lambda_update_alias_request_shape, &update, ONE "Value '{2=2.0}' " WEIGHT_TEXT);
    entry.value = model_double(-1);
    expect_invalid(&lambda_update_alias_request_shape, &update,
                   ONE "Value '{2=-1.0}' " WEIGHT_TEXT);
    entry = (struct lambda_additional_version_weights_entry){STR("$LATEST"), model_double(0.5)};
    expect_invalid(&lambda_update_alias_request_shape, &update,
                   ONE
                   "Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to "
                   "satisfy constraint: Map keys must satisfy constraint: [Member must have "
                   "length less than or equal to 1024, Member must have length greater than or "
                   "equal to 1, Member must satisfy regular expression pattern: [0-9]+]");
}

static void test_other_operations(void **state)
{
    struct lambda_untag_resource_request untag = {
        .resource = STR_INIT("arn:aws:lambda:us-east-1:123456789012:function:f")};
    struct lambda_list_functions_request list = {.function_version = STR_INIT("invalid")};
    struct lambda_create_function_url_config_request url = {
        .function_name = STR_INIT("f"), .qualifier = STR_INIT("1"), .auth_type = STR_INIT("NONE")};

    (void)state;
    expect_invalid(&lambda_untag_resource_request_shape, &untag,
                   ONE
                   "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null");
    expect_invalid(&lambda_list_functions_request_shape, &list,
                   ONE "Value 'invalid' at 'functionVersion' failed to satisfy constraint: Member "
                       "must satisfy enum value set: [ALL]");
    expect_invalid(&lambda_create_function_url_config_request_shape, &url,
                   ONE "Value '1' at 'qualifier' failed to satisfy constraint: Member must satisfy "
                       "regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)");
    expect_body(LAMBDA_PUT_FUNCTION_RECURSION_CONFIG, "f", "{\"RecursiveLoop\":\"InvalidValue\"}",
                ONE "Value 'InvalidValue' at 'recursiveLoop' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [Terminate, Allow]");
    expect_body(LAMBDA_ADD_PERMISSION, "f",
                "{\"StatementId\":\"example.com\",\"Action\":\"lambda:InvokeFunction\","
                "\"Principal\":\"*\"}",
                ONE
                "Value 'example.com' at 'statementId' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: ([a-zA-Z0-9-_]+)");
    expect_body(LAMBDA_CREATE_EVENT_SOURCE_MAPPING, NULL,
                "{\"FunctionName\":\"f\",\"StartingPosition\":\"invalid\","
                "\"FilterCriteria\":{\"Filters\":[{},{\"Pattern\":\"a\\nb\"}]}}",
                TWO "Value 'a\nb' at 'filterCriteria.filters.2.member.pattern' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: .*; Value "
                    "'invalid' at 'startingPosition' failed to satisfy constraint: Member must "
                    "satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]");
}

static void test_lengths_count_characters(void **state)
{
    char text[256 * 2 + 3];
    struct lambda_publish_version_request publish = {.function_name = STR_INIT("f"),
                                                     .description = {text, 512}};

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i += 2)
        memcpy(text + i, "\xC3\xA9", 2);
    expect_invalid(&lambda_publish_version_request_shape, &publish, NULL);
    publish.description.len = 514;
    {
        CLEANUP(arena_deinit) struct arena arena;
        struct str got;

        arena_init(&arena);
        assert_int_equal(
            model_validate(&lambda_publish_version_request_shape, &publish, patterns, &arena, &got),
            0);
        assert_true(str_ends_with(got, STR("Member must have length less than or equal to 256")));
    }
}

static void test_secrets_are_not_printed(void **state)
{
    (void)state;
    expect_body(LAMBDA_UPDATE_FUNCTION_CONFIGURATION, "f",
                "{\"Environment\":{\"Variables\":{\"1X\":\"secret\"}}}",
                ONE "Value at 'environment.variables' failed to satisfy constraint: Map keys must "
                    "satisfy constraint: [Member must satisfy regular expression pattern: "
                    "[a-zA-Z]([a-zA-Z0-9_])+]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pattern_compiles),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_name_lengths),
        cmocka_unit_test(test_create_function),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_other_operations),
        cmocka_unit_test(test_lengths_count_characters),
        cmocka_unit_test(test_secrets_are_not_printed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
