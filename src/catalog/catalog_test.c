/* SPDX-License-Identifier: Apache-2.0 */

/* The catalogue over a real SQLite store, with a code store that only counts. */

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
#include "base/must.h"
#include "catalog/function.h"
#include "store/sqlite/sqlite.h"

enum { CHANGES_MAX = 8 };

struct change {
    struct catalog_change change;
    struct fixture *fixture;
    int answer; /* CATALOG_STARTED until there is one */
};

/* Stands between the catalogue and the real store, so that commits can fail. */
struct tapped_store {
    struct store store;
    struct store *real;
    int failure;
};

struct fixture {
    char directory[64];
    char path[96];
    uv_loop_t loop;
    struct tapped_store store;
    struct catalog *catalog;
    uint64_t settle_delay_ms;
    int code_refs[256]; /* by the digest's first byte */
    struct catalog_watch watch;
    char events[512]; /* about versions */
    unsigned settings_events;
    struct change changes[CHANGES_MAX];
    bool is_closed;
};

static void tapped_commit(struct store *store, struct store_commit *commit)
{
    struct tapped_store *tapped = container_of(store, struct tapped_store, store);

    if (tapped->failure < 0)
        commit->failure = tapped->failure;
    store_commit_submit(tapped->real, commit);
}

static void tapped_scan(struct store *store, struct store_scan *scan)
{
    store_scan_start(container_of(store, struct tapped_store, store)->real, scan);
}

static const struct store_ops tapped_ops = {.commit = tapped_commit, .scan = tapped_scan};

static int code_retain(void *context, const struct digest *code, uint64_t unpacked_bytes)
{
    struct fixture *fixture = context;

    (void)unpacked_bytes;
    fixture->code_refs[code->bytes[0]]++;
    return 0;
}

static void code_release(void *context, const struct digest *code)
{
    struct fixture *fixture = context;

    fixture->code_refs[code->bytes[0]]--;
    assert_true(fixture->code_refs[code->bytes[0]] >= 0);
}

static const struct catalog_code_ops code_ops = {code_retain, code_release};

static void on_event(struct catalog_watch *watch, const struct catalog_event *event)
{
    struct fixture *fixture = container_of(watch, struct fixture, watch);
    size_t used = strlen(fixture->events);

    if (event->kind == CATALOG_SETTINGS_CHANGED)
        fixture->settings_events++;
    else
        (void)snprintf(fixture->events + used, sizeof(fixture->events) - used, "%s%.*s:%.*s ",
                       event->kind == CATALOG_VERSION_DELETED ? "-" : "", STR_FMT(event->id.name),
                       STR_FMT(event->version));
}

static void on_loaded(void *owner, int failure)
{
    (void)owner;
    assert_int_equal(failure, 0);
}

static void fixture_open(struct fixture *fixture)
{
    struct catalog_options options = {
        .loop = &fixture->loop,
        .store = &fixture->store.store,
        .code = &code_ops,
        .code_context = fixture,
        .code_bytes_max = 1000,
        .settle_delay_ms = fixture->settle_delay_ms,
    };
    struct reason why = {0};

    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    fixture->store.store.ops = &tapped_ops;
    if (store_sqlite_open(&fixture->store.real, &fixture->loop, fixture->path, &why) != 0)
        fail_msg("%s", why.text);
    assert_int_equal(catalog_new(&fixture->catalog, &options), 0);
    catalog_load(fixture->catalog, on_loaded, fixture);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    fixture->watch.on_event = on_event;
    catalog_watch_start(fixture->catalog, &fixture->watch);
}

static void on_closed(void *owner)
{
    ((struct fixture *)owner)->is_closed = true;
}

static void fixture_close(struct fixture *fixture)
{
    fixture->is_closed = false;
    for (size_t i = 0; i < CHANGES_MAX; i++)
        catalog_change_deinit(&fixture->changes[i].change);
    catalog_close(fixture->catalog, on_closed, fixture);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_true(fixture->is_closed);
    store_close(fixture->store.real, NULL, NULL);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    for (size_t i = 0; i < array_count(fixture->code_refs); i++)
        assert_int_equal(fixture->code_refs[i], 0);
}

