/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PutFunctionCodeSigningConfig, GetFunctionCodeSigningConfig, DeleteFunctionCodeSigningConfig,
 * ListFunctionsByCodeSigningConfig, and what a configuration means for deploying code.
 */

#include "api/lambda/code_signing.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/code_signing.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

void code_signing_answer_missing(struct api_request *request, struct str arn)
{
    api_fault(request, &lambda_fault_code_signing_config_not_found,
              "The code signing configuration cannot be found. Check that the provided "
              "configuration is not deleted: %.*s.",
              STR_FMT(arn));
}

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure */
static int config_get(struct api_request *request, struct lambda_service *service, struct str arn,
                      struct code_signing_config *ret_config)
{
    return code_signing_get(service->options.catalog, request->principal.account,
                            request->principal.region, arn, &request->arena, ret_config);
}

bool code_signing_admits(struct api_request *request, struct lambda_service *service,
                         const struct function_ref *ref, struct str arn)
{
    struct code_signing_config config;
    int r;

    if (!str_is_set(arn))
        return true;
    r = config_get(request, service, arn, &config);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else if (r == CATALOG_NOT_FOUND)
        code_signing_answer_missing(request, arn);
    else if (config.enforces)
        api_fault(request, &lambda_fault_code_verification_failed,
                  "Lambda cannot deploy the function. The function or layer might be signed using "
                  "a signature that the client is not configured to accept. Check the provided "
                  "signature for %.*s.",
                  STR_FMT(arn_function(&request->arena, &ref->id, STR_NONE)));
    else
        return true;
    return false;
}

bool code_signing_admits_update(struct api_request *request, struct lambda_service *service,
                                const struct function_ref *ref)
{
    struct function_settings settings;
    int r = catalog_get_settings(service->options.catalog, &ref->id, &request->arena, &settings);

    if (r == CATALOG_OK)
        return code_signing_admits(request, service, ref, settings.code_signing_config);
    answer_refused(request, ref, r);
    return false;
}

/* ---- PutFunctionCodeSigningConfig, DeleteFunctionCodeSigningConfig ---- */

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    const struct function_edit *edit = container_of(input, struct function_edit, input);
    const struct lambda_put_function_code_signing_config_request *said = edit->request->input;
    int r = code_signing_stage_use(draft->change, said->code_signing_config_arn);

    if (r == CATALOG_OK)
        draft->settings.code_signing_config = said->code_signing_config_arn;
    return r;
}

static void put_done(struct function_edit *edit, int answer)
{
    const struct lambda_put_function_code_signing_config_request *said = edit->request->input;
    const struct lambda_put_function_code_signing_config_response output = {
        .code_signing_config_arn = said->code_signing_config_arn,
        .function_name = edit->ref.id.name,
    };

    if (answer == CATALOG_OK)
        api_reply(edit->request, &output);
    else if (answer == CODE_SIGNING_NOT_FOUND)
        code_signing_answer_missing(edit->request, said->code_signing_config_arn);
    else
        answer_refused(edit->request, &edit->ref, answer);
}

/* NULL: the request has been answered. */
static struct function_edit *edit_new(struct api_request *request, void *context,
                                      struct str function_name)
{
    struct function_edit *edit = arena_new(&request->arena, struct function_edit);

    if (!edit) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    edit->request = request;
    edit->service = context;
    return name_resolve_unqualified(request, function_name, NAME_OWN_ACCOUNT, &edit->ref) ? edit
                                                                                          : NULL;
}

/* The configuration is looked for before the function. */
void lambda_put_function_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_put_function_code_signing_config_request *input = request->input;
    struct function_edit *edit = edit_new(request, context, input->function_name);
    struct code_signing_config config;
    int r;

    if (!edit)
        return;
    r = config_get(request, context, input->code_signing_config_arn, &config);
    if (r != CATALOG_OK) {
        put_done(edit, r == CATALOG_NOT_FOUND ? CODE_SIGNING_NOT_FOUND : r);
        return;
    }
    edit->input.apply = put_apply;
    edit->on_done = put_done;
    function_edit_start(edit);
}

static int delete_apply(const struct catalog_edit *edit, struct catalog_draft *draft)
{
    (void)edit;
    draft->settings.code_signing_config = STR_NONE;
    return CATALOG_OK;
}

void lambda_delete_function_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_delete_function_code_signing_config_request *input = request->input;
    struct function_edit *edit = edit_new(request, context, input->function_name);

    if (!edit)
        return;
    edit->input.apply = delete_apply;
    edit->on_done = function_edit_done_empty;
    function_edit_start(edit);
}

/* ---- Reading ---- */

/* Empty when the function has none. */
void lambda_get_function_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_get_function_code_signing_config_request *input = request->input;
    struct lambda_get_function_code_signing_config_response output = {0};
    struct lambda_service *service = context;
    struct function_settings settings;
    struct function_ref ref;
    int r;

    if (!name_resolve_unqualified(request, input->function_name, NAME_OWN_ACCOUNT, &ref))
        return;
    r = catalog_get_settings(service->options.catalog, &ref.id, &request->arena, &settings);
    if (r != CATALOG_OK) {
        answer_refused(request, &ref, r);
        return;
    }
    if (str_is_set(settings.code_signing_config)) {
        output.code_signing_config_arn = settings.code_signing_config;
        output.function_name = ref.id.name;
    }
    api_reply(request, &output);
}

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure. The page begins after a name (absent: from the
 * first). */
static int functions_page(struct api_request *request, struct lambda_service *service,
                          const struct lambda_list_functions_by_code_signing_config_request *input,
                          struct str after,
                          struct lambda_list_functions_by_code_signing_config_response *output)
{
    struct str names[PAGE_ITEMS_MAX + 1], *arns;
    struct code_signing_config config;
    size_t max = page_size(input->max_items), count;
    int r = config_get(request, service, input->code_signing_config_arn, &config);

    if (r != CATALOG_OK)
        return r;
    arns = arena_new_array(&request->arena, struct str, PAGE_ITEMS_MAX);
    r = code_signing_list_functions(service->options.catalog, request->principal.account,
                                    request->principal.region, input->code_signing_config_arn,
                                    after, names, max + 1, &count);
    if (!arns || r < 0)
        return r < 0 ? err_pass(r) : err_new(-ENOMEM);
    if (count > max) {
        count = max;
        output->next_marker = page_marker(request, &(struct page_place){.name = names[count - 1]});
    }
    for (size_t i = 0; i < count; i++)
        arns[i] = arn_function(
            &request->arena,
            &(struct function_id){request->principal.account, request->principal.region, names[i]},
            STR_NONE);
    output->function_arns.ptr = arns;
    output->function_arns.count = count;
    return CATALOG_OK;
}

void lambda_list_functions_by_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_list_functions_by_code_signing_config_request *input = request->input;
    struct lambda_list_functions_by_code_signing_config_response output = {0};
    struct page_place after;
    int r;

    if (!page_start(request, input->marker, &after))
        return;
    r = functions_page(request, context, input, after.name, &output);
    if (r == CATALOG_OK)
        api_reply(request, &output);
    else if (r == CATALOG_NOT_FOUND)
        code_signing_answer_unknown(request, input->code_signing_config_arn);
    else
        api_fault_internal(request, err_pass(r));
}
