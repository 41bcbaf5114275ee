/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/event_pattern.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"

static const char *const patterns[] = {
    "{\"a\": [false]}",
    "{\"a\": [null, \"\", 1, -2.5e3, true]}",
    "{\"a\": {\"b\": {\"c\": [\"x\"]}}, \"d\": [1]}",
    "{\"a.b\": [\"x\"]}",
    "{\"a\": [{\"exists\": true}], \"b\": [{\"exists\": false}]}",
    "{\"a\": [{\"prefix\": \"\"}, {\"suffix\": \"x\"}]}",
    "{\"a\": [{\"prefix\": {\"equals-ignore-case\": \"x\"}}]}",
    "{\"a\": [{\"suffix\": {\"equals-ignore-case\": \".png\"}}]}",
    "{\"a\": [{\"equals-ignore-case\": \"\"}]}",
    "{\"a\": [{\"wildcard\": \"/u/*/doc*.txt\"}, {\"wildcard\": \"\\\\*\\\\\\\\\"}]}",
    "{\"a\": [{\"wildcard\": \"*\\\\**\"}]}",
    "{\"a\": [{\"anything-but\": \"x\"}]}",
    "{\"a\": [{\"anything-but\": 1}]}",
    "{\"a\": [{\"anything-but\": [\"x\", \"y\"]}]}",
    "{\"a\": [{\"anything-but\": [1, 2]}]}",
    "{\"a\": [{\"anything-but\": {\"prefix\": \"init\"}}]}",
    "{\"a\": [{\"anything-but\": {\"suffix\": [\"x\", \"y\"]}}]}",
    "{\"a\": [{\"anything-but\": {\"equals-ignore-case\": [\"x\", \"\"]}}]}",
    "{\"a\": [{\"anything-but\": {\"wildcard\": \"*x*\"}}]}",
    "{\"a\": [{\"numeric\": [\"=\", 3.018e2]}]}",
    "{\"a\": [{\"numeric\": [\">\", 0, \"<=\", 5]}]}",
    "{\"a\": [{\"numeric\": [\"<=\", -5]}]}",
    "{\"a\": [{\"cidr\": \"10.0.0.0/24\"}, {\"cidr\": \"2001:db8::/32\"}]}",
    "{\"$or\": [{\"c\": [{\"numeric\": [\">\", 0]}]}, {\"d\": {\"e\": [1]}}]}",
    "{\"a\": {\"$or\": [{\"c\": [1]}, {\"d\": [1], \"e\": [2]}]}, \"b\": [1]}",
    "{\"$or\": [\"a field of that name\"]}",
    "{\"a\": \"the last one counts\", \"a\": [1]}",
    "{\"numeric\": [\"a field of that name\"]}",
};

static const char *const no_patterns[] = {
    "",
    "null",
    "\"simple string\"",
    "simple string",
    "[]",
    "{}",
    "{\"a\": {}}",
    "{\"eventSource\": \"aws:sqs\"}",
    "{\"eventSource\": []}",
    "[{\"eventName\": [\"INSERT\"=123}]",
    "{\"a\": 1}",
    "{\"a\": null}",
    "{\"a\": [[1]]}",
    "{\"a\": [{}]}",
    "{\"a\": [{\"b\": [1]}]}",
    "{\"a\": [{\"EXISTS\": true}]}",
    "{\"a\": [{\"exists\": \"true\"}]}",
    "{\"a\": [{\"exists\": true, \"prefix\": \"x\"}]}",
    "{\"a\": [{\"prefix\": 1}]}",
    "{\"a\": [{\"prefix\": {\"wildcard\": \"x\"}}]}",
    "{\"a\": [{\"suffix\": [\"x\"]}]}",
    "{\"a\": [{\"equals-ignore-case\": [\"x\"]}]}",
    "{\"a\": [{\"wildcard\": \"a**b\"}]}",
    "{\"a\": [{\"wildcard\": \"a\\\\b\"}]}",
    "{\"a\": [{\"wildcard\": \"a\\\\\"}]}",
    "{\"a\": [{\"wildcard\": 1}]}",
    "{\"a\": [{\"anything-but\": null}]}",
    "{\"a\": [{\"anything-but\": []}]}",
    "{\"a\": [{\"anything-but\": [\"x\", null]}]}",
    "{\"a\": [{\"anything-but\": [\"x\", 1]}]}",
    "{\"a\": [{\"anything-but\": {\"prefix\": \"\"}}]}",
    "{\"a\": [{\"anything-but\": {\"suffix\": [\"x\", \"\"]}}]}",
    "{\"a\": [{\"anything-but\": {\"exists\": true}}]}",
    "{\"a\": [{\"anything-but\": true}]}",
    "{\"a\": [{\"numeric\": 1}]}",
    "{\"a\": [{\"numeric\": [\">\"]}]}",
    "{\"a\": [{\"numeric\": [\"!=\", 1]}]}",
    "{\"a\": [{\"numeric\": [\">\", \"1\"]}]}",
    "{\"a\": [{\"numeric\": [\">\", 5000000001]}]}",
    "{\"a\": [{\"numeric\": [\"=\", 1, \"<\", 2]}]}",
    "{\"a\": [{\"numeric\": [\"<\", 1, \">\", 2]}]}",
    "{\"a\": [{\"numeric\": [\">\", 2, \"<\", 2]}]}",
    "{\"a\": [{\"numeric\": [\">\", 1, \"<\"]}]}",
    "{\"a\": [{\"cidr\": \"10.0.0.0\"}]}",
    "{\"a\": [{\"cidr\": \"10.0.0.0/33\"}]}",
    "{\"a\": [{\"cidr\": \"10.0.0/24\"}]}",
    "{\"a\": [{\"cidr\": \"10.0.0.0/x\"}]}",
    "{\"a\": [{\"cidr\": 10}]}",
    "{\"$or\": [{\"c\": [1]}]}",
    "{\"$or\": [{\"c\": [1]}, {\"prefix\": \"x\"}]}",
    "{\"$or\": [{\"c\": [1]}, {\"d\": 1}]}",
};

static void check(const char *text, struct str document, int expected)
{
    int r = event_pattern_check(str_of(text), document);

    if (r != expected)
        fail_msg("%s: %d instead of %d", text, r, expected);
}

static void test_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(patterns); i++)
        check(patterns[i], STR_NONE, 0);
    for (size_t i = 0; i < array_count(no_patterns); i++)
        check(no_patterns[i], STR_NONE, -EINVAL);
}

static void test_document(void **state)
{
    (void)state;
    check("{\"data\": [\"text\"]}", STR_NONE, 0);
    check("{\"data\": [\"text\"]}", STR("data"), -EINVAL);
    check("{\"data\": {\"a\": [\"text\"]}}", STR("data"), 0);
    check("{\"data\": [{\"exists\": true}]}", STR("data"), 0);
    check("{\"other\": [\"text\"]}", STR("data"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
