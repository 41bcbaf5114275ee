/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void aligns_and_keeps(void **state)
{
    struct arena arena;
    char *places[100];

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < 100; i++) {
        places[i] = arena_alloc(&arena, i * 37 + 1);
        assert_non_null(places[i]);
        assert_int_equal((uintptr_t)places[i] % 16, 0);
        memset(places[i], (int)i, i * 37 + 1);
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t k = 0; k < i * 37 + 1; k++)
            assert_int_equal(places[i][k], (char)i);
    arena_deinit(&arena);
}

static void keeps_its_limit(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    arena.bytes_max = 10000;
    assert_null(arena_alloc(&arena, 20000));
    assert_non_null(arena_alloc(&arena, 9000));
    assert_null(arena_alloc(&arena, 5000));
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 4));
    arena_deinit(&arena);
}

static void copies_text(void **state)
{
    struct arena arena;
    struct str s;

    (void)state;
    arena_init(&arena);
    s = arena_printf(&arena, "%s-%d", "abc", 42);
    assert_true(str_eq(s, STR("abc-42")));
    s = arena_str(&arena, STR("xy"));
    assert_string_equal(s.ptr, "xy");
    assert_false(str_is_set(arena_str(&arena, STR_NONE)));
    arena_deinit(&arena);
}

static void reset_keeps_one_block(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_non_null(arena_alloc(&arena, 100));
    assert_non_null(arena_alloc(&arena, 100000));
    for (int i = 0; i < 10; i++)
        assert_non_null(arena_alloc(&arena, 2000));
    arena_reset(&arena);
    assert_int_equal(arena.bytes_total, ARENA_BLOCK_BYTES);
    assert_non_null(arena_alloc(&arena, 2000));
    assert_int_equal(arena.bytes_total, ARENA_BLOCK_BYTES);
    arena_deinit(&arena);

    arena_init(&arena);
    arena_reset(&arena);
    assert_int_equal(arena.bytes_total, 0);
    arena_deinit(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligns_and_keeps),
        cmocka_unit_test(keeps_its_limit),
        cmocka_unit_test(copies_text),
        cmocka_unit_test(reset_keeps_one_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
