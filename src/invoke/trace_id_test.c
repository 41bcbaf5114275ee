/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/trace_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "invoke/trace_sampler.h"

#define ROOT "1-5f35ae12-0c0fec141ab77a00bc047aa2"

static void expect(struct str seen, const char *wanted)
{
    char text[256];

    assert_true(str_to_cstr(seen, text, sizeof(text)));
    assert_string_equal(text, wanted);
}

static void parts_are_found_and_set(void **state)
{
    struct str trace = STR("Self=1; Root=" ROOT ";Parent=2be948a625588e32;Sampled=?");
    struct arena arena;

    (void)state;
    arena_init(&arena);
    expect(trace_id_part(trace, "Root"), ROOT);
    assert_false(str_is_set(trace_id_part(trace, "Par")));
    assert_false(trace_id_is_decided(trace));
    assert_false(trace_id_is_sampled(trace));
    expect(trace_id_set(&arena, trace, "Sampled", STR("1")),
           "Self=1; Root=" ROOT ";Parent=2be948a625588e32;Sampled=1");
    expect(trace_id_set(&arena, STR("Root=a;"), "Parent", STR("b")), "Root=a;Parent=b");
    expect(trace_id_of_answer(&arena, trace), "Root=" ROOT ";Sampled=?");
    expect(trace_id_of_answer(&arena, STR("x")), "Root=;Sampled=0");
    arena_deinit(&arena);
}

static void forms_are_checked(void **state)
{
    (void)state;
    assert_true(trace_id_is_root(STR(ROOT)));
    assert_false(trace_id_is_root(STR("2" ROOT)));
    assert_false(trace_id_is_root(STR("1-5f35ae12-0c0fec141ab77a00bc047aaX")));
    assert_false(trace_id_is_root(STR_NONE));
    assert_true(trace_id_is_segment(STR("2be948a625588e32")));
    assert_false(trace_id_is_segment(STR("2be948a625588e3")));
}

static void the_decision_is_written(void **state)
{
    struct str given = STR("Root=" ROOT ";Sampled=?");
    struct arena arena;
    struct str made;

    (void)state;
    arena_init(&arena);
    expect(trace_id_take(&arena, given, false), "Root=" ROOT ";Sampled=?");
    expect(trace_id_take(&arena, given, true), "Root=" ROOT ";Sampled=1");
    made = trace_id_take(&arena, STR_NONE, false);
    assert_true(trace_id_is_root(trace_id_part(made, "Root")));
    assert_true(trace_id_is_segment(trace_id_part(made, "Parent")));
    assert_true(trace_id_is_decided(made) && !trace_id_is_sampled(made));
    made = trace_id_take(&arena, STR_NONE, true);
    assert_true(trace_id_is_sampled(made));
    assert_false(str_is_set(trace_id_part(made, "Parent")));
    arena_deinit(&arena);
}

static void the_first_of_a_second_and_some_others(void **state)
{
    static struct trace_sampler sampler;
    int taken = 0;

    (void)state;
    assert_true(trace_sampler_take(&sampler, STR("arn:a"), 0));
    assert_true(trace_sampler_take(&sampler, STR("arn:b"), 5 * NS_PER_S));
    for (int i = 0; i < 100000; i++)
        taken += trace_sampler_take(&sampler, STR("arn:b"), 5 * NS_PER_S + 1);
    assert_in_range(taken, 4600, 5400); /* 5.8 standard deviations */
    assert_true(trace_sampler_take(&sampler, STR("arn:b"), 6 * NS_PER_S));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found_and_set),
        cmocka_unit_test(forms_are_checked),
        cmocka_unit_test(the_decision_is_written),
        cmocka_unit_test(the_first_of_a_second_and_some_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
