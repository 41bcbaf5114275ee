/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/concurrency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"

enum { LIMIT = 5 };

static const struct function_version one = {.account = STR_INIT("111111111111"),
                                            .region = STR_INIT("us-east-1"),
                                            .name = STR_INIT("one"),
                                            .version = STR_INIT("$LATEST")};
static const struct function_version one_1 = {.account = STR_INIT("111111111111"),
                                              .region = STR_INIT("us-east-1"),
                                              .name = STR_INIT("one"),
                                              .version = STR_INIT("1")};
static const struct function_version one_2 = {.account = STR_INIT("111111111111"),
                                              .region = STR_INIT("us-east-1"),
                                              .name = STR_INIT("one"),
                                              .version = STR_INIT("2")};
static const struct function_version two = {.account = STR_INIT("111111111111"),
                                            .region = STR_INIT("us-east-1"),
                                            .name = STR_INIT("two"),
                                            .version = STR_INIT("$LATEST")};
static const struct function_version far = {.account = STR_INIT("111111111111"),
                                            .region = STR_INIT("eu-west-1"),
                                            .name = STR_INIT("one"),
                                            .version = STR_INIT("$LATEST")};

static void set_versions(struct concurrency *concurrency, const struct function_version *version,
                         struct function_concurrency aside,
                         const struct version_provisioned *versions, size_t count)
{
    const struct function_id id = {version->account, version->region, version->name};

    assert_int_equal(concurrency_set(concurrency, &id, &aside, versions, count), 0);
}

static void set(struct concurrency *concurrency, const struct function_version *version,
                struct function_concurrency aside)
{
    set_versions(concurrency, version, aside, NULL, 0);
}

static int take_one(struct concurrency *concurrency, const struct function_version *version)
{
    struct concurrency_version *taken;

    return concurrency_take(concurrency, version, &taken);
}

static void take(struct concurrency *concurrency, const struct function_version *version,
                 unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(take_one(concurrency, version), CONCURRENCY_OK);
}

static void give(struct concurrency *concurrency, const struct function_version *version,
                 unsigned count)
{
    char key[128];
    int len = snprintf(key, sizeof(key), "%.*s/%.*s/%.*s:%.*s", STR_FMT(version->account),
                       STR_FMT(version->region), STR_FMT(version->name), STR_FMT(version->version));

    for (unsigned i = 0; i < count; i++) {
        struct concurrency_version *taken =
            map_get(&concurrency->versions, str_make(key, (size_t)len));

        assert_non_null(taken);
        concurrency_give(concurrency, taken);
    }
}

static void functions_share_the_limit(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    take(&concurrency, &one, 3);
    take(&concurrency, &two, 2);
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &far, LIMIT);
    assert_int_equal(concurrency.in_flight, 2 * LIMIT);
    give(&concurrency, &two, 1);
    take(&concurrency, &one, 1);
    give(&concurrency, &one, 4);
    give(&concurrency, &two, 1);
    give(&concurrency, &far, LIMIT);
    assert_int_equal(concurrency.in_flight, 0);
    assert_int_equal(concurrency.functions.count, 0);
    concurrency_deinit(&concurrency);
}

static void a_reservation_is_the_most_and_is_kept_free(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    set(&concurrency, &one, (struct function_concurrency){.is_reserved = true, .reserved = 2});
    take(&concurrency, &one, 2);
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &two, 3); /* what is left of the account */
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one, 2);
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &one, 2);
    set(&concurrency, &one, (struct function_concurrency){.is_reserved = true});
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &two, 2);
    give(&concurrency, &one, 2);
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    give(&concurrency, &two, 5);
    concurrency_deinit(&concurrency);
}

static void what_runs_counts_when_a_reservation_comes_and_goes(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    take(&concurrency, &one, 3);
    set(&concurrency, &one, (struct function_concurrency){.is_reserved = true, .reserved = 1});
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &two, LIMIT - 1);
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &two, LIMIT - 1);
    set(&concurrency, &one, (struct function_concurrency){0});
    take(&concurrency, &two, LIMIT - 3);
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one, 3);
    give(&concurrency, &two, LIMIT - 3);
    take(&concurrency, &two, LIMIT);
    give(&concurrency, &two, LIMIT);
    concurrency_deinit(&concurrency);
}

static void provisioned_is_kept_free_and_may_be_exceeded(void **state)
{
    static const struct version_provisioned versions[] = {{1, 2}};
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    set_versions(&concurrency, &one_1, (struct function_concurrency){.provisioned = 2}, versions,
                 1);
    take(&concurrency, &two, 3);
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    assert_int_equal(take_one(&concurrency, &one_2), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &one_1, 2);
    assert_int_equal(take_one(&concurrency, &one_1), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &two, 1);
    take(&concurrency, &one_1, 1); /* more than is provisioned: of the shared part */
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one_1, 3);
    take(&concurrency, &two, 1);
    give(&concurrency, &two, 3);
    concurrency_deinit(&concurrency);
}

