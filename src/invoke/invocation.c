/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/invocation.h"

#include <stdlib.h>
#include <string.h>

struct invocation *invocation_new(struct function_version *version, const char *request_id)
{
    struct invocation *inv = calloc(1, sizeof(*inv));

    if (!inv)
        return NULL;
    list_init(&inv->node);
    arena_init(&inv->arena);
    inv->version = function_version_ref(version);
    if (request_id)
        memcpy(inv->request_id, request_id, sizeof(inv->request_id));
    else
        (void)rand_uuid(inv->request_id);
    return inv;
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
