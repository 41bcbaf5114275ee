/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/destination.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"

static void kinds_are_told_apart(void **state)
{
    static const struct {
        const char *arn;
        enum destination_kind kind;
    } cases[] = {
        {"arn:aws:sqs:us-east-1:123456789012:q", DESTINATION_QUEUE},
        {"arn:aws:sqs:us-east-1:123456789012:q.fifo", DESTINATION_QUEUE_FIFO},
        {"arn:aws:sns:us-east-1:123456789012:t", DESTINATION_TOPIC},
        {"arn:aws-cn:events:cn-north-1:123456789012:event-bus/default", DESTINATION_EVENT_BUS},
        {"arn:aws:lambda:us-east-1:123456789012:function:f", DESTINATION_FUNCTION},
        {"arn:aws:lambda:us-east-1:123456789012:layer:l", DESTINATION_OTHER},
        {"arn:aws:lambda:us-east-1:123456789012:function:", DESTINATION_OTHER},
        {"arn:aws:lambda:us-east-1:123456789012:function", DESTINATION_OTHER},
        {"arn:aws:s3:::bucket", DESTINATION_BUCKET},
        {"arn:aws:dynamodb:us-east-1:123456789012:table/t", DESTINATION_OTHER},
        {"arn:aws:sqs:us-east-1:123456789012:", DESTINATION_OTHER},
        {"arn:aws:sqs:us-east-1:123456789012", DESTINATION_OTHER},
        {"kafka://topic", DESTINATION_OTHER},
        {"", DESTINATION_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < array_count(cases); i++)
        assert_int_equal(destination_parse(str_of(cases[i].arn)).kind, cases[i].kind);
}

static void functions_are_named(void **state)
{
    struct destination got =
        destination_parse(STR("arn:aws:lambda:eu-west-1:123456789012:function:f"));

    (void)state;
    assert_true(str_eq(got.function.account, STR("123456789012")));
    assert_true(str_eq(got.function.region, STR("eu-west-1")));
    assert_true(str_eq(got.function.name, STR("f")));
    assert_false(str_is_set(got.qualifier));
    got = destination_parse(STR("arn:aws:lambda:eu-west-1:123456789012:function:f:live"));
    assert_true(str_eq(got.function.name, STR("f")));
    assert_true(str_eq(got.qualifier, STR("live")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(functions_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
