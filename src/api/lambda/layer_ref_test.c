/* SPDX-License-Identifier: Apache-2.0 */

/* ARNs of layers and of their versions. */

#include "api/lambda/layer_ref.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"

struct parse_case {
    const char *text;
    const char *parts; /* "region|account|name|number"; NULL: refused */
};

static const struct parse_case parse_cases[] = {
    {"arn:aws:lambda:us-east-1:123456789012:layer:l", "us-east-1|123456789012|l|0"},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:1", "us-east-1|123456789012|l|1"},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:0", "us-east-1|123456789012|l|0"},
    {"arn:aws-cn:lambda:cn-north-1:123456789012:layer:a-b_c:42",
     "cn-north-1|123456789012|a-b_c|42"},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:9223372036854775807",
     "us-east-1|123456789012|l|9223372036854775807"},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:9223372036854775808", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:99999999999999999999", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:x", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:layer:l:1:2", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:layer", NULL},
    {"arn:aws:lambda:us-east-1:123456789012:function:l:1", NULL},
    {"arn:aws:lambda:::awslayer:AmazonLinux1803", NULL},
    {"arn:aws:s3:us-east-1:123456789012:layer:l:1", NULL},
    {"my-layer", NULL},
    {"", NULL},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_count(parse_cases); i++) {
        const struct parse_case *c = &parse_cases[i];
        struct layer_ref ref;
        char parts[128];

        if (!layer_ref_parse(str_of(c->text), &ref)) {
            if (c->parts)
                fail_msg("%s was refused", c->text);
            continue;
        }
        (void)snprintf(parts, sizeof(parts), "%.*s|%.*s|%.*s|%" PRId64, STR_FMT(ref.layer.region),
                       STR_FMT(ref.layer.account), STR_FMT(ref.layer.name), ref.number);
        if (!c->parts)
            fail_msg("%s was taken for %s", c->text, parts);
        assert_string_equal(parts, c->parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
