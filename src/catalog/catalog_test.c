/* SPDX-License-Identifier: Apache-2.0 */

/* Functions and their versions. */

#include "catalog/catalog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "catalog/catalog_fixture.h"
#include "catalog/function.h"

#define PENDING "1 0 "
#define ACTIVE "0 1 "
#define UPDATING "0 2 "

static void test_create(void **state)
{
    struct fixture *fixture = *state;
    struct seen before;

    fixture_assert_target(fixture, NULL, CATALOG_NOT_FOUND);
    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    before = fixture_see(fixture, FUNCTION_LATEST);
    assert_string_equal(before.text, PENDING "first");
    fixture_assert_target(fixture, NULL, CATALOG_PENDING);
    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_EXISTS);
    fixture_run(fixture);
    fixture_assert_seen(fixture, FUNCTION_LATEST, ACTIVE "first");
    assert_string_not_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    fixture_assert_target(fixture, NULL, CATALOG_OK);
    fixture_assert_target(fixture, "$LATEST", CATALOG_OK);
    fixture_assert_target(fixture, "1", CATALOG_NOT_FOUND);
    fixture_assert_target(fixture, "$latest", CATALOG_NOT_FOUND);
    fixture_assert_target(fixture, "0", CATALOG_NOT_FOUND);
    assert_int_equal(fixture->code_refs[1], 1);
    assert_string_equal(fixture->events, "+f:$LATEST ");
}

static void test_create_published(void **state)
{
    struct fixture *fixture = *state;
    struct seen latest, one;

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    assert_int_equal(fixture->changes[0].change.result.version, 1);
    fixture_assert_seen(fixture, 1, PENDING "first");
    fixture_assert_target(fixture, "1", CATALOG_PENDING);
    fixture_run(fixture);
    latest = fixture_see(fixture, FUNCTION_LATEST);
    one = fixture_see(fixture, 1);
    assert_string_equal(latest.text, ACTIVE "first");
    assert_string_equal(one.text, ACTIVE "first");
    assert_string_not_equal(latest.revision_id, one.revision_id);
    /* Nothing was changed since. */
    assert_int_equal(fixture_publish(fixture, STR_NONE), CATALOG_OK);
    assert_int_equal(fixture->changes[1].change.result.version, 1);
    assert_string_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, latest.revision_id);
}

/* Two at once: the store lets one through, and the other is told why. */
static void test_concurrent_creates(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog_create input = fixture_input(&id_f, 1);
    int a = catalog_create(fixture->catalog, fixture_change(fixture, 0), &input);
    int b = catalog_create(fixture->catalog, fixture_change(fixture, 1), &input);

    assert_int_equal(a, CATALOG_STARTED);
    assert_int_equal(b, CATALOG_STARTED);
    assert_int_equal(fixture_answer(fixture, 0, a), CATALOG_OK);
    assert_int_equal(fixture_answer(fixture, 1, b), CATALOG_EXISTS);
    fixture_run(fixture);
    assert_int_equal(fixture->code_refs[1], 1);
}

static void test_update(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second", .code = 2};
    struct function_version *old = NULL, *served = NULL;

    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_NOT_FOUND);
    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_PENDING);
    fixture_run(fixture);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &old), CATALOG_OK);
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_OK);
    fixture_assert_seen(fixture, FUNCTION_LATEST, UPDATING "second");
    assert_int_equal(fixture_update(fixture, 2, &input), CATALOG_IN_PROGRESS);
    assert_int_equal(fixture_publish(fixture, STR_NONE), CATALOG_IN_PROGRESS);
    /* Meanwhile the old code runs. */
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &served), CATALOG_OK);
    assert_ptr_equal(served, old);
    (void)function_version_unref(served);
    assert_int_equal(fixture->code_refs[1], 2); /* the row's and the snapshot's */
    assert_int_equal(fixture->code_refs[2], 1);
    assert_string_equal(fixture->events, "+f:$LATEST ");
    fixture_run(fixture);
    fixture_assert_seen(fixture, FUNCTION_LATEST, ACTIVE "second");
    assert_string_equal(fixture->events, "+f:$LATEST f:$LATEST +f:$LATEST ");
    assert_int_equal(fixture->code_refs[1], 1);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &served), CATALOG_OK);
    assert_int_equal(served->code.bytes[0], 2);
    assert_false(str_eq(served->revision_id, old->revision_id));
    (void)function_version_unref(served);
    (void)function_version_unref(old);
    assert_int_equal(fixture->code_refs[1], 0);
}

