/* SPDX-License-Identifier: Apache-2.0 */

/* Resources, and layers above them. */

#include "catalog/resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/catalog.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_fixture.h"
#include "catalog/function.h"
#include "catalog/layer.h"
#include "catalog/policy.h"

enum { CODE_BYTES_MAX = 1000 }; /* as the fixture has it */

#define ACCOUNT STR("123456789012")
#define REGION STR("us-east-1")

/* ---- rows ---- */

struct put {
    enum catalog_resource_kind kind;
    struct str name;
    struct str bytes;
};

static int put_prepare(struct catalog_change *change)
{
    const struct put *put = change->input;
    const struct catalog_resource_id id = {ACCOUNT, REGION, put->name};
    const struct catalog_resource_row row = catalog_resource_get(change->catalog, put->kind, &id);

    assert_int_equal(
        catalog_stage_resource(change, put->kind, put->name, put->bytes, row.store_revision), 0);
    return CATALOG_STARTED;
}

static void put(struct fixture *fixture, const char *name, struct str bytes)
{
    const struct put input = {CATALOG_EVENT_SOURCE_PAIR, str_of(name), bytes};
    int r = catalog_resource_change_start(fixture->catalog, fixture_change(fixture, 0), ACCOUNT,
                                          REGION, put_prepare, &input);

    assert_int_equal(fixture_answer(fixture, 0, r), CATALOG_OK);
}

static struct str get(struct fixture *fixture, const char *name)
{
    const struct catalog_resource_id id = {ACCOUNT, REGION, str_of(name)};

    return catalog_resource_get(fixture->catalog, CATALOG_EVENT_SOURCE_PAIR, &id).bytes;
}

/* "a b c ": the names of a list. */
static const char *list(struct fixture *fixture, const char *prefix, struct str after, size_t max)
{
    static char text[128];
    struct catalog_resource_row rows[8];
    size_t count = catalog_resource_list(fixture->catalog, CATALOG_EVENT_SOURCE_PAIR, ACCOUNT,
                                         REGION, str_of(prefix), after, rows, max);
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", STR_FMT(rows[i].name));
    return text;
}

static void test_rows(void **state)
{
    struct fixture *fixture = *state;
    struct catalog_resource_id elsewhere = {ACCOUNT, STR("eu-west-1"), STR("b")};

    assert_false(str_is_set(get(fixture, "b")));
    put(fixture, "b", STR("first"));
    put(fixture, "c", STR(""));
    put(fixture, "a", STR("text"));
    put(fixture, "b", STR("second, and longer"));
    for (size_t i = 0; i < 2; i++) {
        assert_true(str_eq(get(fixture, "b"), STR("second, and longer")));
        assert_true(str_is_set(get(fixture, "c")));
        assert_false(str_is_set(get(fixture, "bb")));
        assert_string_equal(list(fixture, "", STR_NONE, 8), "a b c ");
        assert_false(str_is_set(
            catalog_resource_get(fixture->catalog, CATALOG_EVENT_SOURCE_PAIR, &elsewhere).bytes));
        fixture_reopen(fixture);
    }
    put(fixture, "a", STR_NONE);
    assert_false(str_is_set(get(fixture, "a")));
    assert_string_equal(list(fixture, "", STR_NONE, 8), "b c ");
    fixture_reopen(fixture);
    assert_string_equal(list(fixture, "", STR_NONE, 8), "b c ");
}

static const char *before(struct fixture *fixture, const char *name, const char *prefix)
{
    static char text[32];
    const struct catalog_resource_id id = {ACCOUNT, REGION, str_of(name)};
    const struct catalog_resource_row row =
        catalog_resource_before(fixture->catalog, CATALOG_EVENT_SOURCE_PAIR, &id, str_of(prefix));

    (void)snprintf(text, sizeof(text), "%.*s", STR_FMT(row.name));
    return text;
}

