/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void zones_are_spelt_as_aws_does(void **state)
{
    static const struct {
        const char *region, *zone;
    } cases[] = {
        {"us-east-1", "use1-az1"},
        {"eu-central-2", "euc2-az1"},
        {"ap-southeast-2", "apse2-az1"},
        {"us-gov-west-1", "usgw1-az1"},
        {"cn-northwest-1", "cnnw1-az1"},
        {"mine", "mine-az1"},
        {"a-region-whose-name-is-long-enough", "aregionwhosenameislongenough-az"},
    };
    char zone[METADATA_ZONE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(metadata_zone(str_of(cases[i].region), zone), cases[i].zone);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_are_spelt_as_aws_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
