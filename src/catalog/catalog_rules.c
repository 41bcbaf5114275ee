/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rules of each change. A prepare function looks at memory as it is now and either answers, or
 * stages rows and returns CATALOG_STARTED. Every change of state gives a new RevisionId.
 */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/rand.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"
#include "catalog/code_signing.h"
#include "catalog/function_policy.h"

/* A started function stages rows one after another: 0 becomes CATALOG_STARTED at its end. */
static int staged_all(int r)
{
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

/* Settings or code were set. */
static int config_renew(struct catalog_change *change, struct function_config *config)
{
    config->last_modified_ms = clock_real_ms();
    config->generation = rand_u64() | 1; /* never 0, which is not written */
    return catalog_revision_make(&change->arena, &config->revision_id);
}

bool catalog_storage_has_room(struct catalog_change *change, uint64_t more)
{
    struct catalog_usage usage;

    catalog_usage(change->catalog, change->id.account, change->id.region, &usage);
    return usage.code_bytes + more <= change->catalog->code_bytes_max;
}

/* The function's $LATEST, when it may be changed: CATALOG_OK. */
static int latest_get(struct catalog_change *change, struct str revision_id,
                      struct catalog_function **ret_function, struct function_config *ret_latest)
{
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = catalog_version_decode(function->versions[0], &change->arena, ret_latest);
    if (r < 0)
        return err_pass(r);
    if (ret_latest->state == FUNCTION_PENDING)
        return CATALOG_PENDING;
    if (ret_latest->update == FUNCTION_UPDATE_IN_PROGRESS)
        return CATALOG_IN_PROGRESS;
    if (str_is_set(revision_id) && !str_eq(revision_id, ret_latest->revision_id))
        return CATALOG_REVISION;
    *ret_function = function;
    return CATALOG_OK;
}

/* A new number for the function; the counter only goes up. Its policy counts as changed. */
static int number_take(struct catalog_change *change, const struct catalog_function *function,
                       uint64_t *ret_number)
{
    struct function_settings settings;
    struct str revision_id;
    int r = catalog_settings_decode(function, &change->arena, &settings);

    if (r < 0)
        return err_pass(r);
    *ret_number = ++settings.last_version;
    r = catalog_revision_make(&change->arena, &revision_id);
    if (r == 0)
        r = function_policy_renew(&settings, &change->arena, revision_id);
    if (r < 0)
        return err_pass(r);
    return catalog_stage_settings(change, &settings, function->store_revision);
}

/* A version that is being created, as an update or a creation publishes it. */
static int version_stage_pending(struct catalog_change *change, uint64_t number,
                                 const struct function_config *latest)
{
    struct function_config config = *latest;
    int r = config_renew(change, &config);

    if (r < 0)
        return err_pass(r);
    config.state = FUNCTION_PENDING;
    config.update = FUNCTION_UPDATE_NONE;
    change->result.version = number;
    return catalog_stage_version(change, number, &config, STORE_ABSENT);
}

static int create_stage(struct catalog_change *change, const struct catalog_create *create,
                        const struct catalog_function *deleted)
{
    struct function_settings settings = {0};
    struct function_config config = create->config;
    int r = deleted ? catalog_settings_decode(deleted, &change->arena, &settings) : 0;

    if (r < 0)
        return err_pass(r);
    if (str_is_set(create->code_signing_config)) {
        r = code_signing_stage_use(change, create->code_signing_config);
        if (r != CATALOG_OK)
            return r;
    }
    settings.tags = create->tags;
    settings.code_signing_config = create->code_signing_config;
    settings.last_version += create->publish;
    r = catalog_stage_settings(change, &settings, deleted ? deleted->store_revision : STORE_ABSENT);
    if (r == 0)
        r = config_renew(change, &config);
    config.state = FUNCTION_PENDING;
    config.update = FUNCTION_UPDATE_NONE;
    if (r == 0)
        r = catalog_stage_version(change, FUNCTION_LATEST, &config, STORE_ABSENT);
    if (r == 0 && create->publish)
        r = version_stage_pending(change, settings.last_version, &config);
    return staged_all(r);
}

static int create_prepare(struct catalog_change *change)
{
    const struct catalog_create *create = change->input;
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);

    if (catalog_function_is_live(function))
        return CATALOG_EXISTS;
    if (create->tags.count > LIMIT_TAGS_PER_RESOURCE)
        return CATALOG_TAGS;
    if (!catalog_storage_has_room(change, create->config.code_bytes * (create->publish ? 2 : 1)))
        return CATALOG_CODE_STORAGE;
    change->settle = catalog_function_settle;
    return create_stage(change, create, function);
}