static void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/catalog_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/lambd.db", fixture->directory);
    fixture_open(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    fixture_close(fixture);
    (void)unlink(fixture->path);
    (void)snprintf(path, sizeof(path), "%s-wal", fixture->path);
    (void)unlink(path);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

static void run(struct fixture *fixture)
{
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

static void on_done(struct catalog_change *catalog_change, int answer)
{
    struct change *change = container_of(catalog_change, struct change, change);

    assert_int_equal(change->answer, CATALOG_STARTED);
    change->answer = answer;
    uv_stop(&change->fixture->loop); /* so that a test sees what comes before the next commit */
}

static struct catalog_change *change_new(struct fixture *fixture, size_t i)
{
    struct change *change = &fixture->changes[i];

    catalog_change_deinit(&change->change);
    *change = (struct change){.fixture = fixture, .change = {.on_done = on_done}};
    return &change->change;
}

/* Runs until that change is answered, and no further. */
static int answer_of(struct fixture *fixture, size_t i, int started)
{
    if (started != CATALOG_STARTED)
        return started;
    while (fixture->changes[i].answer == CATALOG_STARTED)
        (void)uv_run(&fixture->loop, UV_RUN_ONCE);
    return fixture->changes[i].answer;
}

static const struct function_id id_f = {STR_INIT("123456789012"), STR_INIT("us-east-1"),
                                        STR_INIT("f")};

static struct catalog_create create_of(const struct function_id *id, uint8_t code)
{
    return (struct catalog_create){
        .id = *id,
        .config = {.description = STR("first"),
                   .runtime = STR("python3.12"),
                   .handler = STR("a.b"),
                   .timeout_s = 3,
                   .memory_mb = 128,
                   .code = {{code}},
                   .code_bytes = 100},
    };
}

static int create(struct fixture *fixture, const struct function_id *id, bool publish)
{
    struct catalog_create input = create_of(id, 1);

    input.publish = publish;
    return answer_of(fixture, 0, catalog_create(fixture->catalog, change_new(fixture, 0), &input));
}

struct update {
    struct catalog_update update;
    const char *description;
    uint8_t code;
};

static int apply(const struct catalog_update *catalog_update, struct arena *arena,
                 struct function_config *config)
{
    const struct update *update = container_of(catalog_update, const struct update, update);

    (void)arena;
    if (update->code)
        config->code.bytes[0] = update->code;
    if (!update->description)
        return update->code ? CATALOG_OK : CATALOG_CALLER;
    config->description = str_of(update->description);
    return CATALOG_OK;
}

static int update(struct fixture *fixture, size_t i, struct update *input)
{
    input->update.id = id_f;
    input->update.apply = apply;
    return answer_of(fixture, i,
                     catalog_update(fixture->catalog, change_new(fixture, i), &input->update));
}

static int publish(struct fixture *fixture, struct str description)
{
    const struct catalog_publish input = {.id = id_f, .description = description};

    return answer_of(fixture, 1, catalog_publish(fixture->catalog, change_new(fixture, 1), &input));
}

static int delete (struct fixture *fixture, uint64_t version)
{
    const struct catalog_delete input = {.id = id_f, .version = version};

    return answer_of(fixture, 2, catalog_delete(fixture->catalog, change_new(fixture, 2), &input));
}

/* What the catalogue says of f: "state update description" and the RevisionId. */
struct seen {
    char text[128];
    char revision_id[40];
};

static struct seen see(struct fixture *fixture, uint64_t version)
{
    struct function_view view;
    struct seen seen = {0};
    struct arena arena;

    arena_init(&arena);
    if (catalog_get(fixture->catalog, &id_f, version, &arena, &view) == CATALOG_OK) {
        (void)snprintf(seen.text, sizeof(seen.text), "%u %u %.*s", view.config.state,
                       view.config.update, STR_FMT(view.config.description));
        (void)str_to_cstr(view.config.revision_id, seen.revision_id, sizeof(seen.revision_id));
    }
    arena_deinit(&arena);
    return seen;
}

static void assert_seen(struct fixture *fixture, uint64_t version, const char *text)
{
    assert_string_equal(see(fixture, version).text, text);
}

static void assert_target(struct fixture *fixture, const char *qualifier, int answer)
{
    struct function_version *version = NULL;

    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, str_of(qualifier), &version),
                     answer);
    (void)function_version_unref(version);
}

