/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/catalog_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "catalog/function.h"
#include "store/sqlite/sqlite.h"

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
    static const char *const marks[] = {
        [CATALOG_VERSION_CHANGED] = "",
        [CATALOG_VERSION_READY] = "+",
        [CATALOG_VERSION_DELETED] = "-",
    };
    size_t used = strlen(fixture->events);

    if (event->kind == CATALOG_SETTINGS_CHANGED)
        fixture->settings_events++;
    else
        (void)snprintf(fixture->events + used, sizeof(fixture->events) - used, "%s%.*s:%.*s ",
                       marks[event->kind], STR_FMT(event->id.name), STR_FMT(event->version));
}

static void on_loaded(void *owner, int failure)
{
    (void)owner;
    assert_int_equal(failure, 0);
}

void fixture_open(struct fixture *fixture)
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
    fixture->watch.on_event = on_event;
    catalog_watch_start(fixture->catalog, &fixture->watch);
    catalog_load(fixture->catalog, on_loaded, fixture);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

static void on_closed(void *owner)
{
    ((struct fixture *)owner)->is_closed = true;
}

void fixture_close(struct fixture *fixture)
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

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

int fixture_setup(void **state)
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

int fixture_teardown(void **state)
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

void fixture_run(struct fixture *fixture)
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

struct catalog_change *fixture_change(struct fixture *fixture, size_t i)
{
    struct change *change = &fixture->changes[i];

    catalog_change_deinit(&change->change);
    *change = (struct change){.fixture = fixture, .change = {.on_done = on_done}};
    return &change->change;
}

int fixture_answer(struct fixture *fixture, size_t i, int started)
{
    if (started != CATALOG_STARTED)
        return started;
    while (fixture->changes[i].answer == CATALOG_STARTED)
        (void)uv_run(&fixture->loop, UV_RUN_ONCE);
    return fixture->changes[i].answer;
}

const struct function_id id_f = {STR_INIT("123456789012"), STR_INIT("us-east-1"), STR_INIT("f")};

struct catalog_create fixture_input(const struct function_id *id, uint8_t code)
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

int fixture_create(struct fixture *fixture, const struct function_id *id, bool publish)
{
    struct catalog_create input = fixture_input(id, 1);

    input.publish = publish;
    return fixture_answer(fixture, 0,
                          catalog_create(fixture->catalog, fixture_change(fixture, 0), &input));
}

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

int fixture_update_start(struct fixture *fixture, size_t i, struct update *input)
{
    input->update.id = id_f;
    input->update.apply = apply;
    return catalog_update(fixture->catalog, fixture_change(fixture, i), &input->update);
}

int fixture_update(struct fixture *fixture, size_t i, struct update *input)
{
    return fixture_answer(fixture, i, fixture_update_start(fixture, i, input));
}

int fixture_publish(struct fixture *fixture, struct str description)
{
    const struct catalog_publish input = {.id = id_f, .description = description};

    return fixture_answer(fixture, 1,
                          catalog_publish(fixture->catalog, fixture_change(fixture, 1), &input));
}

int fixture_delete(struct fixture *fixture, uint64_t version)
{
    const struct catalog_delete input = {.id = id_f, .version = version};

    return fixture_answer(fixture, 2,
                          catalog_delete(fixture->catalog, fixture_change(fixture, 2), &input));
}

struct seen fixture_see(struct fixture *fixture, uint64_t version)
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

void fixture_assert_seen(struct fixture *fixture, uint64_t version, const char *text)
{
    assert_string_equal(fixture_see(fixture, version).text, text);
}

void fixture_assert_target(struct fixture *fixture, const char *qualifier, int answer)
{
    struct function_version *version = NULL;

    assert_int_equal(catalog_invoke_target(fixture->catalog, &id_f, str_of(qualifier), &version),
                     answer);
    (void)function_version_unref(version);
}
