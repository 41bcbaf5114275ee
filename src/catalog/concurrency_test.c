/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/concurrency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/limits.h"
#include "catalog/alias.h"
#include "catalog/config.h"

struct fixture {
    struct arena arena;
    struct function_settings settings;
};

static void provision(struct fixture *fixture, const char *qualifier, uint32_t count)
{
    const struct function_provisioned provisioned = {.requested = count, .last_modified_ms = 1};
    struct str row = function_provisioned_encode(&fixture->arena, &provisioned);

    assert_int_equal(codec_pairs_replace(&fixture->settings.provisioned, &fixture->arena,
                                         str_of(qualifier), row),
                     0);
}

static void alias(struct fixture *fixture, const char *name, uint64_t version)
{
    const struct function_alias alias = {.version = version};
    struct str row = function_alias_encode(&fixture->arena, &alias);

    assert_int_equal(
        codec_pairs_replace(&fixture->settings.aliases, &fixture->arena, str_of(name), row), 0);
}

static void assert_judged(struct fixture *fixture, const char *qualifier, int expected)
{
    assert_int_equal(
        function_provisioned_judge(&fixture->settings, str_of(qualifier), &fixture->arena),
        expected);
}

static void a_reservation_includes_what_is_provisioned(void **state)
{
    struct fixture fixture = {0};
    struct function_concurrency got;

    (void)state;
    arena_init(&fixture.arena);
    assert_int_equal(function_concurrency_of(&fixture.settings, &fixture.arena, &got), 0);
    assert_true(function_concurrency_eq(&got, &(struct function_concurrency){0}));
    provision(&fixture, "1", 3);
    provision(&fixture, "live", 4);
    assert_int_equal(function_concurrency_of(&fixture.settings, &fixture.arena, &got), 0);
    assert_int_equal(got.provisioned, 7);
    assert_int_equal(function_concurrency_aside(&got), 7);
    fixture.settings.reserves_concurrency = true;
    fixture.settings.reserved_concurrency = 10;
    assert_int_equal(function_concurrency_of(&fixture.settings, &fixture.arena, &got), 0);
    assert_int_equal(function_concurrency_aside(&got), 10);
    arena_deinit(&fixture.arena);
}

static void a_version_has_what_its_aliases_have(void **state)
{
    struct fixture fixture = {0};
    struct version_provisioned *versions;
    size_t count;

    (void)state;
    arena_init(&fixture.arena);
    assert_int_equal(
        function_provisioned_versions(&fixture.settings, &fixture.arena, &versions, &count), 0);
    assert_int_equal(count, 0);
    alias(&fixture, "live", 1);
    alias(&fixture, "next", 2);
    alias(&fixture, "test", 1);
    provision(&fixture, "live", 3);
    provision(&fixture, "next", 5);
    provision(&fixture, "test", 4);
    assert_int_equal(
        function_provisioned_versions(&fixture.settings, &fixture.arena, &versions, &count), 0);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(versions[i].count, versions[i].version == 1 ? 7 : 5);
    alias(&fixture, "live", 2);
    assert_int_equal(
        function_provisioned_versions(&fixture.settings, &fixture.arena, &versions, &count), 0);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(versions[i].count, versions[i].version == 1 ? 4 : 8);
    arena_deinit(&fixture.arena);
}

static void a_version_and_its_alias_exclude_each_other(void **state)
{
    struct fixture fixture = {0};

    (void)state;
    arena_init(&fixture.arena);
    alias(&fixture, "live", 1);
    alias(&fixture, "next", 2);
    assert_judged(&fixture, "1", PROVISIONED_FREE);
    assert_judged(&fixture, "live", PROVISIONED_FREE);
    provision(&fixture, "1", 1);
    assert_judged(&fixture, "1", PROVISIONED_FREE);
    assert_judged(&fixture, "live", PROVISIONED_VERSION_HAS_ITS_OWN);
    assert_judged(&fixture, "next", PROVISIONED_FREE);
    assert_judged(&fixture, "2", PROVISIONED_FREE);
    provision(&fixture, "next", 1);
    assert_judged(&fixture, "2", PROVISIONED_BY_ALIAS);
    alias(&fixture, "other", 2);
    assert_judged(&fixture, "other", PROVISIONED_FREE);
    arena_deinit(&fixture.arena);
}

static void a_part_of_the_account_stays_unreserved(void **state)
{
    (void)state;
    assert_int_equal(concurrency_unreserved_min(1000), LIMIT_CONCURRENCY_UNRESERVED);
    assert_int_equal(concurrency_unreserved_min(10), 10);
    assert_int_equal(concurrency_unreserved(1000, 0), 1000);
    assert_int_equal(concurrency_unreserved(1000, 999), 1);
    assert_int_equal(concurrency_unreserved(1000, 1000), 0);
    assert_int_equal(concurrency_unreserved(1000, UINT64_C(5000000000)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reservation_includes_what_is_provisioned),
        cmocka_unit_test(a_version_has_what_its_aliases_have),
        cmocka_unit_test(a_version_and_its_alias_exclude_each_other),
        cmocka_unit_test(a_part_of_the_account_stays_unreserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