static void test_update_conditions(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second"};
    struct update nothing = {0};
    struct seen before;

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    before = fixture_see(fixture, FUNCTION_LATEST);
    input.update.revision_id = STR("wrong");
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_REVISION);
    assert_int_equal(fixture_update(fixture, 1, &nothing), CATALOG_CALLER);
    input.update.revision_id = str_of(before.revision_id);
    input.update.dry_run = true;
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_OK);
    assert_true(str_eq(fixture->changes[1].change.result.config.description, STR("second")));
    fixture_run(fixture);
    assert_string_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    input.update.dry_run = false;
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_OK);
}

/* Two updates of one revision: exactly one wins. */
static void test_concurrent_updates(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second"};
    int a, b;

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    a = fixture_update_start(fixture, 1, &input);
    b = fixture_update_start(fixture, 2, &input);
    assert_int_equal(fixture_answer(fixture, 1, a), CATALOG_OK);
    assert_int_equal(fixture_answer(fixture, 2, b), CATALOG_IN_PROGRESS);
}

static void test_update_publishes(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.code = 2, .update = {.publish = true}};

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_OK);
    assert_int_equal(fixture->changes[1].change.result.version, 1);
    assert_int_equal(fixture->changes[1].change.result.config.state, FUNCTION_PENDING);
    fixture_assert_seen(fixture, 1, PENDING "first");
    fixture_assert_seen(fixture, FUNCTION_LATEST, UPDATING "first");
    fixture_run(fixture);
    fixture_assert_seen(fixture, 1, ACTIVE "first");
    fixture_assert_seen(fixture, FUNCTION_LATEST, ACTIVE "first");
}

/* The recorded life of versions: descriptions, an unchanged publish, deletion, numbers that go on.
 */
static void test_versions(void **state)
{
    struct fixture *fixture = *state;
    struct update second = {.description = "second"};
    struct seen before;
    uint64_t numbers[4];

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    before = fixture_see(fixture, FUNCTION_LATEST);
    assert_int_equal(fixture_publish(fixture, STR("own words")), CATALOG_OK);
    fixture_assert_seen(fixture, 1, ACTIVE "own words");
    assert_string_not_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_int_equal(fixture_publish(fixture, STR("other words")), CATALOG_OK);
    assert_int_equal(fixture->changes[1].change.result.version, 1);
    assert_int_equal(fixture_update(fixture, 3, &second), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(fixture_publish(fixture, STR_NONE), CATALOG_OK);
    fixture_assert_seen(fixture, 2, ACTIVE "second");
    fixture_assert_seen(fixture, 1, ACTIVE "own words");
    assert_int_equal(fixture_delete(fixture, 1), CATALOG_OK);
    assert_int_equal(fixture_delete(fixture, 1), CATALOG_OK);
    assert_int_equal(catalog_list_versions(fixture->catalog, &id_f, 0, numbers, 4), 2);
    assert_int_equal(numbers[1], 2);
    assert_string_equal(fixture->events, "+f:$LATEST +f:1 f:$LATEST +f:$LATEST +f:2 -f:1 ");
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_NOT_FOUND);
    assert_int_equal(fixture->code_refs[1], 0);
    fixture_reopen(fixture);
    assert_int_equal(catalog_list_versions(fixture->catalog, &id_f, 0, numbers, 4), 0);
    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    assert_int_equal(fixture->changes[0].change.result.version, 3);
}

