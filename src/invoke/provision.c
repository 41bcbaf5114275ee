/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/provision.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"
#include "invoke/dispatch.h"
#include "invoke/target.h"

struct provisioner {
    struct catalog *catalog;
    struct code_store *code;
    struct dispatch *dispatch;
    struct list finds; /* struct find */
    bool is_started;
};

/* One version on its way to its environments. Freed by its own end. */
struct find {
    struct list node;
    struct provisioner *provisioner; /* NULL: it was freed meanwhile */
    struct arena arena;              /* texts of the target */
    uint64_t version;
    struct invoke_target target;
    bool is_started;
};

static struct find *find_free(struct find *find)
{
    list_remove(&find->node);
    arena_deinit(&find->arena);
    free(find);
    return NULL;
}

/* The wish may have changed while the code was unpacked. 0 or a failure */
static int provision(struct provisioner *provisioner, struct find *find,
                     struct function_version *version)
{
    struct function_settings settings;
    uint32_t count = 0;
    int r = catalog_get_settings(provisioner->catalog, &find->target.id, &find->arena, &settings);

    if (r == CATALOG_OK)
        r = function_provisioned_of_version(&settings, find->version, &find->arena, &count);
    if (r == 0 && count > 0)
        r = dispatch_provision(provisioner->dispatch, version, count);
    return r < 0 ? err_pass(r) : 0;
}

/* What cannot be found or started now is left: its status says so, and putting it again tries
 * again. */
static void on_found(struct invoke_target *target, int outcome, struct function_version *version)
{
    struct find *find = container_of(target, struct find, target);
    struct provisioner *provisioner = find->provisioner;

    if (provisioner && (outcome != CATALOG_OK || provision(provisioner, find, version) < 0))
        dispatch_release(provisioner->dispatch, &target->id);
    (void)find_free(find);
}

static void find_start(struct find *find)
{
    find->is_started = true;
    invoke_target_find(&find->target, find->provisioner->catalog, find->provisioner->code);
}

static int find_new(struct provisioner *provisioner, const struct function_id *id, uint64_t version)
{
    struct find *find = calloc(1, sizeof(*find));

    if (!find)
        return err_new(-ENOMEM);
    find->provisioner = provisioner;
    find->version = version;
    arena_init(&find->arena);
    list_push_back(&provisioner->finds, &find->node);
    find->target = (struct invoke_target){
        .id = {arena_str(&find->arena, id->account), arena_str(&find->arena, id->region),
               arena_str(&find->arena, id->name)},
        .qualifier = arena_printf(&find->arena, "%" PRIu64, version),
        .done = on_found,
    };
    if (!str_is_set(find->target.id.account) || !str_is_set(find->target.id.region) ||
        !str_is_set(find->target.id.name) || !str_is_set(find->target.qualifier)) {
        (void)find_free(find);
        return err_new(-ENOMEM);
    }
    if (provisioner->is_started)
        find_start(find);
    return 0;
}

struct provisioner *provisioner_new(struct catalog *catalog, struct code_store *code,
                                    struct dispatch *dispatch)
{
    struct provisioner *provisioner = calloc(1, sizeof(*provisioner));

    if (!provisioner)
        return NULL;
    *provisioner = (struct provisioner){.catalog = catalog, .code = code, .dispatch = dispatch};
    list_init(&provisioner->finds);
    return provisioner;
}

struct provisioner *provisioner_free(struct provisioner *provisioner)
{
    if (!provisioner)
        return NULL;
    list_for_each_safe (node, &provisioner->finds) {
        struct find *find = container_of(node, struct find, node);

        find->provisioner = NULL;
        list_remove(node); /* it is no longer ours, and may end later than we */
        list_init(node);
        if (!find->is_started)
            (void)find_free(find);
    }
    free(provisioner);
    return NULL;
}

void provisioner_start(struct provisioner *provisioner)
{
    provisioner->is_started = true;
    list_for_each_safe (node, &provisioner->finds)
        find_start(container_of(node, struct find, node));
}

int provisioner_follow(struct provisioner *provisioner, const struct function_id *id)
{
    struct function_settings settings = {0};
    struct version_provisioned *versions;
    struct arena arena;
    size_t count = 0;
    int r;

    arena_init(&arena);
    r = catalog_get_settings(provisioner->catalog, id, &arena, &settings);
    if (r >= 0) /* one that is gone has none */
        r = function_provisioned_versions(&settings, &arena, &versions, &count);
    if (r == 0)
        dispatch_hold(provisioner->dispatch, id, versions, count);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = find_new(provisioner, id, versions[i].version);
    arena_deinit(&arena);
    return r < 0 ? err_pass(r) : 0;
}