#define PENDING "1 0 "
#define ACTIVE "0 1 "
#define UPDATING "0 2 "

static void test_create(void **state)
{
    struct fixture *fixture = *state;
    struct seen before;

    assert_target(fixture, NULL, CATALOG_NOT_FOUND);
    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    before = see(fixture, FUNCTION_LATEST);
    assert_string_equal(before.text, PENDING "first");
    assert_target(fixture, NULL, CATALOG_PENDING);
    assert_int_equal(create(fixture, &id_f, false), CATALOG_EXISTS);
    run(fixture);
    assert_seen(fixture, FUNCTION_LATEST, ACTIVE "first");
    assert_string_not_equal(see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_target(fixture, NULL, CATALOG_OK);
    assert_target(fixture, "$LATEST", CATALOG_OK);
    assert_target(fixture, "1", CATALOG_NOT_FOUND);
    assert_target(fixture, "$latest", CATALOG_NOT_FOUND);
    assert_target(fixture, "0", CATALOG_NOT_FOUND);
    assert_int_equal(fixture->code_refs[1], 1);
    assert_string_equal(fixture->events, "");
}

static void test_create_published(void **state)
{
    struct fixture *fixture = *state;
    struct seen latest, one;

    assert_int_equal(create(fixture, &id_f, true), CATALOG_OK);
    assert_int_equal(fixture->changes[0].change.result.version, 1);
    assert_seen(fixture, 1, PENDING "first");
    assert_target(fixture, "1", CATALOG_PENDING);
    run(fixture);
    latest = see(fixture, FUNCTION_LATEST);
    one = see(fixture, 1);
    assert_string_equal(latest.text, ACTIVE "first");
    assert_string_equal(one.text, ACTIVE "first");
    assert_string_not_equal(latest.revision_id, one.revision_id);
    /* Nothing was changed since. */
    assert_int_equal(publish(fixture, STR_NONE), CATALOG_OK);
    assert_int_equal(fixture->changes[1].change.result.version, 1);
    assert_string_equal(see(fixture, FUNCTION_LATEST).revision_id, latest.revision_id);
}

/* Two at once: the store lets one through, and the other is told why. */
static void test_concurrent_creates(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog_create input = create_of(&id_f, 1);
    int a = catalog_create(fixture->catalog, change_new(fixture, 0), &input);
    int b = catalog_create(fixture->catalog, change_new(fixture, 1), &input);

    assert_int_equal(a, CATALOG_STARTED);
    assert_int_equal(b, CATALOG_STARTED);
    assert_int_equal(answer_of(fixture, 0, a), CATALOG_OK);
    assert_int_equal(answer_of(fixture, 1, b), CATALOG_EXISTS);
    run(fixture);
    assert_int_equal(fixture->code_refs[1], 1);
}

static void test_update(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second", .code = 2};
    struct function_version *old = NULL, *served = NULL;

    assert_int_equal(update(fixture, 1, &input), CATALOG_NOT_FOUND);
    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    assert_int_equal(update(fixture, 1, &input), CATALOG_PENDING);
    run(fixture);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &old), CATALOG_OK);
    assert_int_equal(update(fixture, 1, &input), CATALOG_OK);
    assert_seen(fixture, FUNCTION_LATEST, UPDATING "second");
    assert_int_equal(update(fixture, 2, &input), CATALOG_IN_PROGRESS);
    assert_int_equal(publish(fixture, STR_NONE), CATALOG_IN_PROGRESS);
    /* Meanwhile the old code runs. */
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &served), CATALOG_OK);
    assert_ptr_equal(served, old);
    (void)function_version_unref(served);
    assert_int_equal(fixture->code_refs[1], 1);
    assert_int_equal(fixture->code_refs[2], 1);
    assert_string_equal(fixture->events, "");
    run(fixture);
    assert_seen(fixture, FUNCTION_LATEST, ACTIVE "second");
    assert_string_equal(fixture->events, "f:$LATEST ");
    assert_int_equal(fixture->code_refs[1], 0);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &served), CATALOG_OK);
    assert_int_equal(served->code.bytes[0], 2);
    assert_false(str_eq(served->revision_id, old->revision_id));
    (void)function_version_unref(served);
    (void)function_version_unref(old);
}

