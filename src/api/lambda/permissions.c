/* SPDX-License-Identifier: Apache-2.0 */

/* AddPermission, RemovePermission, GetPolicy. */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/statements.h"
#include "api/request.h"
#include "base/buf.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/function_policy.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* AddPermission or RemovePermission; in the request's arena. */
struct permission {
    struct function_edit edit;
    struct str revision_id; /* expected; absent: any */
    struct policy_statement statement;
    struct str resource;
    size_t bytes; /* policy_add() */
};

static void refuse_revision(struct api_request *request)
{
    api_fault(request, &lambda_fault_precondition_failed,
              "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy "
              "API to retrieve the latest Revision Id");
}

static void refuse_missing(struct permission *permission)
{
    struct function_ref *ref = &permission->edit.ref;

    if (!name_is_alias(ref->qualifier)) {
        answer_not_found(permission->edit.request, ref);
        return;
    }
    api_fault(permission->edit.request, &lambda_fault_resource_not_found,
              "Cannot find alias arn: %.*s", STR_FMT(permission->resource));
}

static void refuse(struct permission *permission, int answer)
{
    struct api_request *request = permission->edit.request;

    switch (answer) {
    case CATALOG_NOT_FOUND:
    case CATALOG_ALIAS_NOT_FOUND:
        refuse_missing(permission);
        break;
    case CATALOG_REVISION:
        refuse_revision(request);
        break;
    default:
        if (answer >= CATALOG_CALLER)
            statement_refuse(request, answer, permission->statement.sid, permission->bytes);
        else
            answer_refused(request, &permission->edit.ref, answer);
        break;
    }
}

/* NULL: the request has been answered. */
static struct permission *permission_new(struct api_request *request, void *context,
                                         struct str function_name, struct str qualifier,
                                         int (*apply)(const struct catalog_edit *edit,
                                                      struct catalog_draft *draft),
                                         void (*on_done)(struct function_edit *edit, int answer))
{
    struct permission *permission = arena_new(&request->arena, struct permission);

    if (!permission) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    function_edit_init(&permission->edit, request, context, apply, on_done);
    if (!name_resolve(request, function_name, qualifier, NAME_OWN_ACCOUNT, &permission->edit.ref))
        return NULL;
    permission->edit.input.qualifier = permission->edit.ref.qualifier;
    permission->resource =
        arn_function(&request->arena, &permission->edit.ref.id, permission->edit.ref.qualifier);
    if (!str_is_set(permission->resource)) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    return permission;
}

/* The policy, when it is as expected: CATALOG_OK. The first statement is added to what it is about.
 */
static int policy_expect(const struct permission *permission, const struct catalog_draft *draft,
                         struct policy *ret_policy)
{
    int r = function_policy_get(&draft->settings, draft->arena, permission->edit.ref.qualifier,
                                ret_policy);
    struct str revision_id = r == 1 ? ret_policy->revision_id : draft->revision_id;

    if (r < 0)
        return err_pass(r);
    if (str_is_set(permission->revision_id) && !str_eq(permission->revision_id, revision_id))
        return CATALOG_REVISION;
    return CATALOG_OK;
}

/* The policy and what it is attached to change together: they get the same RevisionId. */
static int policy_set(const struct permission *permission, struct catalog_draft *draft,
                      struct policy *policy)
{
    int r;

    policy->revision_id = draft->next_revision_id;
    draft->renews_revision = true;
    r = function_policy_set(&draft->settings, draft->arena, permission->edit.ref.qualifier, policy);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

/* ---- AddPermission ---- */

static int add_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    struct permission *add = container_of(input, struct permission, edit.input);
    struct policy policy;
    int r = policy_expect(add, draft, &policy);

    if (r != CATALOG_OK)
        return r;
    r = policy_add(&policy, draft->arena, &add->statement, add->resource, &add->bytes);
    return r == POLICY_OK ? policy_set(add, draft, &policy) : statement_answer(r);
}

static void add_done(struct function_edit *edit, int answer)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    struct permission *add = container_of(edit, struct permission, edit);
    struct lambda_add_permission_response output;

    if (answer != CATALOG_OK) {
        refuse(add, answer);
        return;
    }
    policy_statement_write(&text, &add->statement, add->resource);
    output.statement = buf_str(&text);
    if (buf_failed(&text))
        api_fault_internal(edit->request, err_new(-ENOMEM));
    else
        api_reply(edit->request, &output);
}

