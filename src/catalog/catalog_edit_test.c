/* SPDX-License-Identifier: Apache-2.0 */

/* What belongs to a function and to its qualifiers: changed, and deleted together with them. */

#include "catalog/catalog_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/catalog_fixture.h"
#include "catalog/function_policy.h"
#include "catalog/function_url.h"

/* Adds to the reserved concurrency, and attaches one of everything to the qualifier. */
struct edit {
    struct catalog_edit edit;
    uint32_t more;
    bool attaches;
    bool renews;
    unsigned calls;
    char revision_id[40]; /* as it was */
};

static int attach(struct codec_pairs *pairs, struct arena *arena, struct str qualifier)
{
    return codec_pairs_replace(pairs, arena, qualifier, STR(""));
}

static int attach_url(struct codec_pairs *pairs, struct arena *arena, struct str qualifier)
{
    const struct function_url url = {.id = function_url_id_make(arena)};

    return codec_pairs_replace(pairs, arena, qualifier, function_url_encode(arena, &url));
}

static int apply(const struct catalog_edit *catalog_edit, struct catalog_draft *draft)
{
    struct edit *edit = container_of(catalog_edit, struct edit, edit);
    struct function_settings *settings = &draft->settings;
    struct str qualifier = catalog_edit->qualifier;

    edit->calls++;
    (void)str_to_cstr(draft->revision_id, edit->revision_id, sizeof(edit->revision_id));
    if (edit->more == UINT32_MAX)
        return CATALOG_CALLER;
    settings->reserves_concurrency = true;
    settings->reserved_concurrency += edit->more;
    draft->renews_revision = edit->renews;
    if (!edit->attaches)
        return CATALOG_OK;
    assert_int_equal(attach(&settings->policies, draft->arena, qualifier), 0);
    assert_int_equal(attach(&settings->event_invokes, draft->arena, qualifier), 0);
    assert_int_equal(attach(&settings->provisioned, draft->arena, qualifier), 0);
    assert_int_equal(attach(&settings->runtime_managements, draft->arena, qualifier), 0);
    assert_int_equal(attach_url(&settings->urls, draft->arena, qualifier), 0);
    return CATALOG_OK;
}

static int start(struct fixture *fixture, size_t i, struct edit *edit)
{
    edit->edit.id = id_f;
    edit->edit.apply = apply;
    return catalog_edit(fixture->catalog, fixture_change(fixture, i), &edit->edit);
}

static int edit_now(struct fixture *fixture, struct edit *edit)
{
    return fixture_answer(fixture, 5, start(fixture, 5, edit));
}

/* "reserved: policies event_invokes provisioned runtime_managements urls", each as many as there
 * are. */
static struct seen see_settings(struct fixture *fixture)
{
    struct function_settings settings = {0};
    struct seen seen = {0};
    struct arena arena;

    arena_init(&arena);
    if (catalog_get_settings(fixture->catalog, &id_f, &arena, &settings) == CATALOG_OK)
        (void)snprintf(seen.text, sizeof(seen.text), "%u: %zu %zu %zu %zu %zu",
                       settings.reserved_concurrency, settings.policies.count,
                       settings.event_invokes.count, settings.provisioned.count,
                       settings.runtime_managements.count, settings.urls.count);
    arena_deinit(&arena);
    return seen;
}

static uint64_t aside(struct fixture *fixture)
{
    struct catalog_usage usage;

    catalog_usage(fixture->catalog, id_f.account, id_f.region, &usage);
    return usage.concurrency_aside;
}

static void make_alias(struct fixture *fixture)
{
    const struct catalog_put_alias put = {
        .id = id_f,
        .alias = {.name = STR("live"), .version = 1},
        .is_new = true,
        .sets_version = true,
    };

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(
        fixture_answer(fixture, 3,
                       catalog_put_alias(fixture->catalog, fixture_change(fixture, 3), &put)),
        CATALOG_OK);
}

static int delete_alias(struct fixture *fixture)
{
    const struct catalog_delete_alias input = {.id = id_f, .name = STR("live")};

    return fixture_answer(
        fixture, 4, catalog_delete_alias(fixture->catalog, fixture_change(fixture, 4), &input));
}

