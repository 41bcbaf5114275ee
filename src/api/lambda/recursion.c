/* SPDX-License-Identifier: Apache-2.0 */

/* PutFunctionRecursionConfig, GetFunctionRecursionConfig. */

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/request.h"
#include "model/lambda/shapes.h"

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    const struct function_edit *edit = container_of(input, const struct function_edit, input);
    const struct lambda_put_function_recursion_config_request *said = edit->request->input;

    draft->settings.allows_recursion = str_eq(said->recursive_loop, STR("Allow"));
    return CATALOG_OK;
}

static void put_done(struct function_edit *edit, int answer)
{
    const struct lambda_put_function_recursion_config_request *said = edit->request->input;
    const struct lambda_put_function_recursion_config_response output = {said->recursive_loop};

    if (answer == CATALOG_OK)
        api_reply(edit->request, &output);
    else
        answer_refused(edit->request, &edit->ref, answer);
}

void lambda_put_function_recursion_config(struct api_request *request, void *context)
{
    const struct lambda_put_function_recursion_config_request *input = request->input;
    struct function_edit *edit = function_edit_new(request, context, put_apply, put_done);

    if (edit &&
        name_resolve_unqualified(request, input->function_name, NAME_OWN_ACCOUNT, &edit->ref))
        function_edit_start(edit);
}

void lambda_get_function_recursion_config(struct api_request *request, void *context)
{
    const struct lambda_get_function_recursion_config_request *input = request->input;
    struct lambda_get_function_recursion_config_response output;
    struct function_settings settings;
    struct function_ref ref;

    if (!function_settings_read(request, context, input->function_name, NAME_OWN_ACCOUNT,
                                answer_not_found, &ref, &settings))
        return;
    output.recursive_loop = settings.allows_recursion ? STR("Allow") : STR("Terminate");
    api_reply(request, &output);
}