static void test_publish_conditions(void **state)
{
    struct fixture *fixture = *state;
    const struct digest wrong = {{9}};
    struct catalog_publish input = {.id = id_f, .code = &wrong};
    struct catalog_change *change;

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    change = fixture_change(fixture, 1);
    assert_int_equal(catalog_publish(fixture->catalog, change, &input), CATALOG_CODE_SHA256);
    input = (struct catalog_publish){.id = id_f, .revision_id = STR("wrong")};
    change = fixture_change(fixture, 1);
    assert_int_equal(catalog_publish(fixture->catalog, change, &input), CATALOG_REVISION);
}

static int tag(struct fixture *fixture, const struct codec_pair *set, size_t set_count,
               const struct str *remove, size_t remove_count)
{
    const struct catalog_tag input = {
        .id = id_f, .set = {set, set_count}, .remove = {remove, remove_count}};

    return fixture_answer(fixture, 3,
                          catalog_tag(fixture->catalog, fixture_change(fixture, 3), &input));
}

static void assert_tags(struct fixture *fixture, const char *expected)
{
    struct function_settings settings;
    char text[256] = "";
    struct arena arena;

    arena_init(&arena);
    assert_int_equal(catalog_get_settings(fixture->catalog, &id_f, &arena, &settings), CATALOG_OK);
    for (size_t i = 0; i < settings.tags.count; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s=%.*s ",
                       STR_FMT(settings.tags.ptr[i].name), STR_FMT(settings.tags.ptr[i].value));
    assert_string_equal(text, expected);
    arena_deinit(&arena);
}

static void test_tags(void **state)
{
    static const struct codec_pair ab[] = {{STR_INIT("a"), STR_INIT("1")},
                                           {STR_INIT("b"), STR_INIT("2")}};
    static const struct codec_pair bc[] = {{STR_INIT("c"), STR_INIT("3")},
                                           {STR_INIT("b"), STR_INIT("x")}};
    static const struct str names[] = {STR_INIT("a"), STR_INIT("missing")};
    struct codec_pair many[51];
    char text[51][8];
    struct fixture *fixture = *state;
    struct function_version *before = NULL, *after = NULL;
    struct seen seen;

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    seen = fixture_see(fixture, FUNCTION_LATEST);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &before), CATALOG_OK);
    assert_int_equal(tag(fixture, ab, 2, NULL, 0), CATALOG_OK);
    assert_tags(fixture, "a=1 b=2 ");
    assert_int_equal(tag(fixture, bc, 2, NULL, 0), CATALOG_OK);
    assert_tags(fixture, "a=1 b=x c=3 ");
    assert_int_equal(tag(fixture, NULL, 0, names, 2), CATALOG_OK);
    assert_tags(fixture, "b=x c=3 ");
    /* A new RevisionId, but environments go on running. */
    assert_string_not_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, seen.revision_id);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &after), CATALOG_OK);
    assert_ptr_equal(before, after);
    assert_string_equal(fixture->events, "+f:$LATEST ");
    (void)function_version_unref(before);
    (void)function_version_unref(after);
    for (size_t i = 0; i < array_count(many); i++) {
        (void)snprintf(text[i], sizeof(text[i]), "t%zu", i);
        many[i] = (struct codec_pair){str_of(text[i]), STR("v")};
    }
    assert_int_equal(tag(fixture, many, 51, NULL, 0), CATALOG_TAGS);
    assert_int_equal(tag(fixture, many, 48, NULL, 0), CATALOG_OK);
    assert_int_equal(tag(fixture, many, 49, NULL, 0), CATALOG_TAGS);
}

/* A commit that fails leaves the catalogue as it was, in memory and on disk. */
static void test_failed_commit(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second", .code = 2};
    struct seen before;

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    before = fixture_see(fixture, FUNCTION_LATEST);
    fixture->store.failure = -ENOSPC;
    assert_int_equal(fixture_update(fixture, 1, &input), -ENOSPC);
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), -ENOSPC);
    fixture->store.failure = 0;
    assert_string_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_int_equal(fixture->code_refs[1], 2);
    assert_int_equal(fixture->code_refs[2], 0);
    fixture_reopen(fixture);
    assert_string_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_string_equal(fixture_see(fixture, FUNCTION_LATEST).text, ACTIVE "first");
}

