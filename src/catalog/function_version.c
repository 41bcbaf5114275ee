/* SPDX-License-Identifier: Apache-2.0 */

/* A snapshot is one arena with everything in it. */

#include "catalog/function_version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/must.h"
#include "catalog/arn.h"
#include "catalog/catalog_internal.h"
#include "catalog/function.h"
#include "catalog/layer.h"

/* The public part comes first, so that one pointer is the other. */
struct snapshot {
    struct function_version version;
    struct arena arena;
    const struct catalog_code_ops *code;
    void *code_context;
    size_t
        package_count; /* that it holds: what runs keeps its files, whatever becomes of the row */
};

static struct snapshot *snapshot_of(struct function_version *version)
{
    return container_of(version, struct snapshot, version);
}

/* The code, then the layers. */
static const struct digest *package_of(const struct function_version *version, size_t i)
{
    return i == 0 ? &version->code : &version->layers[i - 1];
}

static struct snapshot *snapshot_free(struct snapshot *snapshot)
{
    if (snapshot) {
        for (size_t i = 0; i < snapshot->package_count; i++)
            snapshot->code->release(snapshot->code_context, package_of(&snapshot->version, i));
        arena_deinit(&snapshot->arena);
        free(snapshot);
    }
    return NULL;
}

CLEANUP_DEFINE(struct snapshot, snapshot_free)

struct copy {
    struct arena *arena;
    bool failed;
};

static struct str copy_str(struct copy *copy, struct str s)
{
    struct str text = arena_str(copy->arena, s);

    copy->failed |= str_is_set(s) && !str_is_set(text);
    return text;
}

static void copy_environment(struct copy *copy, struct function_version *version,
                             const struct codec_pairs *environment)
{
    struct codec_pair *env = arena_new_array(copy->arena, struct codec_pair, environment->count);

    copy->failed |= env == NULL;
    for (size_t i = 0; env && i < environment->count; i++) {
        env[i].name = copy_str(copy, environment->ptr[i].name);
        env[i].value = copy_str(copy, environment->ptr[i].value);
    }
    version->env = env;
    version->env_count = environment->count;
}

static void copy_identity(struct copy *copy, struct function_version *version,
                          const struct function_id *id, uint64_t number,
                          const struct function_config *config)
{
    version->account = copy_str(copy, id->account);
    version->region = copy_str(copy, id->region);
    version->name = copy_str(copy, id->name);
    version->version =
        number == FUNCTION_LATEST ? STR("$LATEST") : arena_printf(copy->arena, "%" PRIu64, number);
    version->arn = arn_function(copy->arena, id, STR_NONE);
    version->revision_id = arena_printf(copy->arena, "%016" PRIx64, config->generation);
    copy->failed |= !str_is_set(version->version) || !str_is_set(version->arn) ||
                    !str_is_set(version->revision_id);
}

static void copy_config(struct copy *copy, struct function_version *version,
                        const struct function_config *config)
{
    version->runtime = copy_str(copy, config->runtime);
    version->handler = copy_str(copy, config->handler);
    version->role = copy_str(copy, config->role);
    version->architecture = copy_str(copy, config->architecture);
    version->memory_mb = config->memory_mb;
    version->timeout_s = config->timeout_s;
    version->tmp_mb = config->tmp_mb;
    version->is_image = function_config_is_image(config);
    version->code = config->code;
    version->log_format = config->log_json ? FUNCTION_LOG_JSON : FUNCTION_LOG_TEXT;
    version->log_level_application = copy_str(copy, config->log_level_application);
    version->log_level_system = copy_str(copy, config->log_level_system);
    version->log_group = copy_str(copy, config->log_group);
    version->tracing_active = config->tracing_active;
}

/* On top of the others. Of equal packages only the upper one can be seen, and file systems cannot
 * be laid upon themselves. */
static void layer_add(struct function_version *version, const struct digest *package)
{
    size_t count = 0;

    for (size_t i = 0; i < version->layer_count; i++)
        if (!digest_eq(&version->layers[i], package))
            version->layers[count++] = version->layers[i];
    version->layers[count++] = *package;
    version->layer_count = count;
}

/* 0 or -EBADMSG */
static int copy_layers(struct function_version *version, const struct codec_pairs *layers)
{
    if (layers->count > LIMIT_LAYERS_PER_FUNCTION)
        return err_new(-EBADMSG);
    for (size_t i = 0; i < layers->count; i++) {
        struct function_layer layer;
        int r = function_layer_decode(&layers->ptr[i], &layer);

        if (r < 0)
            return err_pass(r);
        layer_add(version, &layer.code);
    }
    return 0;
}

static int packages_retain(struct snapshot *snapshot)
{
    const struct function_version *version = &snapshot->version;
    size_t count = version->is_image ? 0 : 1 + version->layer_count;

    while (snapshot->package_count < count) {
        const struct digest *package = package_of(version, snapshot->package_count);
        int r = snapshot->code->retain(snapshot->code_context, package, 0); /* it knows its size */

        if (r < 0)
            return err_pass(r);
        snapshot->package_count++;
    }
    return 0;
}

int function_version_new(struct function_version **ret_version, const struct catalog *catalog,
                         const struct function_id *id, uint64_t number,
                         const struct function_config *config)
{
    CLEANUP(snapshot_freep) struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    struct copy copy;
    int r;

    if (!snapshot)
        return err_new(-ENOMEM);
    arena_init(&snapshot->arena);
    copy = (struct copy){.arena = &snapshot->arena};
    snapshot->code = catalog->code;
    snapshot->code_context = catalog->code_context;
    snapshot->version.refs = 1;
    copy_identity(&copy, &snapshot->version, id, number, config);
    copy_config(&copy, &snapshot->version, config);
    copy_environment(&copy, &snapshot->version, &config->environment);
    r = copy_layers(&snapshot->version, &config->layers);
    if (r < 0)
        return err_pass(r);
    if (copy.failed)
        return err_new(-ENOMEM);
    r = packages_retain(snapshot);
    if (r < 0)
        return err_pass(r);
    *ret_version = &snapshot->version;
    snapshot = NULL;
    return 0;
}

struct function_version *function_version_ref(struct function_version *version)
{
    must(version->refs > 0);
    version->refs++;
    return version;
}

struct function_version *function_version_unref(struct function_version *version)
{
    if (!version)
        return NULL;
    must(version->refs > 0);
    if (--version->refs > 0)
        return NULL;
    if (version->origin)
        version->origin->snapshot = NULL;
    (void)snapshot_free(snapshot_of(version));
    return NULL;
}