static void test_lists(void **state)
{
    struct fixture *fixture = *state;
    const char *const names[] = {"a", "b:1", "b:2", "b:3", "ba", "c:1"};

    assert_string_equal(list(fixture, "", STR_NONE, 8), "");
    assert_string_equal(before(fixture, "z", ""), "");
    for (size_t i = array_count(names); i-- > 0;)
        put(fixture, names[i], STR("x"));
    assert_string_equal(list(fixture, "", STR_NONE, 8), "a b:1 b:2 b:3 ba c:1 ");
    assert_string_equal(list(fixture, "b:", STR_NONE, 8), "b:1 b:2 b:3 ");
    assert_string_equal(list(fixture, "b:", STR_NONE, 2), "b:1 b:2 ");
    assert_string_equal(list(fixture, "b:", STR("b:1"), 8), "b:2 b:3 ");
    assert_string_equal(list(fixture, "b:", STR("a"), 8), "b:1 b:2 b:3 ");
    assert_string_equal(list(fixture, "b:", STR("b:3"), 8), "");
    assert_string_equal(list(fixture, "", STR("b:22"), 8), "b:3 ba c:1 ");
    assert_string_equal(list(fixture, "x", STR_NONE, 8), "");
    assert_string_equal(before(fixture, "b:3", "b:"), "b:2");
    assert_string_equal(before(fixture, "b:9", "b:"), "b:3");
    assert_string_equal(before(fixture, "b:1", "b:"), "");
    assert_string_equal(before(fixture, "zz", ""), "c:1");
    assert_string_equal(before(fixture, "a", ""), "");
}

static void test_numbered_names(void **state)
{
    char small[CATALOG_NUMBERED_NAME_MAX], large[CATALOG_NUMBERED_NAME_MAX];
    char name[CATALOG_NUMBERED_NAME_MAX];

    (void)state;
    assert_int_equal(catalog_numbered_name(small, STR("l"), 9), 0);
    assert_int_equal(catalog_numbered_name(large, STR("l"), 10), 0);
    assert_string_equal(small, "l:00000000000000000009");
    assert_true(strcmp(small, large) < 0);
    assert_int_equal(catalog_numbered_name(large, STR("l"), UINT64_MAX), 0);
    assert_string_equal(large, "l:18446744073709551615");
    memset(name, 'n', sizeof(name));
    assert_int_equal(catalog_numbered_name(large, str_make(name, 234), 1), 0);
    assert_true(catalog_numbered_name(large, str_make(name, 235), 1) < 0);
}

/* ---- layers ---- */

static const struct catalog_resource_id layer_l = {STR_INIT("123456789012"), STR_INIT("us-east-1"),
                                                   STR_INIT("l")};

static struct catalog_publish_layer publish_of(uint8_t code)
{
    static const struct str runtimes[] = {STR_INIT("python3.12"), STR_INIT("nodejs22.x")};
    static const struct str architectures[] = {STR_INIT("arm64")};

    return (struct catalog_publish_layer){
        .layer = layer_l,
        .version = {.description = STR("text"),
                    .runtimes = {runtimes, array_count(runtimes)},
                    .architectures = {architectures, array_count(architectures)},
                    .code = {{code}},
                    .code_bytes = 100,
                    .code_unpacked_bytes = 300},
    };
}

/* The number, or 0. */
static uint64_t publish(struct fixture *fixture, uint8_t code)
{
    const struct catalog_publish_layer input = publish_of(code);
    struct catalog_change *change = fixture_change(fixture, 0);
    int r = fixture_answer(fixture, 0, catalog_publish_layer(fixture->catalog, change, &input));

    if (r != CATALOG_OK)
        assert_int_equal(r, CATALOG_CODE_STORAGE);
    return r == CATALOG_OK ? change->result.version : 0;
}

static int delete_layer(struct fixture *fixture, uint64_t number)
{
    const struct catalog_delete_layer input = {layer_l, number};

    return fixture_answer(
        fixture, 1, catalog_delete_layer(fixture->catalog, fixture_change(fixture, 1), &input));
}

static uint64_t used_bytes(struct fixture *fixture)
{
    struct catalog_usage usage;

    catalog_usage(fixture->catalog, ACCOUNT, REGION, &usage);
    return usage.code_bytes;
}

/* "3 1 ": the numbers, the newest first. */
static const char *numbers(struct fixture *fixture)
{
    static char text[64];
    struct layer_version version = {.number = UINT64_MAX};
    struct arena arena;
    size_t used = 0;

    arena_init(&arena);
    text[0] = '\0';
    while (catalog_layer_version_before(fixture->catalog, &layer_l, version.number, &arena,
                                        &version) == CATALOG_OK)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u ", (unsigned)version.number);
    arena_deinit(&arena);
    return text;
}