/* What was Pending or InProgress when the daemon ended is finished after the next start. */
static void test_restart_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second", .code = 2};

    fixture_close(fixture);
    fixture->settle_delay_ms = 3600000;
    fixture_open(fixture);
    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_close(fixture);
    fixture->settle_delay_ms = 0;
    fixture_open(fixture);
    fixture_assert_seen(fixture, FUNCTION_LATEST, ACTIVE "first");
    fixture_assert_seen(fixture, 1, ACTIVE "first");
    fixture_close(fixture);
    fixture->settle_delay_ms = 3600000;
    fixture_open(fixture);
    assert_int_equal(fixture_update(fixture, 1, &input), CATALOG_OK);
    fixture_close(fixture);
    fixture->settle_delay_ms = 0;
    fixture_open(fixture);
    fixture_assert_seen(fixture, FUNCTION_LATEST, ACTIVE "second");
    assert_int_equal(fixture->code_refs[2], 1);
}

static void test_lists_and_usage(void **state)
{
    struct fixture *fixture = *state;
    static const char *const regions[] = {"us-east-1", "eu-west-1"};
    static const char *const names[] = {"b", "a", "B", "a-1", "a_1"};
    struct catalog_usage usage;
    struct str found[8];

    for (size_t r = 0; r < array_count(regions); r++)
        for (size_t i = 0; i < array_count(names) - r; i++) {
            const struct function_id id = {STR("123456789012"), str_of(regions[r]),
                                           str_of(names[i])};

            assert_int_equal(fixture_create(fixture, &id, false), CATALOG_OK);
        }
    fixture_run(fixture);
    fixture_reopen(fixture);
    assert_int_equal(
        catalog_list(fixture->catalog, STR("123456789012"), STR("us-east-1"), STR_NONE, found, 3),
        3);
    assert_true(str_eq(found[0], STR("B")));
    assert_true(str_eq(found[1], STR("a")));
    assert_true(str_eq(found[2], STR("a-1")));
    assert_int_equal(
        catalog_list(fixture->catalog, STR("123456789012"), STR("us-east-1"), found[2], found, 8),
        2);
    assert_true(str_eq(found[1], STR("b")));
    assert_int_equal(
        catalog_list(fixture->catalog, STR("999999999999"), STR("us-east-1"), STR_NONE, found, 8),
        0);
    catalog_usage(fixture->catalog, STR("123456789012"), STR("eu-west-1"), &usage);
    assert_int_equal(usage.functions, 4);
    assert_int_equal(usage.code_bytes, 400);
}

/* The fixture's account has room for 1000 bytes of code. */
static void test_code_storage(void **state)
{
    struct fixture *fixture = *state;
    struct catalog_create input = fixture_input(&id_f, 1);
    struct catalog_usage usage;

    input.config.code_bytes = 501;
    input.publish = true;
    assert_int_equal(catalog_create(fixture->catalog, fixture_change(fixture, 0), &input),
                     CATALOG_CODE_STORAGE);
    input.publish = false;
    assert_int_equal(
        fixture_answer(fixture, 0,
                       catalog_create(fixture->catalog, fixture_change(fixture, 0), &input)),
        CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(fixture_publish(fixture, STR_NONE), CATALOG_CODE_STORAGE);
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    catalog_usage(fixture->catalog, id_f.account, id_f.region, &usage);
    assert_int_equal(usage.code_bytes, 0);
    assert_int_equal(usage.functions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_create_published, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_concurrent_creates, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_update, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_update_conditions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_concurrent_updates, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_update_publishes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_versions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_publish_conditions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_tags, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_failed_commit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_restart_goes_on, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lists_and_usage, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_code_storage, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