/* Another version cannot use it, and may take what is reserved beyond it. */
static void provisioned_inside_of_a_reservation_is_its_versions_own(void **state)
{
    static const struct version_provisioned versions[] = {{1, 2}, {2, 1}};
    static const struct function_concurrency aside = {
        .is_reserved = true, .reserved = 4, .provisioned = 3};
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    set_versions(&concurrency, &one, aside, versions, 2);
    take(&concurrency, &one, 1); /* $LATEST: the one that is not provisioned */
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &one_2, 1);
    assert_int_equal(take_one(&concurrency, &one_2), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &one_1, 2);
    assert_int_equal(take_one(&concurrency, &one_1), CONCURRENCY_RESERVED_LIMIT);
    give(&concurrency, &one, 1);
    take(&concurrency, &one_1, 1);
    assert_int_equal(take_one(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    give(&concurrency, &one_1, 3);
    give(&concurrency, &one_2, 1);
    concurrency_deinit(&concurrency);
}

/* Capacity goes from one version to another while both run. */
static void provisioned_moves_to_another_version(void **state)
{
    static const struct version_provisioned before[] = {{1, 3}}, after[] = {{2, 3}};
    static const struct function_concurrency aside = {.provisioned = 3};
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    set_versions(&concurrency, &one, aside, before, 1);
    take(&concurrency, &one_1, 3);
    take(&concurrency, &one_2, 2);
    assert_int_equal(take_one(&concurrency, &one_2), CONCURRENCY_ACCOUNT_LIMIT);
    set_versions(&concurrency, &one, aside, after, 1);
    take(&concurrency, &one_2, 1);
    assert_int_equal(take_one(&concurrency, &one_2), CONCURRENCY_ACCOUNT_LIMIT);
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one_1, 2);
    take(&concurrency, &two, 1);
    give(&concurrency, &one_1, 1);
    give(&concurrency, &one_2, 3);
    give(&concurrency, &two, 1);
    set(&concurrency, &one, (struct function_concurrency){0});
    assert_int_equal(concurrency.versions.count, 0);
    assert_int_equal(concurrency.functions.count, 0);
    take(&concurrency, &two, LIMIT);
    give(&concurrency, &two, LIMIT);
    concurrency_deinit(&concurrency);
}

static void more_may_be_set_aside_than_there_is(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 0);
    set(&concurrency, &one,
        (struct function_concurrency){.is_reserved = true, .reserved = LIMIT + 1});
    assert_int_equal(take_one(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &one, LIMIT + 1);
    give(&concurrency, &one, LIMIT + 1);
    concurrency_deinit(&concurrency);
}

static uint64_t test_now_ns;

static uint64_t now_ns(void)
{
    return test_now_ns;
}

static void assert_ramp(struct concurrency *concurrency, const struct function_version *version,
                        uint32_t left)
{
    struct concurrency_version *taken;

    assert_int_equal(concurrency_take(concurrency, version, &taken), CONCURRENCY_OK);
    assert_int_equal(concurrency_ramp_left(concurrency, taken), left);
    concurrency_give(concurrency, taken);
}

static void grow(struct concurrency *concurrency, const struct function_version *version)
{
    take(concurrency, version, 1);
    concurrency_ramp_take(concurrency, version);
    give(concurrency, version, 1);
}

/* It outlives what runs, and is no leak. */
static void growth_is_remembered_for_ten_seconds(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT, 2);
    concurrency.now_ns = now_ns;
    test_now_ns = 100 * NS_PER_S;
    grow(&concurrency, &one_1);
    assert_ramp(&concurrency, &one_2, 1); /* the function's, whichever version */
    assert_ramp(&concurrency, &two, 2);
    grow(&concurrency, &one_2);
    assert_ramp(&concurrency, &one_1, 0);
    assert_int_equal(concurrency.functions.count, 1);
    test_now_ns += 5 * NS_PER_S;
    assert_ramp(&concurrency, &one_1, 1);
    test_now_ns += 10 * NS_PER_S;
    take(&concurrency, &two, 1);
    assert_int_equal(concurrency.functions.count, 1);
    assert_ramp(&concurrency, &one_1, 2);
    give(&concurrency, &two, 1);
    assert_int_equal(concurrency.functions.count, 0);
    concurrency_deinit(&concurrency);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_share_the_limit),
        cmocka_unit_test(a_reservation_is_the_most_and_is_kept_free),
        cmocka_unit_test(what_runs_counts_when_a_reservation_comes_and_goes),
        cmocka_unit_test(provisioned_is_kept_free_and_may_be_exceeded),
        cmocka_unit_test(provisioned_inside_of_a_reservation_is_its_versions_own),
        cmocka_unit_test(provisioned_moves_to_another_version),
        cmocka_unit_test(growth_is_remembered_for_ten_seconds),
        cmocka_unit_test(more_may_be_set_aside_than_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