static void test_layers(void **state)
{
    struct fixture *fixture = *state;
    struct str names[2];

    assert_string_equal(numbers(fixture), "");
    assert_int_equal(delete_layer(fixture, 1), CATALOG_OK);
    assert_int_equal(publish(fixture, 1), 1);
    assert_int_equal(publish(fixture, 2), 2);
    assert_int_equal(publish(fixture, 2), 3); /* the same package is another version */
    assert_string_equal(numbers(fixture), "3 2 1 ");
    assert_int_equal(fixture->code_refs[2], 2);
    assert_int_equal(used_bytes(fixture), 300);
    assert_int_equal(delete_layer(fixture, 2), CATALOG_OK);
    assert_int_equal(delete_layer(fixture, 2), CATALOG_OK);
    assert_string_equal(numbers(fixture), "3 1 ");
    assert_int_equal(fixture->code_refs[2], 1);
    assert_int_equal(used_bytes(fixture), 200);
    fixture_reopen(fixture);
    assert_string_equal(numbers(fixture), "3 1 ");
    assert_int_equal(used_bytes(fixture), 200);
    assert_int_equal(delete_layer(fixture, 1), CATALOG_OK);
    assert_int_equal(delete_layer(fixture, 3), CATALOG_OK);
    assert_int_equal(catalog_list_layers(fixture->catalog, ACCOUNT, REGION, STR_NONE, names, 2), 1);
    assert_true(str_eq(names[0], STR("l")));
    fixture_reopen(fixture);
    assert_int_equal(publish(fixture, 3), 4); /* numbers are not given again */
}

static void test_layer_members(void **state)
{
    struct fixture *fixture = *state;
    struct layer_version version;
    struct arena arena;

    assert_int_equal(publish(fixture, 7), 1);
    arena_init(&arena);
    assert_int_equal(catalog_get_layer_version(fixture->catalog, &layer_l, 2, &arena, &version),
                     CATALOG_NOT_FOUND);
    assert_int_equal(catalog_get_layer_version(fixture->catalog, &layer_l, 1, &arena, &version),
                     CATALOG_OK);
    assert_int_equal(version.number, 1);
    assert_true(str_eq(version.description, STR("text")));
    assert_false(str_is_set(version.license_info));
    assert_int_equal(version.code.bytes[0], 7);
    assert_int_equal(version.code_unpacked_bytes, 300);
    assert_true(version.created_ms > 0);
    assert_true(layer_version_matches(&version, STR_NONE, STR_NONE));
    assert_true(layer_version_matches(&version, STR("nodejs22.x"), STR("arm64")));
    assert_false(layer_version_matches(&version, STR("nodejs22.x"), STR("x86_64")));
    assert_false(layer_version_matches(&version, STR("java25"), STR_NONE));
    arena_deinit(&arena);
}

/* Both take number 2; the loser is judged again. */
static void test_concurrent_publishes(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog_publish_layer input = publish_of(1);

    assert_int_equal(publish(fixture, 1), 1);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            catalog_publish_layer(fixture->catalog, fixture_change(fixture, i), &input),
            CATALOG_STARTED);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(fixture_answer(fixture, i, CATALOG_STARTED), CATALOG_OK);
    assert_int_equal(fixture->changes[0].change.result.version, 2);
    assert_int_equal(fixture->changes[1].change.result.version, 3);
}

static void test_storage_limit(void **state)
{
    struct fixture *fixture = *state;

    for (uint64_t i = 1; i <= CODE_BYTES_MAX / 100; i++)
        assert_int_equal(publish(fixture, 1), i);
    assert_int_equal(publish(fixture, 1), 0);
    assert_int_equal(delete_layer(fixture, 1), CATALOG_OK);
    assert_int_equal(publish(fixture, 1), CODE_BYTES_MAX / 100 + 1);
}

enum { FULL = CATALOG_CALLER };

static int add_apply(const struct catalog_edit_layer_policy *edit, struct arena *arena,
                     struct policy *policy)
{
    const struct policy_statement statement = {
        .sid = STR("s"), .principal = STR("*"), .action = STR("lambda:GetLayerVersion")};
    size_t bytes;
    int r = policy_add(policy, arena, &statement, STR("arn"), &bytes);

    (void)edit;
    assert_true(r >= 0);
    return r == POLICY_OK ? CATALOG_OK : FULL;
}

static int remove_apply(const struct catalog_edit_layer_policy *edit, struct arena *arena,
                        struct policy *policy)
{
    (void)edit;
    assert_int_equal(policy_remove(policy, arena, STR("s")), POLICY_OK);
    return CATALOG_OK;
}

static int edit_policy(struct fixture *fixture, struct catalog_edit_layer_policy edit)
{
    edit.layer = layer_l;
    return fixture_answer(
        fixture, 2, catalog_edit_layer_policy(fixture->catalog, fixture_change(fixture, 2), &edit));
}