static void test_update_conditions(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second"};
    struct update nothing = {0};
    struct seen before;

    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    run(fixture);
    before = see(fixture, FUNCTION_LATEST);
    input.update.revision_id = STR("wrong");
    assert_int_equal(update(fixture, 1, &input), CATALOG_REVISION);
    assert_int_equal(update(fixture, 1, &nothing), CATALOG_CALLER);
    input.update.revision_id = str_of(before.revision_id);
    input.update.dry_run = true;
    assert_int_equal(update(fixture, 1, &input), CATALOG_OK);
    assert_true(str_eq(fixture->changes[1].change.result.config.description, STR("second")));
    run(fixture);
    assert_string_equal(see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    input.update.dry_run = false;
    assert_int_equal(update(fixture, 1, &input), CATALOG_OK);
}

/* Two updates of one revision: exactly one wins. */
static void test_concurrent_updates(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second"};
    int a, b;

    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    run(fixture);
    input.update.id = id_f;
    input.update.apply = apply;
    a = catalog_update(fixture->catalog, change_new(fixture, 1), &input.update);
    b = catalog_update(fixture->catalog, change_new(fixture, 2), &input.update);
    assert_int_equal(answer_of(fixture, 1, a), CATALOG_OK);
    assert_int_equal(answer_of(fixture, 2, b), CATALOG_IN_PROGRESS);
}

static void test_update_publishes(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.code = 2, .update = {.publish = true}};

    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    run(fixture);
    assert_int_equal(update(fixture, 1, &input), CATALOG_OK);
    assert_int_equal(fixture->changes[1].change.result.version, 1);
    assert_int_equal(fixture->changes[1].change.result.config.state, FUNCTION_PENDING);
    assert_seen(fixture, 1, PENDING "first");
    assert_seen(fixture, FUNCTION_LATEST, UPDATING "first");
    run(fixture);
    assert_seen(fixture, 1, ACTIVE "first");
    assert_seen(fixture, FUNCTION_LATEST, ACTIVE "first");
}

/* The recorded life of versions: descriptions, an unchanged publish, deletion, numbers that go on.
 */