/* Rules that do not depend on the function. False: answered. */
static bool read_statement(struct api_request *request, struct permission *add)
{
    const struct lambda_add_permission_request *input = request->input;

    if (str_eq(add->edit.ref.qualifier, STR("$LATEST"))) {
        answer_invalid(request, "We currently do not support adding policies for $LATEST.");
        return false;
    }
    if (str_is_set(input->function_url_auth_type) &&
        !str_eq(input->action, STR("lambda:InvokeFunctionUrl"))) {
        answer_invalid(request, "FunctionUrlAuthType is only supported for "
                                "lambda:InvokeFunctionUrl action");
        return false;
    }
    add->statement = (struct policy_statement){
        .sid = input->statement_id,
        .action = input->action,
        .source_account = input->source_account,
        .event_source_token = input->event_source_token,
        .function_url_auth_type = input->function_url_auth_type,
        .principal_org_id = input->principal_org_id,
        .source_arn = input->source_arn,
        .via_function_url = input->invoked_via_function_url.value,
    };
    return statement_principal(request, input->principal, &add->statement.principal);
}

void lambda_add_permission(struct api_request *request, void *context)
{
    const struct lambda_add_permission_request *input = request->input;
    struct permission *add = permission_new(request, context, input->function_name,
                                            input->qualifier, add_apply, add_done);

    if (!add || !read_statement(request, add))
        return;
    add->revision_id = input->revision_id;
    function_edit_start(&add->edit);
}

/* ---- RemovePermission ---- */

static int remove_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    struct permission *remove = container_of(input, struct permission, edit.input);
    struct policy policy;
    int r = policy_expect(remove, draft, &policy);

    if (r != CATALOG_OK)
        return r;
    r = policy_remove(&policy, draft->arena, remove->statement.sid);
    return r == POLICY_OK ? policy_set(remove, draft, &policy) : statement_answer(r);
}

static void remove_done(struct function_edit *edit, int answer)
{
    struct permission *remove = container_of(edit, struct permission, edit);
    uint64_t version;

    if (answer == CATALOG_OK)
        api_reply(edit->request, NULL);
    else if (catalog_resolve(edit->service->options.catalog, &edit->ref.id, STR_NONE, &version) ==
             CATALOG_NOT_FOUND)
        api_fault(edit->request, &lambda_fault_resource_not_found, "No policy found for: %.*s",
                  STR_FMT(remove->resource));
    else
        refuse(remove, answer);
}

void lambda_remove_permission(struct api_request *request, void *context)
{
    const struct lambda_remove_permission_request *input = request->input;
    struct permission *remove = permission_new(request, context, input->function_name,
                                               input->qualifier, remove_apply, remove_done);

    if (!remove)
        return;
    remove->statement.sid = input->statement_id;
    remove->revision_id = input->revision_id;
    function_edit_start(&remove->edit);
}

/* ---- GetPolicy ---- */

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
static int policy_read(struct api_request *request, struct catalog *catalog,
                       const struct function_ref *ref, struct policy *ret_policy)
{
    struct function_settings settings;
    int r = catalog_get_settings(catalog, &ref->id, &request->arena, &settings);

    if (r != CATALOG_OK)
        return r;
    r = function_policy_get(&settings, &request->arena, ref->qualifier, ret_policy);
    if (r < 0)
        return err_pass(r);
    return r == 1 ? CATALOG_OK : CATALOG_NOT_FOUND;
}

void lambda_get_policy(struct api_request *request, void *context)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    const struct lambda_get_policy_request *input = request->input;
    const struct lambda_service *service = context;
    struct lambda_get_policy_response output;
    struct function_ref ref;
    struct policy policy;
    int r;

    if (!name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY, &ref))
        return;
    r = policy_read(request, service->options.catalog, &ref, &policy);
    if (r == CATALOG_NOT_FOUND) {
        api_fault(request, &lambda_fault_resource_not_found,
                  "The resource you requested does not exist.");
        return;
    }
    if (r == CATALOG_OK)
        r = policy_write(&text, &policy, arn_function(&request->arena, &ref.id, ref.qualifier));
    if (r == 0 && buf_failed(&text))
        r = err_new(-ENOMEM);
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    output = (struct lambda_get_policy_response){buf_str(&text), policy.revision_id};
    api_reply(request, &output);
}