int catalog_create(struct catalog *catalog, struct catalog_change *change,
                   const struct catalog_create *create)
{
    return catalog_change_start(catalog, change, &create->id, create_prepare, create);
}

/* The last version when it is what $LATEST would be as a version: 1, 0 or a failure. */
static int is_published(struct catalog_change *change, const struct catalog_function *function,
                        const struct function_config *latest)
{
    const struct catalog_version *last = function->versions[function->version_count - 1];
    int r;

    if (last->number == FUNCTION_LATEST)
        return 0;
    r = catalog_version_decode(last, &change->arena, &change->result.config);
    if (r < 0)
        return err_pass(r);
    change->result.version = last->number;
    return function_config_is_published(latest, &change->result.config);
}

static int update_publish(struct catalog_change *change, const struct catalog_function *function,
                          const struct function_config *latest)
{
    uint64_t number = 0;
    int r = is_published(change, function, latest);

    if (r != 0)
        return r < 0 ? err_pass(r) : 0;
    r = number_take(change, function, &number);
    return r < 0 ? err_pass(r) : version_stage_pending(change, number, latest);
}

static int update_stage(struct catalog_change *change, const struct catalog_update *update,
                        const struct catalog_function *function, struct function_config *config)
{
    int r = config_renew(change, config);

    if (r < 0)
        return err_pass(r);
    config->update = FUNCTION_UPDATE_IN_PROGRESS;
    change->settle = catalog_function_settle;
    r = catalog_stage_version(change, FUNCTION_LATEST, config,
                              function->versions[0]->store_revision);
    if (r == 0 && update->publish)
        r = update_publish(change, function, config);
    return staged_all(r);
}

static int update_prepare(struct catalog_change *change)
{
    const struct catalog_update *update = change->input;
    struct catalog_function *function = NULL;
    struct function_config config = {0};
    struct digest code;
    int r = latest_get(change, update->revision_id, &function, &config);

    if (r != CATALOG_OK)
        return r;
    code = config.code;
    r = update->apply(update, &change->arena, &config);
    if (r != CATALOG_OK)
        return r;
    if (!digest_eq(&code, &config.code) &&
        !catalog_storage_has_room(change, config.code_bytes * (update->publish ? 2 : 1)))
        return CATALOG_CODE_STORAGE;
    if (update->dry_run) {
        change->result = (struct function_view){.config = config};
        return CATALOG_OK;
    }
    return update_stage(change, update, function, &config);
}

int catalog_update(struct catalog *catalog, struct catalog_change *change,
                   const struct catalog_update *update)
{
    return catalog_change_start(catalog, change, &update->id, update_prepare, update);
}

static int publish_stage(struct catalog_change *change, const struct catalog_publish *publish,
                         const struct catalog_function *function,
                         const struct function_config *latest)
{
    struct function_config version = *latest, config = *latest;
    uint64_t number = 0;
    int r = number_take(change, function, &number);

    if (r == 0)
        r = config_renew(change, &version);
    if (str_is_set(publish->description)) {
        version.description_of_latest = latest->description;
        version.description = publish->description;
    }
    change->result.version = number;
    if (r == 0)
        r = catalog_stage_version(change, number, &version, STORE_ABSENT);
    if (r == 0)
        r = catalog_revision_make(&change->arena, &config.revision_id);
    if (r == 0)
        r = catalog_stage_version(change, FUNCTION_LATEST, &config,
                                  function->versions[0]->store_revision);
    return staged_all(r);
}

static int publish_prepare(struct catalog_change *change)
{
    const struct catalog_publish *publish = change->input;
    struct catalog_function *function = NULL;
    struct function_config latest = {0};
    int r = latest_get(change, publish->revision_id, &function, &latest);

    if (r != CATALOG_OK)
        return r;
    if (publish->code && !digest_eq(publish->code, &latest.code))
        return CATALOG_CODE_SHA256;
    r = is_published(change, function, &latest);
    if (r != 0)
        return r < 0 ? err_pass(r) : CATALOG_OK;
    if (!catalog_storage_has_room(change, latest.code_bytes))
        return CATALOG_CODE_STORAGE;
    return publish_stage(change, publish, function, &latest);
}

int catalog_publish(struct catalog *catalog, struct catalog_change *change,
                    const struct catalog_publish *publish)
{
    return catalog_change_start(catalog, change, &publish->id, publish_prepare, publish);
}

