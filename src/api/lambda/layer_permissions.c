/* SPDX-License-Identifier: Apache-2.0 */

/* AddLayerVersionPermission, RemoveLayerVersionPermission, GetLayerVersionPolicy. */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/layer_ref.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/statements.h"
#include "api/request.h"
#include "base/buf.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/layer.h"
#include "catalog/policy.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* AddLayerVersionPermission or RemoveLayerVersionPermission; in the request's arena. */
struct layer_permission {
    struct api_request *request;
    struct lambda_service *service;
    struct str resource; /* ARN of the version */
    struct policy_statement statement;
    size_t bytes; /* policy_add() */
    struct catalog_edit_layer_policy input;
    void (*on_edited)(struct layer_permission *permission);
    struct catalog_change change;
};

static void answer_version_missing(struct api_request *request, struct str resource)
{
    api_fault(request, &lambda_fault_resource_not_found, "Layer version %.*s does not exist.",
              STR_FMT(resource));
}

static void refuse(struct layer_permission *permission, int answer)
{
    struct api_request *request = permission->request;

    switch (answer) {
    case CATALOG_NOT_FOUND:
        answer_version_missing(request, permission->resource);
        break;
    case CATALOG_REVISION:
        api_fault(request, &lambda_fault_precondition_failed,
                  "The Revision Id provided does not match the latest Revision Id. Call the "
                  "GetLayerPolicy API to retrieve the latest Revision Id");
        break;
    case CATALOG_BUSY:
        api_fault(request, &lambda_fault_too_many_requests, "Rate Exceeded.");
        break;
    default:
        if (answer >= CATALOG_CALLER)
            statement_refuse(request, answer, permission->statement.sid, permission->bytes);
        else
            api_fault_internal(request, err_fold(answer));
        break;
    }
}

static void edit_done(struct layer_permission *permission, int answer)
{
    catalog_change_deinit(&permission->change);
    if (answer == CATALOG_OK)
        permission->on_edited(permission);
    else
        refuse(permission, answer);
}

static void on_edit_done(struct catalog_change *change, int answer)
{
    edit_done(container_of(change, struct layer_permission, change), answer);
}

static void edit_start(struct layer_permission *permission)
{
    int r;

    permission->change.on_done = on_edit_done;
    r = catalog_edit_layer_policy(permission->service->options.catalog, &permission->change,
                                  &permission->input);
    if (r != CATALOG_STARTED)
        edit_done(permission, r);
}

/* NULL: the request has been answered. */
static struct layer_permission *permission_new(struct api_request *request, void *context,
                                               struct str layer_name, struct model_int number)
{
    struct layer_permission *permission = arena_new(&request->arena, struct layer_permission);
    struct layer_ref ref;

    if (!permission) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    if (!layer_ref_resolve(request, layer_name, number.value, &ref))
        return NULL;
    permission->request = request;
    permission->service = context;
    permission->resource = arn_layer_version(&request->arena, &ref.layer, ref.number);
    if (!str_is_set(permission->resource)) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    permission->input.layer = ref.layer;
    permission->input.number = ref.number > 0 ? (uint64_t)ref.number : 0; /* nobody has 0 */
    return permission;
}

/* ---- AddLayerVersionPermission ---- */

static int add_apply(const struct catalog_edit_layer_policy *input, struct arena *arena,
                     struct policy *policy)
{
    struct layer_permission *add = container_of(input, struct layer_permission, input);

    return statement_answer(policy_add(policy, arena, &add->statement, add->resource, &add->bytes));
}

/* The RevisionId of a version's policy; absent: it has none any more. */
static int revision_get(const struct layer_permission *permission, struct str *ret_revision_id)
{
    const struct catalog_edit_layer_policy *input = &permission->input;
    struct arena *arena = &permission->request->arena;
    struct layer_version version = {0};
    struct policy policy;
    int r = catalog_get_layer_version(permission->service->options.catalog, &input->layer,
                                      input->number, arena, &version);

    if (r >= 0)
        r = policy_decode(version.policy, arena, &policy);
    if (r < 0)
        return err_pass(r);
    *ret_revision_id = policy.revision_id;
    return 0;
}

