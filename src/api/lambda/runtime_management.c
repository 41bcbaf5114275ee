/* SPDX-License-Identifier: Apache-2.0 */

/* PutRuntimeManagementConfig, GetRuntimeManagementConfig. Only $LATEST and versions have one. */

#include "catalog/runtime_management.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "model/lambda/shapes.h"

static const struct str update_names[] = {
    [RUNTIME_UPDATE_AUTO] = STR_INIT("Auto"),
    [RUNTIME_UPDATE_WITH_FUNCTION] = STR_INIT("FunctionUpdate"),
    [RUNTIME_UPDATE_MANUAL] = STR_INIT("Manual"),
};

/* The validator has seen that it is one of them. */
static enum runtime_update update_parse(struct str name)
{
    if (str_eq(name, update_names[RUNTIME_UPDATE_MANUAL]))
        return RUNTIME_UPDATE_MANUAL;
    return str_eq(name, update_names[RUNTIME_UPDATE_AUTO]) ? RUNTIME_UPDATE_AUTO
                                                           : RUNTIME_UPDATE_WITH_FUNCTION;
}

/* An alias has none, and counts as missing. */
static bool reference_resolve(struct api_request *request, struct str function_name,
                              struct str qualifier, struct function_ref *ret_ref)
{
    if (!name_resolve(request, function_name, qualifier, NAME_OWN_ACCOUNT, ret_ref))
        return false;
    if (!str_is_set(ret_ref->qualifier) || !name_is_alias(ret_ref->qualifier))
        return true;
    answer_not_found(request, ret_ref);
    return false;
}

/* ---- Put ---- */

/* In the request's arena. */
struct put_management {
    struct function_edit edit;
    struct function_runtime_management wanted;
};

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    const struct put_management *put = container_of(input, const struct put_management, edit.input);
    struct str row = function_runtime_management_encode(draft->arena, &put->wanted);
    int r;

    if (!str_is_set(row))
        return err_new(-ENOMEM);
    r = codec_pairs_replace(&draft->settings.runtime_managements, draft->arena,
                            function_settings_key(input->qualifier), row);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static void put_done(struct function_edit *edit, int answer)
{
    const struct put_management *put = container_of(edit, struct put_management, edit);
    struct lambda_put_runtime_management_config_response output;

    if (answer != CATALOG_OK) {
        answer_refused(edit->request, &edit->ref, answer);
        return;
    }
    output = (struct lambda_put_runtime_management_config_response){
        .update_runtime_on = update_names[put->wanted.update],
        .function_arn = arn_function(&edit->request->arena, &edit->ref.id, edit->ref.qualifier),
        .runtime_version_arn = put->wanted.runtime_version_arn,
    };
    if (str_is_set(output.function_arn))
        api_reply(edit->request, &output);
    else
        api_fault_internal(edit->request, err_new(-ENOMEM));
}

void lambda_put_runtime_management_config(struct api_request *request, void *context)
{
    const struct lambda_put_runtime_management_config_request *input = request->input;
    struct put_management *put = arena_new(&request->arena, struct put_management);

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!reference_resolve(request, input->function_name, input->qualifier, &put->edit.ref))
        return;
    put->wanted.update = update_parse(input->update_runtime_on);
    if (put->wanted.update == RUNTIME_UPDATE_MANUAL) {
        put->wanted.runtime_version_arn = input->runtime_version_arn;
        if (!str_is_set(input->runtime_version_arn)) {
            answer_invalid(request,
                           "RuntimeVersionArn is required when UpdateRuntimeOn is Manual.");
            return;
        }
    }
    function_edit_init(&put->edit, request, context, put_apply, put_done);
    put->edit.input.qualifier = put->edit.ref.qualifier;
    function_edit_start(&put->edit);
}

/* ---- Get ---- */

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure */
static int management_get(struct api_request *request, struct catalog *catalog,
                          const struct function_ref *ref,
                          struct function_runtime_management *ret_management)
{
    struct function_settings settings;
    const struct codec_pair *pair;
    uint64_t version;
    int r = catalog_resolve(catalog, &ref->id, ref->qualifier, &version);

    if (r == CATALOG_OK)
        r = catalog_get_settings(catalog, &ref->id, &request->arena, &settings);
    if (r != CATALOG_OK)
        return r;
    *ret_management = (struct function_runtime_management){.update = RUNTIME_UPDATE_AUTO};
    pair = codec_pairs_find(&settings.runtime_managements, function_settings_key(ref->qualifier));
    r = pair ? function_runtime_management_decode(pair, &request->arena, ret_management) : 0;
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

void lambda_get_runtime_management_config(struct api_request *request, void *context)
{
    const struct lambda_get_runtime_management_config_request *input = request->input;
    const struct lambda_service *service = context;
    struct lambda_get_runtime_management_config_response output;
    struct function_runtime_management management;
    struct function_ref ref;
    int r;

    if (!reference_resolve(request, input->function_name, input->qualifier, &ref))
        return;
    r = management_get(request, service->options.catalog, &ref, &management);
    if (r != CATALOG_OK) {
        answer_refused(request, &ref, r);
        return;
    }
    output = (struct lambda_get_runtime_management_config_response){
        .update_runtime_on = update_names[management.update],
        .runtime_version_arn = management.runtime_version_arn,
        .function_arn = arn_function(&request->arena, &ref.id, ref.qualifier),
    };
    if (str_is_set(output.function_arn))
        api_reply(request, &output);
    else
        api_fault_internal(request, err_new(-ENOMEM));
}