static void test_scalars(void **state)
{
    struct fixture *fixture = *state;
    struct edit edit = {.more = 7}, refused = {.more = UINT32_MAX};
    unsigned before;

    assert_int_equal(edit_now(fixture, &edit), CATALOG_NOT_FOUND);
    assert_int_equal(edit.calls, 0);
    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    before = fixture->settings_events;
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    assert_int_equal(fixture->settings_events, before + 1);
    assert_int_equal(edit_now(fixture, &refused), CATALOG_CALLER);
    assert_int_equal(fixture->settings_events, before + 1);
    assert_string_equal(see_settings(fixture).text, "7: 0 0 0 0 0");
    assert_int_equal(aside(fixture), 7);
    fixture_reopen(fixture);
    assert_string_equal(see_settings(fixture).text, "7: 0 0 0 0 0");
    assert_int_equal(aside(fixture), 7);
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_int_equal(aside(fixture), 0);
}

/* Both count: the loser is judged again by what the winner left behind. */
static void test_two_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct edit first = {.more = 1}, second = {.more = 2};

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(start(fixture, 5, &first), CATALOG_STARTED);
    assert_int_equal(fixture_answer(fixture, 6, start(fixture, 6, &second)), CATALOG_OK);
    assert_int_equal(fixture->changes[5].answer, CATALOG_OK);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 2);
    assert_string_equal(see_settings(fixture).text, "3: 0 0 0 0 0");
}

static void test_revision_of_the_function(void **state)
{
    struct fixture *fixture = *state;
    struct edit edit = {0}, renewing = {.renews = true};
    struct seen before;

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    before = fixture_see(fixture, FUNCTION_LATEST);
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    assert_string_equal(edit.revision_id, before.revision_id);
    assert_string_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_int_equal(edit_now(fixture, &renewing), CATALOG_OK);
    assert_string_not_equal(fixture_see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    before = fixture_see(fixture, 1);
    renewing.edit.qualifier = STR("1");
    assert_int_equal(edit_now(fixture, &renewing), CATALOG_OK);
    assert_string_equal(renewing.revision_id, before.revision_id);
    assert_string_not_equal(fixture_see(fixture, 1).revision_id, before.revision_id);
    assert_int_equal(fixture->changes[5].change.result.version, 1);
    renewing.edit.qualifier = STR("2");
    assert_int_equal(edit_now(fixture, &renewing), CATALOG_NOT_FOUND);
}

static void test_revision_of_an_alias(void **state)
{
    struct fixture *fixture = *state;
    struct edit edit = {.renews = true, .edit = {.qualifier = STR("live")}};
    struct seen version;
    char first[40];

    make_alias(fixture);
    version = fixture_see(fixture, 1);
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    memcpy(first, edit.revision_id, sizeof(first));
    assert_string_not_equal(first, version.revision_id);
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    assert_string_not_equal(first, edit.revision_id);
    assert_string_equal(fixture_see(fixture, 1).revision_id, version.revision_id);
    edit.edit.qualifier = STR("gone");
    assert_int_equal(edit_now(fixture, &edit), CATALOG_ALIAS_NOT_FOUND);
}

/* A URL outlives its alias; nothing else outlives what it belongs to. */
static void test_deleted_together(void **state)
{
    struct fixture *fixture = *state;
    struct edit edit = {.attaches = true};

    make_alias(fixture);
    edit.edit.qualifier = STR("1");
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    edit.edit.qualifier = STR("live");
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    edit.edit.qualifier = STR("$LATEST");
    assert_int_equal(edit_now(fixture, &edit), CATALOG_OK);
    assert_string_equal(see_settings(fixture).text, "0: 3 3 3 3 3");
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
    assert_string_equal(see_settings(fixture).text, "0: 2 2 2 2 3");
    assert_int_equal(fixture_delete(fixture, 1), CATALOG_OK);
    assert_string_equal(see_settings(fixture).text, "0: 1 1 1 1 3");
    fixture_reopen(fixture);
    assert_string_equal(see_settings(fixture).text, "0: 1 1 1 1 3");
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    assert_string_equal(see_settings(fixture).text, "0: 0 0 0 0 0");
}

/* The version goes while something is being attached to it. */
static void test_deleted_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct edit edit = {.attaches = true, .edit = {.qualifier = STR("1")}};
    const struct catalog_delete gone = {.id = id_f, .version = 1};

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(catalog_delete(fixture->catalog, fixture_change(fixture, 6), &gone),
                     CATALOG_STARTED);
    assert_int_equal(edit_now(fixture, &edit), CATALOG_NOT_FOUND);
    assert_int_equal(edit.calls, 1);
    assert_int_equal(fixture->changes[6].answer, CATALOG_OK);
    assert_string_equal(see_settings(fixture).text, "0: 0 0 0 0 0");
}

