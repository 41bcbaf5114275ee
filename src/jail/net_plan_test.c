/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/net_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void refuses_what_is_no_range(void **state)
{
    static const char *const wrong[] = {
        "",           "10.0.0.0",    "10.0.0.0/",     "10.0.0/16",   "10.0.0.0/33",
        "10.0.0.0/7", "10.0.0.0/29", "10.0.0.0/16 ",  "10.1.0.0/15", "10.0.0.1/16",
        "fd00::/16",  "10.0.0.0/-1", "010.0.0.0/16x", "/16",         "10.0.0.0.0.0.0.0.0.0/16"};
    struct net_plan plan;

    (void)state;
    for (size_t i = 0; i < array_count(wrong); i++)
        if (net_plan_parse(&plan, wrong[i], 1))
            fail_msg("'%s' was accepted", wrong[i]);
}

static void a_range_holds_every_slot(void **state)
{
    struct net_plan plan;

    (void)state;
    assert_true(net_plan_parse(&plan, "10.232.0.0/16", 10000));
    assert_true(net_plan_parse(&plan, "10.232.0.0/24", 125));
    assert_false(net_plan_parse(&plan, "10.232.0.0/24", 126));
    assert_true(net_plan_parse(&plan, "10.232.0.16/28", 5));
    assert_false(net_plan_parse(&plan, "10.232.0.16/28", 6));
}

static void nobody_shares_an_address(void **state)
{
    struct net_plan plan;
    char text[NET_TEXT_BYTES];

    (void)state;
    assert_true(net_plan_parse(&plan, "10.232.0.0/24", 60));
    assert_string_equal(net_address_text(net_plan_gateway(&plan), text), "10.232.0.1");
    for (uint32_t generation = 0; generation < 5; generation++) {
        for (uint32_t slot = 0; slot < 60; slot++) {
            uint32_t address = net_plan_box(&plan, slot, generation);

            /* Two turns of sixty fit into the lower half. */
            assert_int_equal(address, plan.base + 3 + slot + 60 * (generation % 2));
            assert_true(address < plan.base + 128);
        }
    }
    for (uint32_t number = 0; number < 1000; number++) {
        uint32_t address = net_plan_uplink(&plan, number);

        assert_in_range(address, plan.base + 129, plan.base + 254);
        assert_int_equal(address, net_plan_uplink(&plan, number + 126));
    }
}

static void overlaps(void **state)
{
    static const struct {
        uint32_t base;
        unsigned prefix;
        bool overlaps;
    } cases[] = {
        {0x0ae80000, 16, true},  {0x0a000000, 8, true},
        {0x0ae8ffff, 32, true},  {0x0ae90000, 16, false},
        {0x0ae7ffff, 32, false}, {0xc0a80000, 16, false},
        {0x0ae80500, 24, true},  {0, 0, true},
    };
    struct net_plan plan;

    (void)state;
    assert_true(net_plan_parse(&plan, "10.232.0.0/16", 100));
    for (size_t i = 0; i < array_count(cases); i++)
        assert_int_equal(net_plan_overlaps(&plan, cases[i].base, cases[i].prefix),
                         cases[i].overlaps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_range),
        cmocka_unit_test(a_range_holds_every_slot),
        cmocka_unit_test(nobody_shares_an_address),
        cmocka_unit_test(overlaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