static void on_added(struct layer_permission *add)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    struct lambda_add_layer_version_permission_response output = {0};
    int r = revision_get(add, &output.revision_id);

    policy_statement_write(&text, &add->statement, add->resource);
    output.statement = buf_str(&text);
    if (r == 0 && buf_failed(&text))
        r = err_new(-ENOMEM);
    if (r < 0)
        api_fault_internal(add->request, err_pass(r));
    else
        api_reply(add->request, &output);
}

void lambda_add_layer_version_permission(struct api_request *request, void *context)
{
    const struct lambda_add_layer_version_permission_request *input = request->input;
    struct layer_permission *add =
        permission_new(request, context, input->layer_name, input->version_number);

    if (!add)
        return;
    add->statement = (struct policy_statement){
        .sid = input->statement_id,
        .action = input->action,
        .principal_org_id = input->organization_id,
    };
    if (!statement_principal(request, input->principal, &add->statement.principal))
        return;
    add->input.revision_id = input->revision_id;
    add->input.apply = add_apply;
    add->on_edited = on_added;
    edit_start(add);
}

/* ---- RemoveLayerVersionPermission ---- */

static int remove_apply(const struct catalog_edit_layer_policy *input, struct arena *arena,
                        struct policy *policy)
{
    const struct layer_permission *remove =
        container_of(input, const struct layer_permission, input);

    return statement_answer(policy_remove(policy, arena, remove->statement.sid));
}

static void on_removed(struct layer_permission *remove)
{
    api_reply(remove->request, NULL);
}

void lambda_remove_layer_version_permission(struct api_request *request, void *context)
{
    const struct lambda_remove_layer_version_permission_request *input = request->input;
    struct layer_permission *remove =
        permission_new(request, context, input->layer_name, input->version_number);

    if (!remove)
        return;
    remove->statement.sid = input->statement_id;
    remove->input.revision_id = input->revision_id;
    remove->input.apply = remove_apply;
    remove->on_edited = on_removed;
    edit_start(remove);
}

/* ---- GetLayerVersionPolicy ---- */

/* False: the request has been answered. */
static bool policy_get(struct api_request *request, struct catalog *catalog,
                       const struct layer_ref *ref, struct str resource, struct policy *ret_policy)
{
    struct layer_version version;
    int r = ref->number > 0 ? catalog_get_layer_version(catalog, &ref->layer, (uint64_t)ref->number,
                                                        &request->arena, &version)
                            : CATALOG_NOT_FOUND;

    if (r == CATALOG_NOT_FOUND) {
        answer_version_missing(request, resource);
        return false;
    }
    if (r == CATALOG_OK)
        r = policy_decode(version.policy, &request->arena, ret_policy);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else if (!str_is_set(version.policy))
        statement_refuse_no_policy(request);
    else
        return true;
    return false;
}

void lambda_get_layer_version_policy(struct api_request *request, void *context)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    const struct lambda_get_layer_version_policy_request *input = request->input;
    const struct lambda_service *service = context;
    struct lambda_get_layer_version_policy_response output;
    struct policy policy;
    struct layer_ref ref;
    struct str resource;
    int r;

    if (!layer_ref_resolve(request, input->layer_name, input->version_number.value, &ref))
        return;
    resource = arn_layer_version(&request->arena, &ref.layer, ref.number);
    if (!policy_get(request, service->options.catalog, &ref, resource, &policy))
        return;
    r = policy_write(&text, &policy, resource);
    if (r == 0 && buf_failed(&text))
        r = err_new(-ENOMEM);
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    output = (struct lambda_get_layer_version_policy_response){buf_str(&text), policy.revision_id};
    api_reply(request, &output);
}