static void test_versions(void **state)
{
    struct fixture *fixture = *state;
    struct update second = {.description = "second"};
    struct seen before;
    uint64_t numbers[4];

    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    run(fixture);
    before = see(fixture, FUNCTION_LATEST);
    assert_int_equal(publish(fixture, STR("own words")), CATALOG_OK);
    assert_seen(fixture, 1, ACTIVE "own words");
    assert_string_not_equal(see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_int_equal(publish(fixture, STR("other words")), CATALOG_OK);
    assert_int_equal(fixture->changes[1].change.result.version, 1);
    assert_int_equal(update(fixture, 3, &second), CATALOG_OK);
    run(fixture);
    assert_int_equal(publish(fixture, STR_NONE), CATALOG_OK);
    assert_seen(fixture, 2, ACTIVE "second");
    assert_seen(fixture, 1, ACTIVE "own words");
    assert_int_equal(delete (fixture, 1), CATALOG_OK);
    assert_int_equal(delete (fixture, 1), CATALOG_OK);
    assert_int_equal(catalog_list_versions(fixture->catalog, &id_f, 0, numbers, 4), 2);
    assert_int_equal(numbers[1], 2);
    assert_string_equal(fixture->events, "f:$LATEST -f:1 ");
    assert_int_equal(delete (fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_int_equal(delete (fixture, FUNCTION_LATEST), CATALOG_NOT_FOUND);
    assert_int_equal(fixture->code_refs[1], 0);
    fixture_reopen(fixture);
    assert_int_equal(catalog_list_versions(fixture->catalog, &id_f, 0, numbers, 4), 0);
    assert_int_equal(create(fixture, &id_f, true), CATALOG_OK);
    assert_int_equal(fixture->changes[0].change.result.version, 3);
}

static void test_publish_conditions(void **state)
{
    struct fixture *fixture = *state;
    const struct digest wrong = {{9}};
    struct catalog_publish input = {.id = id_f, .code = &wrong};
    struct catalog_change *change;

    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    run(fixture);
    change = change_new(fixture, 1);
    assert_int_equal(catalog_publish(fixture->catalog, change, &input), CATALOG_CODE_SHA256);
    input = (struct catalog_publish){.id = id_f, .revision_id = STR("wrong")};
    change = change_new(fixture, 1);
    assert_int_equal(catalog_publish(fixture->catalog, change, &input), CATALOG_REVISION);
}

static int tag(struct fixture *fixture, const struct codec_pair *set, size_t set_count,
               const struct str *remove, size_t remove_count)
{
    const struct catalog_tag input = {
        .id = id_f, .set = {set, set_count}, .remove = {remove, remove_count}};

    return answer_of(fixture, 3, catalog_tag(fixture->catalog, change_new(fixture, 3), &input));
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

    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK);
    run(fixture);
    seen = see(fixture, FUNCTION_LATEST);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &before), CATALOG_OK);
    assert_int_equal(tag(fixture, ab, 2, NULL, 0), CATALOG_OK);
    assert_tags(fixture, "a=1 b=2 ");
    assert_int_equal(tag(fixture, bc, 2, NULL, 0), CATALOG_OK);
    assert_tags(fixture, "a=1 b=x c=3 ");
    assert_int_equal(tag(fixture, NULL, 0, names, 2), CATALOG_OK);
    assert_tags(fixture, "b=x c=3 ");
    /* A new RevisionId, but environments go on running. */
    assert_string_not_equal(see(fixture, FUNCTION_LATEST).revision_id, seen.revision_id);
    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, STR_NONE, &after), CATALOG_OK);
    assert_ptr_equal(before, after);
    assert_string_equal(fixture->events, "");
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

    assert_int_equal(create(fixture, &id_f, true), CATALOG_OK);
    run(fixture);
    before = see(fixture, FUNCTION_LATEST);
    fixture->store.failure = -ENOSPC;
    assert_int_equal(update(fixture, 1, &input), -ENOSPC);
    assert_int_equal(delete (fixture, FUNCTION_LATEST), -ENOSPC);
    fixture->store.failure = 0;
    assert_string_equal(see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_int_equal(fixture->code_refs[1], 2);
    assert_int_equal(fixture->code_refs[2], 0);
    fixture_reopen(fixture);
    assert_string_equal(see(fixture, FUNCTION_LATEST).revision_id, before.revision_id);
    assert_string_equal(see(fixture, FUNCTION_LATEST).text, ACTIVE "first");
}