/* Numbers are not given again: a function that had versions leaves its counter behind. */
static int function_delete(struct catalog_change *change, const struct catalog_function *function)
{
    struct function_settings settings;
    int r = catalog_settings_decode(function, &change->arena, &settings);

    for (size_t i = 0; r == 0 && i < function->version_count; i++)
        r = catalog_stage_version_delete(change, function->versions[i]->number,
                                         function->versions[i]->store_revision);
    settings = (struct function_settings){.last_version = settings.last_version};
    if (r == 0 && settings.last_version > 0)
        r = catalog_stage_settings(change, &settings, function->store_revision);
    else if (r == 0)
        r = catalog_stage_settings_delete(change, function->store_revision);
    return staged_all(r);
}

/* The function's row is written, too, so that no alias comes to name the version meanwhile. */
static int version_delete(struct catalog_change *change, const struct catalog_function *function,
                          const struct catalog_version *version)
{
    char text[CATALOG_VERSION_TEXT_MAX];
    struct function_settings settings;
    int r = catalog_settings_decode(function, &change->arena, &settings);

    if (r == 0)
        r = catalog_alias_names_version(&settings, version->number, &change->arena);
    if (r != 0)
        return r < 0 ? err_pass(r) : CATALOG_REFERENCED;
    r = function_settings_forget(&settings, &change->arena,
                                 catalog_version_text(version->number, text));
    if (r == 0)
        r = catalog_stage_version_delete(change, version->number, version->store_revision);
    if (r == 0)
        r = catalog_stage_settings(change, &settings, function->store_revision);
    return staged_all(r);
}

static int delete_prepare(struct catalog_change *change)
{
    const struct catalog_delete *delete = change->input;
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    const struct catalog_version *version;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    if (delete->version == FUNCTION_LATEST)
        return function_delete(change, function);
    version = catalog_version_find(function, delete->version);
    if (!version)
        return CATALOG_OK;
    return version_delete(change, function, version);
}

int catalog_delete(struct catalog *catalog, struct catalog_change *change,
                   const struct catalog_delete *delete)
{
    return catalog_change_start(catalog, change, &delete->id, delete_prepare, delete);
}

static bool list_has(const struct codec_list *list, struct str text)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->ptr[i], text))
            return true;
    return false;
}

static struct codec_pair *pair_find(struct codec_pair *pairs, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(pairs[i].name, name))
            return &pairs[i];
    return NULL;
}

int catalog_tags_merge(struct arena *arena, const struct codec_pairs *set,
                       const struct codec_list *remove, struct codec_pairs *tags)
{
    struct codec_pair *merged =
        arena_new_array(arena, struct codec_pair, tags->count + set->count + 1);
    size_t count = 0;

    if (!merged)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < tags->count; i++)
        if (!list_has(remove, tags->ptr[i].name))
            merged[count++] = tags->ptr[i];
    for (size_t i = 0; i < set->count; i++) {
        struct codec_pair *present = pair_find(merged, count, set->ptr[i].name);

        *(present ? present : &merged[count++]) = set->ptr[i];
    }
    *tags = (struct codec_pairs){merged, count};
    return count > LIMIT_TAGS_PER_RESOURCE ? CATALOG_TAGS : CATALOG_OK;
}

static int tag_prepare(struct catalog_change *change)
{
    const struct catalog_tag *tag = change->input;
    struct catalog_function *function = catalog_function_find(change->catalog, &change->id);
    struct function_settings settings;
    struct function_config latest;
    int r;

    if (!catalog_function_is_live(function))
        return CATALOG_NOT_FOUND;
    r = catalog_settings_decode(function, &change->arena, &settings);
    if (r == 0)
        r = catalog_version_decode(function->versions[0], &change->arena, &latest);
    if (r < 0)
        return err_pass(r);
    r = catalog_tags_merge(&change->arena, &tag->set, &tag->remove, &settings.tags);
    if (r != CATALOG_OK)
        return r;
    r = catalog_stage_settings(change, &settings, function->store_revision);
    if (r == 0)
        r = catalog_revision_make(&change->arena, &latest.revision_id);
    if (r == 0)
        r = catalog_stage_version(change, FUNCTION_LATEST, &latest,
                                  function->versions[0]->store_revision);
    return staged_all(r);
}

int catalog_tag(struct catalog *catalog, struct catalog_change *change,
                const struct catalog_tag *tag)
{
    return catalog_change_start(catalog, change, &tag->id, tag_prepare, tag);
}