/* ---- policies ---- */

struct allow {
    struct catalog_edit edit;
    const char *sid;
};

static int allow_apply(const struct catalog_edit *edit, struct catalog_draft *draft)
{
    const struct allow *allow = container_of(edit, const struct allow, edit);
    const struct policy_statement statement = {
        .sid = str_of(allow->sid), .principal = STR("*"), .action = STR("*")};
    struct policy policy;
    size_t bytes;

    assert_true(function_policy_get(&draft->settings, draft->arena, edit->qualifier, &policy) >= 0);
    policy.revision_id = draft->next_revision_id;
    assert_int_equal(policy_add(&policy, draft->arena, &statement, STR("f"), &bytes), POLICY_OK);
    assert_int_equal(function_policy_set(&draft->settings, draft->arena, edit->qualifier, &policy),
                     0);
    return CATALOG_OK;
}

static void allow(struct fixture *fixture, const char *qualifier, const char *sid)
{
    const struct allow input = {{id_f, str_of(qualifier), allow_apply}, sid};

    assert_int_equal(
        fixture_answer(fixture, 5,
                       catalog_edit(fixture->catalog, fixture_change(fixture, 5), &input.edit)),
        CATALOG_OK);
}

/* The number of statements and the RevisionId of the policy; "none". */
static struct seen see_policy(struct fixture *fixture, const char *qualifier)
{
    struct function_settings settings;
    struct seen seen = {.text = "none"};
    struct policy policy;
    struct arena arena;

    arena_init(&arena);
    assert_int_equal(catalog_get_settings(fixture->catalog, &id_f, &arena, &settings), CATALOG_OK);
    if (function_policy_get(&settings, &arena, str_of(qualifier), &policy) == 1)
        (void)snprintf(seen.text, sizeof(seen.text), "%zu", policy.statements.count);
    (void)str_to_cstr(policy.revision_id, seen.revision_id, sizeof(seen.revision_id));
    arena_deinit(&arena);
    return seen;
}

static void test_policies(void **state)
{
    struct fixture *fixture = *state;
    struct seen before;

    make_alias(fixture);
    allow(fixture, NULL, "a");
    allow(fixture, NULL, "b");
    allow(fixture, "live", "a");
    assert_string_equal(see_policy(fixture, NULL).text, "2");
    assert_string_equal(see_policy(fixture, "$LATEST").text, "none");
    assert_string_equal(see_policy(fixture, "live").text, "1");
    assert_string_equal(see_policy(fixture, "1").text, "none");
    before = see_policy(fixture, NULL);
    fixture_reopen(fixture);
    assert_string_equal(see_policy(fixture, NULL).revision_id, before.revision_id);
    assert_string_equal(see_policy(fixture, NULL).text, "2");
}

/* Publishing changes the RevisionId of the function's policy, but not of an alias' one. */
static void test_policy_of_a_published_function(void **state)
{
    struct fixture *fixture = *state;
    struct update update = {.description = "second"};
    struct seen function, alias;

    make_alias(fixture);
    allow(fixture, NULL, "a");
    allow(fixture, "live", "a");
    function = see_policy(fixture, NULL);
    alias = see_policy(fixture, "live");
    assert_int_equal(fixture_update(fixture, 1, &update), CATALOG_OK);
    fixture_run(fixture);
    assert_string_equal(see_policy(fixture, NULL).revision_id, function.revision_id);
    assert_int_equal(fixture_publish(fixture, STR_NONE), CATALOG_OK);
    assert_string_not_equal(see_policy(fixture, NULL).revision_id, function.revision_id);
    assert_string_equal(see_policy(fixture, "live").revision_id, alias.revision_id);
    assert_string_equal(see_policy(fixture, NULL).text, "1");
    assert_string_equal(see_policy(fixture, "2").text, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_revision_of_the_function, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_revision_of_an_alias, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_deleted_together, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_deleted_meanwhile, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_policies, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_policy_of_a_published_function, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
