/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/concurrency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "catalog/concurrency.h"
#include "catalog/function.h"

enum { LIMIT = 5 };

static const struct function_version one = {.account = STR_INIT("111111111111"),
                                            .region = STR_INIT("us-east-1"),
                                            .name = STR_INIT("one"),
                                            .version = STR_INIT("$LATEST")};
static const struct function_version two = {.account = STR_INIT("111111111111"),
                                            .region = STR_INIT("us-east-1"),
                                            .name = STR_INIT("two"),
                                            .version = STR_INIT("$LATEST")};
static const struct function_version far = {.account = STR_INIT("111111111111"),
                                            .region = STR_INIT("eu-west-1"),
                                            .name = STR_INIT("one"),
                                            .version = STR_INIT("$LATEST")};

static void set(struct concurrency *concurrency, const struct function_version *version,
                struct function_concurrency aside)
{
    assert_int_equal(
        concurrency_set(concurrency, version->account, version->region, version->name, &aside), 0);
}

static void take(struct concurrency *concurrency, const struct function_version *version,
                 unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(concurrency_take(concurrency, version), CONCURRENCY_OK);
}

static void give(struct concurrency *concurrency, const struct function_version *version,
                 unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        concurrency_give(concurrency, version);
}

static void functions_share_the_limit(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT);
    take(&concurrency, &one, 3);
    take(&concurrency, &two, 2);
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_ACCOUNT_LIMIT);
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
    concurrency_init(&concurrency, LIMIT);
    set(&concurrency, &one, (struct function_concurrency){.is_reserved = true, .reserved = 2});
    take(&concurrency, &one, 2);
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &two, 3); /* what is left of the account */
    assert_int_equal(concurrency_take(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one, 2);
    assert_int_equal(concurrency_take(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &one, 2);
    set(&concurrency, &one, (struct function_concurrency){.is_reserved = true});
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &two, 2);
    give(&concurrency, &one, 2);
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    give(&concurrency, &two, 5);
    concurrency_deinit(&concurrency);
}

static void what_runs_counts_when_a_reservation_comes_and_goes(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT);
    take(&concurrency, &one, 3);
    set(&concurrency, &one, (struct function_concurrency){.is_reserved = true, .reserved = 1});
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_RESERVED_LIMIT);
    take(&concurrency, &two, LIMIT - 1);
    assert_int_equal(concurrency_take(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &two, LIMIT - 1);
    set(&concurrency, &one, (struct function_concurrency){0});
    take(&concurrency, &two, LIMIT - 3);
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one, 3);
    give(&concurrency, &two, LIMIT - 3);
    take(&concurrency, &two, LIMIT);
    give(&concurrency, &two, LIMIT);
    concurrency_deinit(&concurrency);
}

static void provisioned_is_kept_free_and_may_be_exceeded(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT);
    set(&concurrency, &one, (struct function_concurrency){.provisioned = 2});
    take(&concurrency, &two, 3);
    assert_int_equal(concurrency_take(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &one, 2);
    assert_int_equal(concurrency_take(&concurrency, &one), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &two, 1);
    take(&concurrency, &one, 1); /* more than is provisioned: of the shared part */
    assert_int_equal(concurrency_take(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    give(&concurrency, &one, 3);
    take(&concurrency, &two, 1);
    give(&concurrency, &two, 3);
    concurrency_deinit(&concurrency);
}

static void more_may_be_set_aside_than_there_is(void **state)
{
    struct concurrency concurrency;

    (void)state;
    concurrency_init(&concurrency, LIMIT);
    set(&concurrency, &one,
        (struct function_concurrency){.is_reserved = true, .reserved = LIMIT + 1});
    assert_int_equal(concurrency_take(&concurrency, &two), CONCURRENCY_ACCOUNT_LIMIT);
    take(&concurrency, &one, LIMIT + 1);
    give(&concurrency, &one, LIMIT + 1);
    concurrency_deinit(&concurrency);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_share_the_limit),
        cmocka_unit_test(a_reservation_is_the_most_and_is_kept_free),
        cmocka_unit_test(what_runs_counts_when_a_reservation_comes_and_goes),
        cmocka_unit_test(provisioned_is_kept_free_and_may_be_exceeded),
        cmocka_unit_test(more_may_be_set_aside_than_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
