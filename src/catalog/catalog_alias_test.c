/* SPDX-License-Identifier: Apache-2.0 */

/* Aliases. */

#include "catalog/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/catalog_fixture.h"
#include "catalog/function.h"

static int put_alias(struct fixture *fixture, size_t i, struct catalog_put_alias *put)
{
    put->id = id_f;
    put->alias.name = STR("live");
    return fixture_answer(fixture, i,
                          catalog_put_alias(fixture->catalog, fixture_change(fixture, i), put));
}

static int delete_alias(struct fixture *fixture)
{
    const struct catalog_delete_alias input = {.id = id_f, .name = STR("live")};

    return fixture_answer(
        fixture, 4, catalog_delete_alias(fixture->catalog, fixture_change(fixture, 4), &input));
}

static int create_alias(struct fixture *fixture, uint64_t version, uint64_t weighted, double weight)
{
    struct catalog_put_alias put = {
        .alias = {.version = version, .weighted_version = weighted},
        .is_new = true,
        .sets_version = true,
        .sets_weight = true,
    };

    function_alias_set_weight(&put.alias, weight);
    return put_alias(fixture, 3, &put);
}

/* "version weighted weight description" of the alias; empty when there is none. */
static struct seen see_alias(struct fixture *fixture)
{
    struct function_alias alias;
    struct seen seen = {0};
    struct arena arena;

    arena_init(&arena);
    if (catalog_get_alias(fixture->catalog, &id_f, STR("live"), &arena, &alias) == CATALOG_OK) {
        (void)snprintf(seen.text, sizeof(seen.text), "%u %u %g %.*s", (unsigned)alias.version,
                       (unsigned)alias.weighted_version, function_alias_weight(&alias),
                       STR_FMT(alias.description));
        (void)str_to_cstr(alias.revision_id, seen.revision_id, sizeof(seen.revision_id));
    }
    arena_deinit(&arena);
    return seen;
}

static void make_versions(struct fixture *fixture)
{
    struct update change = {.description = "second"};

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(fixture_update(fixture, 1, &change), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(fixture_publish(fixture, STR_NONE), CATALOG_OK);
    fixture_run(fixture);
}

static void test_aliases(void **state)
{
    struct fixture *fixture = *state;
    struct catalog_put_alias change = {.alias = {.description = STR("text")}};
    struct seen before;

    assert_int_equal(create_alias(fixture, 1, 0, 0), CATALOG_NOT_FOUND);
    make_versions(fixture);
    fixture_assert_target(fixture, "live", CATALOG_NOT_FOUND);
    assert_int_equal(put_alias(fixture, 3, &change), CATALOG_ALIAS_NOT_FOUND);
    assert_int_equal(create_alias(fixture, 1, 2, 0.25), CATALOG_OK);
    assert_int_equal(create_alias(fixture, 1, 0, 0), CATALOG_EXISTS);
    before = see_alias(fixture);
    assert_string_equal(before.text, "1 2 0.25 ");
    assert_int_equal(put_alias(fixture, 3, &change), CATALOG_OK); /* the rest is not changed */
    change.alias.description = STR_NONE;
    assert_int_equal(put_alias(fixture, 3, &change), CATALOG_OK);
    assert_true(str_eq(fixture->changes[3].change.alias.description, STR("text")));
    fixture_reopen(fixture);
    assert_string_equal(see_alias(fixture).text, "1 2 0.25 text");
    assert_string_not_equal(see_alias(fixture).revision_id, before.revision_id);
    change.alias.revision_id = str_of(before.revision_id);
    assert_int_equal(put_alias(fixture, 3, &change), CATALOG_REVISION);
    fixture_assert_target(fixture, "live", CATALOG_OK);
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
    assert_string_equal(see_alias(fixture).text, "");
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
}

static void test_alias_rules(void **state)
{
    struct fixture *fixture = *state;

    make_versions(fixture);
    assert_int_equal(create_alias(fixture, FUNCTION_LATEST, 1, 0.5), CATALOG_ALIAS_LATEST);
    assert_int_equal(create_alias(fixture, 1, 1, 0.5), CATALOG_ALIAS_SAME);
    assert_int_equal(create_alias(fixture, 3, 1, 0.5), CATALOG_ALIAS_VERSION);
    assert_int_equal(create_alias(fixture, 1, 3, 0.5), CATALOG_ALIAS_VERSION);
    assert_int_equal(create_alias(fixture, 1, 2, 0.5), CATALOG_OK);
    assert_int_equal(fixture_delete(fixture, 1), CATALOG_REFERENCED);
    assert_int_equal(fixture_delete(fixture, 2), CATALOG_REFERENCED);
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
    assert_int_equal(fixture_delete(fixture, 2), CATALOG_OK);
    assert_int_equal(create_alias(fixture, FUNCTION_LATEST, 0, 0), CATALOG_OK);
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_int_equal(fixture_create(fixture, &id_f, false),
                     CATALOG_OK); /* aliases are not inherited */
    assert_string_equal(see_alias(fixture).text, "");
}

/* A version is deleted while an alias is made for it: one of both is refused. */
static void test_alias_of_deleted_version(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog_delete gone = {.id = id_f, .version = 1};
    struct catalog_put_alias put = {
        .alias = {.version = 1}, .is_new = true, .sets_version = true, .sets_weight = true};

    make_versions(fixture);
    assert_int_equal(catalog_delete(fixture->catalog, fixture_change(fixture, 2), &gone),
                     CATALOG_STARTED);
    assert_int_equal(put_alias(fixture, 3, &put), CATALOG_ALIAS_VERSION);
    assert_int_equal(fixture->changes[2].answer, CATALOG_OK);
}

static unsigned count_of(struct fixture *fixture, const char *version)
{
    unsigned count = 0;

    for (size_t i = 0; i < 2000; i++) {
        struct function_version *chosen = NULL;

        assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR("live"), &chosen),
                         CATALOG_OK);
        count += str_eq(chosen->version, str_of(version));
        (void)function_version_unref(chosen);
    }
    return count;
}

static void test_alias_routes(void **state)
{
    struct fixture *fixture = *state;
    uint64_t version;
    unsigned count;

    make_versions(fixture);
    assert_int_equal(create_alias(fixture, 1, 2, 0.25), CATALOG_OK);
    count = count_of(fixture, "2");
    assert_in_range(count, 350, 650); /* 7 standard deviations around 500 */
    assert_int_equal(catalog_resolve(fixture->catalog, &id_f, STR("live"), &version), CATALOG_OK);
    assert_int_equal(version, 1);
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
    assert_int_equal(create_alias(fixture, 1, 2, 1.0), CATALOG_OK);
    assert_int_equal(count_of(fixture, "2"), 2000);
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
    assert_int_equal(create_alias(fixture, 1, 2, 0.0), CATALOG_OK);
    assert_int_equal(count_of(fixture, "1"), 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_aliases, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_alias_rules, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_alias_of_deleted_version, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_alias_routes, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
