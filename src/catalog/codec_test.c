/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "catalog/config.h"

static const struct codec_pair environment[] = {
    {STR_INIT("A"), STR_INIT("1")},
    {STR_INIT("LONG"), STR_INIT("")},
};
static const struct str subnets[] = {STR_INIT("subnet-1"), STR_INIT("subnet-2")};

static struct function_config config_full(void)
{
    return (struct function_config){
        .description = STR(""),
        .role = STR("arn:aws:iam::123456789012:role/r"),
        .runtime = STR("python3.12"),
        .timeout_s = 900,
        .memory_mb = 10240,
        .environment = {environment, 2},
        .vpc_subnets = {subnets, 2},
        .vpc_security_groups = {subnets, 0},
        .tracing_active = true,
        .code = {{1, 2, 3}},
        .code_bytes = UINT64_MAX,
        .generation = 1,
    };
}

static void test_round_trip(void **state)
{
    struct function_config config = config_full(), back;
    struct buf row = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    function_config_encode(&row, &config);
    assert_false(buf_failed(&row));
    assert_int_equal(function_config_decode(buf_str(&row), &arena, &back), 0);
    assert_true(str_eq(back.role, config.role));
    assert_true(str_is_set(back.description));
    assert_int_equal(back.description.len, 0);
    assert_false(str_is_set(back.handler));
    assert_int_equal(back.timeout_s, 900);
    assert_int_equal(back.memory_mb, 10240);
    assert_int_equal(back.environment.count, 2);
    assert_true(str_eq(back.environment.ptr[1].name, STR("LONG")));
    assert_int_equal(back.environment.ptr[1].value.len, 0);
    assert_true(str_eq(back.vpc_subnets.ptr[1], STR("subnet-2")));
    assert_non_null(back.vpc_security_groups.ptr);
    assert_int_equal(back.vpc_security_groups.count, 0);
    assert_null(back.file_systems.ptr);
    assert_true(back.tracing_active);
    assert_false(back.log_json);
    assert_true(digest_eq(&back.code, &config.code));
    assert_true(back.code_bytes == UINT64_MAX);
    buf_deinit(&row);
    arena_deinit(&arena);
}

/* A row that was cut anywhere is either refused or a shorter row; it is never read beyond its end.
 */
static void test_cut_rows(void **state)
{
    struct function_config config = config_full(), back;
    struct buf row = {0};
    size_t refused = 0;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    function_config_encode(&row, &config);
    for (size_t len = 0; len < row.len; len++) {
        char *copy = malloc(len ? len : 1); /* exactly, for the address sanitizer */
        int r;

        assert_non_null(copy);
        memcpy(copy, row.ptr, len);
        r = function_config_decode(str_make(copy, len), &arena, &back);
        assert_true(r == 0 || r == -EBADMSG);
        refused += r != 0;
        free(copy);
    }
    assert_true(refused > row.len / 2);
    buf_deinit(&row);
    arena_deinit(&arena);
}

static void test_unknown_tags_are_skipped(void **state)
{
    static const char row[] = {(char)200, 2, 'x', 'y', 6, 1, 9};
    struct function_config config;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(function_config_decode(str_make(row, sizeof(row)), &arena, &config), 0);
    assert_int_equal(config.timeout_s, 9);
    arena_deinit(&arena);
}

static void assert_pairs(const struct codec_pairs *pairs, const char *expected)
{
    char text[64] = "";

    for (size_t i = 0; i < pairs->count; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, sizeof(text) - used, "%.*s=%.*s ", STR_FMT(pairs->ptr[i].name),
                       STR_FMT(pairs->ptr[i].value));
    }
    assert_string_equal(text, expected);
}

static void test_pairs_as_a_table(void **state)
{
    struct codec_pairs pairs = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_null(codec_pairs_find(&pairs, STR("b")));
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("b"), STR_NONE), 0);
    assert_null(pairs.ptr);
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("b"), STR("1")), 0);
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("ba"), STR("2")), 0);
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("$"), STR("")), 0);
    assert_pairs(&pairs, "$= b=1 ba=2 ");
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("b"), STR("3")), 0);
    assert_pairs(&pairs, "$= b=3 ba=2 ");
    assert_true(str_eq(codec_pairs_find(&pairs, STR("b"))->value, STR("3")));
    assert_null(codec_pairs_find(&pairs, STR("a")));
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("b"), STR_NONE), 0);
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("c"), STR_NONE), 0);
    assert_pairs(&pairs, "$= ba=2 ");
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("$"), STR_NONE), 0);
    assert_int_equal(codec_pairs_replace(&pairs, &arena, STR("ba"), STR_NONE), 0);
    assert_null(pairs.ptr); /* an empty table takes no room in a row */
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_cut_rows),
        cmocka_unit_test(test_unknown_tags_are_skipped),
        cmocka_unit_test(test_pairs_as_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
