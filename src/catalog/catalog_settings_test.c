/* SPDX-License-Identifier: Apache-2.0 */

/* What is derived from the rows of functions: the concurrency set aside, and the index of URLs. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "catalog/catalog_edit.h"
#include "catalog/catalog_fixture.h"
#include "catalog/concurrency.h"
#include "catalog/function_url.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* What the settings are to become; absent members are not changed. */
struct edit {
    struct catalog_edit edit;
    const struct function_concurrency *concurrency;
    const char *url_id; /* "": none */
};

static int apply(const struct catalog_edit *catalog_edit, struct catalog_draft *draft)
{
    const struct edit *edit = container_of(catalog_edit, const struct edit, edit);
    struct function_settings *settings = &draft->settings;
    struct str row = STR_NONE;

    if (edit->concurrency) {
        const struct function_provisioned provisioned = {.requested =
                                                             edit->concurrency->provisioned};

        settings->reserves_concurrency = edit->concurrency->is_reserved;
        settings->reserved_concurrency = edit->concurrency->reserved;
        row = function_provisioned_encode(draft->arena, &provisioned);
        assert_int_equal(codec_pairs_replace(&settings->provisioned, draft->arena, STR("1"), row),
                         0);
    }
    if (edit->url_id) {
        const struct function_url url = {.id = str_of(edit->url_id)};

        row = url.id.len > 0 ? function_url_encode(draft->arena, &url) : STR_NONE;
        assert_int_equal(codec_pairs_replace(&settings->urls, draft->arena, STR("$LATEST"), row),
                         0);
    }
    return CATALOG_OK;
}

static void edit_f(struct fixture *fixture, struct edit edit)
{
    struct catalog_change *change = fixture_change(fixture, 4);

    edit.edit.id = id_f;
    edit.edit.apply = apply;
    assert_int_equal(fixture_answer(fixture, 4, catalog_edit(fixture->catalog, change, &edit.edit)),
                     CATALOG_OK);
}

static void set_aside(struct fixture *fixture, struct function_concurrency concurrency)
{
    edit_f(fixture, (struct edit){.concurrency = &concurrency});
}

static void set_url(struct fixture *fixture, const char *id)
{
    edit_f(fixture, (struct edit){.url_id = id});
}

static void assert_aside(struct fixture *fixture, uint64_t expected)
{
    struct catalog_usage usage;

    catalog_usage(fixture->catalog, id_f.account, id_f.region, &usage);
    assert_int_equal(usage.concurrency_aside, expected);
}

static void assert_url(struct fixture *fixture, const char *id, bool is_there)
{
    struct function_id function;
    struct str qualifier;
    int r = catalog_find_url(fixture->catalog, str_of(id), &function, &qualifier);

    assert_int_equal(r, is_there ? CATALOG_OK : CATALOG_NOT_FOUND);
    if (!is_there)
        return;
    assert_true(str_eq(function.account, id_f.account));
    assert_true(str_eq(function.region, id_f.region));
    assert_true(str_eq(function.name, id_f.name));
    assert_true(str_eq(qualifier, STR("$LATEST")));
}

static void what_is_set_aside_is_summed_up(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    assert_aside(fixture, 0);
    set_aside(fixture, (struct function_concurrency){.provisioned = 7});
    assert_aside(fixture, 7);
    set_aside(fixture,
              (struct function_concurrency){.is_reserved = true, .reserved = 9, .provisioned = 7});
    assert_aside(fixture, 9);
    fixture_reopen(fixture);
    assert_aside(fixture, 9);
    set_aside(fixture, (struct function_concurrency){.provisioned = 7});
    assert_int_equal(fixture_delete(fixture, 1), CATALOG_OK);
    assert_aside(fixture, 0);
    set_aside(fixture, (struct function_concurrency){.is_reserved = true, .reserved = 3});
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_aside(fixture, 0);
}

/* Other functions' changes have to know of it before it is on disk. */
static void what_is_about_to_be_set_aside_counts(void **state)
{
    static const struct function_concurrency five = {.is_reserved = true, .reserved = 5};
    static const struct function_concurrency two = {.is_reserved = true, .reserved = 2};
    struct fixture *fixture = *state;
    struct edit edit = {.edit = {.id = id_f, .apply = apply}, .concurrency = &five};
    int r;

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    r = catalog_edit(fixture->catalog, fixture_change(fixture, 4), &edit.edit);
    assert_int_equal(r, CATALOG_STARTED);
    assert_aside(fixture, 5);
    assert_int_equal(fixture_answer(fixture, 4, r), CATALOG_OK);
    assert_aside(fixture, 5);
    edit.concurrency = &two;
    r = catalog_edit(fixture->catalog, fixture_change(fixture, 4), &edit.edit);
    assert_aside(fixture, 5); /* until the smaller number is on disk */
    assert_int_equal(fixture_answer(fixture, 4, r), CATALOG_OK);
    assert_aside(fixture, 2);
    fixture->store.failure = -EIO;
    edit.concurrency = &five;
    r = catalog_edit(fixture->catalog, fixture_change(fixture, 4), &edit.edit);
    assert_int_equal(fixture_answer(fixture, 4, r), -EIO);
    fixture->store.failure = 0;
    assert_aside(fixture, 2);
}

/* Who starts with nothing set aside hears of it, and of nothing else. */
static void listeners_hear_of_it_at_the_start(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_create(fixture, &id_f, true), CATALOG_OK);
    fixture_run(fixture);
    fixture->settings_events = 0;
    fixture_reopen(fixture);
    assert_int_equal(fixture->settings_events, 0);
    set_aside(fixture, (struct function_concurrency){.is_reserved = true});
    assert_int_equal(fixture->settings_events, 1);
    fixture_reopen(fixture);
    assert_int_equal(fixture->settings_events, 2);
}

static void urls_are_found_by_their_ids(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_create(fixture, &id_f, false), CATALOG_OK);
    fixture_run(fixture);
    set_url(fixture, ID_A);
    assert_url(fixture, ID_A, true);
    assert_url(fixture, ID_B, false);
    set_url(fixture, ID_B);
    assert_url(fixture, ID_A, false);
    assert_url(fixture, ID_B, true);
    set_aside(fixture, (struct function_concurrency){0}); /* the row is written, the URL stays */
    assert_url(fixture, ID_B, true);
    fixture_reopen(fixture);
    assert_url(fixture, ID_B, true);
    set_url(fixture, "");
    assert_url(fixture, ID_B, false);
    set_url(fixture, ID_A);
    assert_int_equal(fixture_delete(fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_url(fixture, ID_A, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_set_aside_is_summed_up, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_about_to_be_set_aside_counts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(listeners_hear_of_it_at_the_start, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(urls_are_found_by_their_ids, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
