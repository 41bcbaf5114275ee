/* SPDX-License-Identifier: Apache-2.0 */

#include "invoke/target.h"

#include "base/error.h"
#include "catalog/function.h"

static void end(struct invoke_target *target, int outcome)
{
    struct code_package *packages[1 + LIMIT_LAYERS_PER_FUNCTION];
    struct function_version *version = target->version;
    size_t count = target->package_count;

    for (size_t i = 0; i < count; i++)
        packages[i] = target->packages[i];
    target->version = NULL;
    target->package_count = 0;
    target->done(target, outcome, outcome == CATALOG_OK ? version : NULL); /* may free the target */
    for (size_t i = 0; i < count; i++)
        (void)code_package_unref(packages[i]);
    (void)function_version_unref(version);
}

static void on_prepared(struct code_request *request);

/* The version's code, then its layers. */
static void packages_take(struct invoke_target *target)
{
    const struct function_version *version = target->version;

    while (target->package_count < 1 + version->layer_count) {
        size_t i = target->package_count;
        const struct digest *digest = i == 0 ? &version->code : &version->layers[i - 1];
        struct code_package *package = code_store_take_ready(target->code, digest);
        int r;

        if (!package) {
            target->request.on_done = on_prepared;
            r = code_store_prepare(target->code, &target->request, digest);
            if (r < 0)
                end(target, err_pass(r));
            return;
        }
        target->packages[target->package_count++] = package;
    }
    end(target, CATALOG_OK);
}

static void on_prepared(struct code_request *request)
{
    struct invoke_target *target = container_of(request, struct invoke_target, request);

    switch (request->outcome) {
    case CODE_OK:
        target->packages[target->package_count++] = request->package;
        packages_take(target);
        return;
    case CODE_MISSING:
        end(target, INVOKE_TARGET_CODE_MISSING);
        return;
    default:
        end(target, INVOKE_TARGET_CODE_BROKEN);
    }
}

void invoke_target_find(struct invoke_target *target, struct catalog *catalog,
                        struct code_store *code)
{
    int r;

    target->catalog = catalog;
    target->code = code;
    target->version = NULL;
    target->package_count = 0;
    r = catalog_invoke_target(catalog, &target->id, target->qualifier, &target->version);
    if (r == CATALOG_OK && target->version->is_image)
        r = INVOKE_TARGET_IMAGE;
    if (r == CATALOG_OK)
        packages_take(target);
    else
        end(target, r);
}
