/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/invocation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "invoke/lineage.h"
#include "invoke/trace_id.h"

struct invocation *invocation_new(struct function_version *version, const char *request_id)
{
    struct invocation *inv = calloc(1, sizeof(*inv));

    if (!inv)
        return NULL;
    list_init(&inv->node);
    list_init(&inv->wait_node);
    arena_init(&inv->arena);
    inv->received_real_us = clock_real_us();
    inv->version = function_version_ref(version);
    if (request_id)
        memcpy(inv->request_id, request_id, sizeof(inv->request_id));
    else
        (void)rand_uuid(inv->request_id);
    return inv;
}

static void begin_segments(struct invocation *inv)
{
    struct trace_segments *segments = &inv->segments;
    struct str root = trace_id_part(inv->trace_id, "Root");
    struct str parent = trace_id_part(inv->trace_id, "Parent");

    if (!trace_id_is_root(root))
        return; /* nobody could find it */
    segments->root = root;
    segments->parent = trace_id_is_segment(parent) ? parent : STR_NONE;
    (void)rand_hex(segments->service, 8);
    (void)rand_hex(segments->function, 8);
    inv->trace_id = trace_id_set(&inv->arena, inv->trace_id, "Parent", str_of(segments->function));
}

int invocation_set_trace(struct invocation *inv, struct str trace)
{
    inv->trace_id = lineage_step(&inv->arena, trace, inv->version->arn, &inv->loops);
    if (inv->version->tracing_active && trace_id_is_sampled(inv->trace_id))
        begin_segments(inv);
    return str_is_set(inv->trace_id) ? 0 : err_new(-ENOMEM);
}

const struct trace_segments *invocation_segments(const struct invocation *inv)
{
    return str_is_set(inv->segments.root) ? &inv->segments : NULL;
}

int invocation_is_loop(const struct invocation *inv, struct catalog *catalog)
{
    const struct function_id id = {inv->version->account, inv->version->region, inv->version->name};
    struct function_settings settings;
    struct arena arena;
    int r;

    if (inv->loops < LINEAGE_COUNT_MAX)
        return 0;
    arena_init(&arena);
    r = catalog_get_settings(catalog, &id, &arena, &settings);
    arena_deinit(&arena);
    if (r < 0)
        return err_pass(r);
    return r == CATALOG_OK && !settings.allows_recursion;
}

void invocation_hold(const struct invocation *inv, bool held)
{
    if (inv->hold)
        inv->hold(inv->runner, held);
}

struct invocation *invocation_free(struct invocation *inv)
{
    if (!inv)
        return NULL;
    list_remove(&inv->node);
    (void)function_version_unref(inv->version);
    arena_deinit(&inv->arena);
    free(inv->payload);
    free(inv->tail);
    free(inv);
    return NULL;
}
