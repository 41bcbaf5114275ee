/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/lineage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"

#define ARN "arn:aws:lambda:us-east-1:000000000000:function:f"
#define HASH "03574033"

static void assert_step(const char *trace, const char *expected, uint64_t expected_count)
{
    struct arena arena;
    struct str stepped;
    uint64_t count;

    arena_init(&arena);
    stepped = lineage_step(&arena, str_of(trace), STR(ARN), &count);
    if (!str_eq(stepped, str_of(expected)))
        fail_msg("%.*s", STR_FMT(stepped));
    assert_int_equal(count, expected_count);
    arena_deinit(&arena);
}

static void test_step(void **state)
{
    (void)state;
    assert_step("Root=1-a;Sampled=0", "Root=1-a;Sampled=0;Lineage=1:" HASH ":0", 0);
    assert_step("Root=1-a;Lineage=1:" HASH ":15;Sampled=0",
                "Root=1-a;Sampled=0;Lineage=1:" HASH ":16", 16);
    assert_step("Lineage=1:00c0ffee:2|1:" HASH ":3", "Lineage=1:00c0ffee:2|1:" HASH ":4", 4);
    assert_step("Lineage=" HASH ":1", "Lineage=1:" HASH ":2", 2);
    assert_step("", "Lineage=1:" HASH ":0", 0);
}

static void test_nonsense(void **state)
{
    (void)state;
    assert_step("Root=1-a;Lineage=;x", "Root=1-a;x;Lineage=1:" HASH ":0", 0);
    assert_step("Lineage=1:" HASH ":-1|1:" HASH "|a:b:c:d|1:zz:1", "Lineage=1:" HASH ":0", 0);
}

/* Many functions in one chain: the header stays short. */
static void test_long_chain(void **state)
{
    char trace[1024] = "Lineage=";
    size_t len = sizeof("Lineage=") - 1;

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        len += (size_t)snprintf(trace + len, sizeof(trace) - len, "%s1:%08x:0", i ? "|" : "", i);
    {
        struct arena arena;
        struct str stepped;
        uint64_t count;

        arena_init(&arena);
        stepped = lineage_step(&arena, str_of(trace), STR(ARN), &count);
        assert_int_equal(count, 0);
        assert_int_equal(stepped.len, sizeof("Lineage=") - 1 + 16 * 13 - 1);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_long_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