/* The RevisionId of the policy of version 1; empty when there is none. */
static const char *revision(struct fixture *fixture)
{
    static char text[40];
    struct layer_version version;
    struct policy policy;
    struct arena arena;

    arena_init(&arena);
    assert_int_equal(catalog_get_layer_version(fixture->catalog, &layer_l, 1, &arena, &version),
                     CATALOG_OK);
    assert_int_equal(policy_decode(version.policy, &arena, &policy), 0);
    assert_int_equal(policy.statements.count > 0, str_is_set(version.policy));
    (void)snprintf(text, sizeof(text), "%.*s", STR_FMT(policy.revision_id));
    arena_deinit(&arena);
    return text;
}

static void test_layer_policy(void **state)
{
    struct fixture *fixture = *state;
    struct catalog_edit_layer_policy add = {.number = 1, .apply = add_apply};
    struct catalog_edit_layer_policy remove = {.number = 1, .apply = remove_apply};
    char seen[40];

    assert_int_equal(edit_policy(fixture, add), CATALOG_NOT_FOUND);
    assert_int_equal(publish(fixture, 5), 1);
    assert_string_equal(revision(fixture), "");
    assert_int_equal(edit_policy(fixture, add), CATALOG_OK);
    assert_int_equal(edit_policy(fixture, add), FULL);
    fixture_reopen(fixture);
    assert_int_equal(strlen(revision(fixture)), 36);
    assert_int_equal(fixture->code_refs[5], 1);
    assert_int_equal(used_bytes(fixture), 100);
    remove.revision_id = STR("another");
    assert_int_equal(edit_policy(fixture, remove), CATALOG_REVISION);
    (void)snprintf(seen, sizeof(seen), "%s", revision(fixture));
    remove.revision_id = str_of(seen);
    assert_int_equal(edit_policy(fixture, remove), CATALOG_OK);
    assert_string_equal(revision(fixture), "");
}

/* A function holds the packages of its layers, whatever becomes of these. */
static void test_function_layers(void **state)
{
    struct fixture *fixture = *state;
    const struct function_layer layers[] = {
        {.code = {{8}}, .code_bytes = 100, .code_unpacked_bytes = 300},
        {.code = {{9}}, .code_bytes = 50, .code_unpacked_bytes = 70},
    };
    struct codec_pair pairs[2];
    struct catalog_create input = {
        .id = {ACCOUNT, REGION, STR("f")},
        .config = {.runtime = STR("python3.12"), .code = {{1}}, .code_bytes = 10},
        .publish = true,
    };
    const struct catalog_delete gone = {.id = input.id, .version = FUNCTION_LATEST};
    struct function_version *running;
    struct arena arena;
    uint64_t bytes;

    arena_init(&arena);
    assert_int_equal(publish(fixture, 8), 1);
    for (size_t i = 0; i < 2; i++)
        pairs[i] = (struct codec_pair){STR("arn"), function_layer_encode(&arena, &layers[i])};
    input.config.layers = (struct codec_pairs){pairs, 2};
    input.config.code_unpacked_bytes = 5;
    assert_int_equal(function_unpacked_bytes(&input.config, &bytes), 0);
    assert_int_equal(bytes, 375);
    assert_int_equal(
        fixture_answer(fixture, 0,
                       catalog_create(fixture->catalog, fixture_change(fixture, 0), &input)),
        CATALOG_OK);
    fixture_run(fixture);
    assert_int_equal(delete_layer(fixture, 1), CATALOG_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fixture->code_refs[1], 2); /* $LATEST and version 1 */
        assert_int_equal(fixture->code_refs[8], 2);
        assert_int_equal(fixture->code_refs[9], 2);
        assert_int_equal(used_bytes(fixture), 20);
        fixture_reopen(fixture);
    }
    assert_int_equal(catalog_invoke_target(fixture->catalog, &input.id, STR("1"), &running),
                     CATALOG_OK);
    assert_int_equal(
        fixture_answer(fixture, 1,
                       catalog_delete(fixture->catalog, fixture_change(fixture, 1), &gone)),
        CATALOG_OK);
    assert_int_equal(running->layer_count, 2);
    assert_int_equal(running->layers[1].bytes[0], 9);
    assert_int_equal(fixture->code_refs[1], 1); /* what runs has its files to the end */
    assert_int_equal(fixture->code_refs[8], 1);
    assert_int_equal(fixture->code_refs[9], 1);
    running = function_version_unref(running);
    assert_int_equal(fixture->code_refs[1] + fixture->code_refs[8] + fixture->code_refs[9], 0);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lists, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_numbered_names),
        cmocka_unit_test_setup_teardown(test_layers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_layer_members, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_concurrent_publishes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_storage_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_layer_policy, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_function_layers, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
