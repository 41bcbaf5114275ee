/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/catalog_edit.h"

#include <errno.h>

#include "base/error.h"
#include "catalog/catalog_change.h"
#include "catalog/catalog_internal.h"

/* What the qualifier of an edit means. */
struct target {
    struct catalog_function *function;
    const struct catalog_version *version;
    struct function_config config; /* of the version */
    bool is_alias;
    struct function_alias alias;
};

static int target_find(struct catalog_change *change, const struct catalog_edit *edit,
                       struct target *target)
{
    struct arena *arena = &change->arena;
    uint64_t number = FUNCTION_LATEST;
    int r;

    *target = (struct target){.function = catalog_function_find(change->catalog, &change->id)};
    if (!catalog_function_is_live(target->function))
        return CATALOG_NOT_FOUND;
    if (!catalog_qualifier_is_version(edit->qualifier, &number)) {
        r = catalog_alias_decode(target->function, edit->qualifier, arena, &target->alias);
        if (r != CATALOG_OK)
            return r == CATALOG_NOT_FOUND ? CATALOG_ALIAS_NOT_FOUND : r;
        target->is_alias = true;
        number = target->alias.version;
    }
    target->version = catalog_version_find(target->function, number);
    if (!target->version)
        return CATALOG_NOT_FOUND;
    change->result.version = number;
    r = catalog_version_decode(target->version, arena, &target->config);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static int alias_renew(struct catalog_draft *draft, struct function_alias *alias)
{
    struct str row;

    alias->revision_id = draft->next_revision_id;
    row = function_alias_encode(draft->arena, alias);
    if (!str_is_set(row))
        return err_new(-ENOMEM);
    return codec_pairs_replace(&draft->settings.aliases, draft->arena, alias->name, row);
}

static int version_renew(struct catalog_change *change, struct catalog_draft *draft,
                         struct target *target)
{
    target->config.revision_id = draft->next_revision_id;
    return catalog_stage_version(change, target->version->number, &target->config,
                                 target->version->store_revision);
}

static int edit_stage(struct catalog_change *change, struct catalog_draft *draft,
                      struct target *target)
{
    int r = 0;

    if (draft->renews_revision && target->is_alias)
        r = alias_renew(draft, &target->alias);
    if (r == 0 && (draft->renews_version || (draft->renews_revision && !target->is_alias)))
        r = version_renew(change, draft, target);
    if (r == 0)
        r = catalog_stage_settings(change, &draft->settings, target->function->store_revision);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

static int edit_prepare(struct catalog_change *change)
{
    const struct catalog_edit *edit = change->input;
    struct catalog_draft draft = {
        .catalog = change->catalog, .change = change, .arena = &change->arena};
    struct function_settings before;
    struct target target;
    int r = target_find(change, edit, &target);

    if (r != CATALOG_OK)
        return r;
    r = catalog_settings_decode(target.function, &change->arena, &draft.settings);
    before = draft.settings;
    if (r == 0)
        r = catalog_revision_make(&change->arena, &draft.next_revision_id);
    if (r < 0)
        return err_pass(r);
    draft.revision_id = target.is_alias ? target.alias.revision_id : target.config.revision_id;
    r = edit->apply(edit, &draft);
    if (r != CATALOG_OK)
        return r;
    r = edit_stage(change, &draft, &target);
    if (r == CATALOG_STARTED)
        r = catalog_promise_take(change, &before, &draft.settings);
    return r < 0 ? err_pass(r) : CATALOG_STARTED;
}

int catalog_edit(struct catalog *catalog, struct catalog_change *change,
                 const struct catalog_edit *edit)
{
    return catalog_change_start(catalog, change, &edit->id, edit_prepare, edit);
}