/* What was Pending or InProgress when the daemon ended is finished after the next start. */
static void test_restart_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct update input = {.description = "second", .code = 2};

    fixture_close(fixture);
    fixture->settle_delay_ms = 3600000;
    fixture_open(fixture);
    assert_int_equal(create(fixture, &id_f, true), CATALOG_OK);
    fixture_close(fixture);
    fixture->settle_delay_ms = 0;
    fixture_open(fixture);
    assert_seen(fixture, FUNCTION_LATEST, ACTIVE "first");
    assert_seen(fixture, 1, ACTIVE "first");
    fixture_close(fixture);
    fixture->settle_delay_ms = 3600000;
    fixture_open(fixture);
    assert_int_equal(update(fixture, 1, &input), CATALOG_OK);
    fixture_close(fixture);
    fixture->settle_delay_ms = 0;
    fixture_open(fixture);
    assert_seen(fixture, FUNCTION_LATEST, ACTIVE "second");
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

            assert_int_equal(create(fixture, &id, false), CATALOG_OK);
        }
    run(fixture);
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
    struct catalog_create input = create_of(&id_f, 1);
    struct catalog_usage usage;

    input.config.code_bytes = 501;
    input.publish = true;
    assert_int_equal(catalog_create(fixture->catalog, change_new(fixture, 0), &input),
                     CATALOG_CODE_STORAGE);
    input.publish = false;
    assert_int_equal(
        answer_of(fixture, 0, catalog_create(fixture->catalog, change_new(fixture, 0), &input)),
        CATALOG_OK);
    run(fixture);
    assert_int_equal(publish(fixture, STR_NONE), CATALOG_CODE_STORAGE);
    assert_int_equal(delete (fixture, FUNCTION_LATEST), CATALOG_OK);
    catalog_usage(fixture->catalog, id_f.account, id_f.region, &usage);
    assert_int_equal(usage.code_bytes, 0);
    assert_int_equal(usage.functions, 0);
}

/* ---- aliases ---- */

static int put_alias(struct fixture *fixture, size_t i, struct catalog_put_alias *put)
{
    put->id = id_f;
    put->alias.name = STR("live");
    return answer_of(fixture, i, catalog_put_alias(fixture->catalog, change_new(fixture, i), put));
}

static int delete_alias(struct fixture *fixture)
{
    const struct catalog_delete_alias input = {.id = id_f, .name = STR("live")};

    return answer_of(fixture, 4,
                     catalog_delete_alias(fixture->catalog, change_new(fixture, 4), &input));
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

    assert_int_equal(create(fixture, &id_f, true), CATALOG_OK);
    run(fixture);
    assert_int_equal(update(fixture, 1, &change), CATALOG_OK);
    run(fixture);
    assert_int_equal(publish(fixture, STR_NONE), CATALOG_OK);
    run(fixture);
}

static void test_aliases(void **state)
{
    struct fixture *fixture = *state;
    struct catalog_put_alias change = {.alias = {.description = STR("text")}};
    struct seen before;

    assert_int_equal(create_alias(fixture, 1, 0, 0), CATALOG_NOT_FOUND);
    make_versions(fixture);
    assert_target(fixture, "live", CATALOG_NOT_FOUND);
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
    assert_target(fixture, "live", CATALOG_OK);
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
    assert_int_equal(delete (fixture, 1), CATALOG_REFERENCED);
    assert_int_equal(delete (fixture, 2), CATALOG_REFERENCED);
    assert_int_equal(delete_alias(fixture), CATALOG_OK);
    assert_int_equal(delete (fixture, 2), CATALOG_OK);
    assert_int_equal(create_alias(fixture, FUNCTION_LATEST, 0, 0), CATALOG_OK);
    assert_int_equal(delete (fixture, FUNCTION_LATEST), CATALOG_OK);
    assert_int_equal(create(fixture, &id_f, false), CATALOG_OK); /* aliases are not inherited */
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
    assert_int_equal(catalog_delete(fixture->catalog, change_new(fixture, 2), &gone),
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
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_concurrent_creates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_concurrent_updates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update_publishes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_publish_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_and_usage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_code_storage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_aliases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias_of_deleted_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias_routes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
