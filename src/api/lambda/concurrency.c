/* SPDX-License-Identifier: Apache-2.0 */

/* PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency. */

#include "catalog/concurrency.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "model/lambda/shapes.h"

/* Answers of put_apply(). */
enum { PUT_LEAVES_TOO_LITTLE = CATALOG_CALLER, PUT_BELOW_PROVISIONED };

/* In the request's arena. */
struct put_concurrency {
    struct function_edit edit;
    uint32_t wanted;
    uint32_t provisioned; /* PUT_BELOW_PROVISIONED */
};

/* Setting less aside than before is always possible. */
static bool put_fits(const struct put_concurrency *put, const struct catalog_draft *draft,
                     const struct function_concurrency *before,
                     const struct function_concurrency *after)
{
    uint32_t limit = put->edit.service->options.concurrency_limit;
    uint32_t aside = function_concurrency_aside(after), aside_before;
    struct catalog_usage usage;

    aside_before = function_concurrency_aside(before);
    catalog_usage(draft->catalog, put->edit.ref.id.account, put->edit.ref.id.region, &usage);
    return aside <= aside_before ||
           concurrency_unreserved(limit, usage.concurrency_aside - aside_before + aside) >=
               concurrency_unreserved_min(limit);
}

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    struct put_concurrency *put = container_of(input, struct put_concurrency, edit.input);
    struct function_concurrency before, after;
    int r = function_concurrency_of(&draft->settings, draft->arena, &before);

    if (r < 0)
        return err_pass(r);
    after = before;
    after.is_reserved = true;
    after.reserved = put->wanted;
    if (!put_fits(put, draft, &before, &after))
        return PUT_LEAVES_TOO_LITTLE;
    if (after.reserved < after.provisioned) {
        put->provisioned = after.provisioned;
        return PUT_BELOW_PROVISIONED;
    }
    draft->settings.reserves_concurrency = true;
    draft->settings.reserved_concurrency = put->wanted;
    return CATALOG_OK;
}

static void put_done(struct function_edit *edit, int answer)
{
    const struct put_concurrency *put = container_of(edit, struct put_concurrency, edit);
    const struct lambda_concurrency output = {model_int(put->wanted)};

    switch (answer) {
    case CATALOG_OK:
        api_reply(edit->request, &output);
        break;
    case PUT_LEAVES_TOO_LITTLE:
        answer_invalid_untyped(
            edit->request,
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [%u].",
            concurrency_unreserved_min(edit->service->options.concurrency_limit));
        break;
    case PUT_BELOW_PROVISIONED: /* with these blanks */
        answer_invalid(edit->request,
                       " ReservedConcurrentExecutions  %u should not be lower than function's "
                       "total provisioned concurrency [%u].",
                       put->wanted, put->provisioned);
        break;
    default:
        answer_refused(edit->request, &edit->ref, answer);
        break;
    }
}

void lambda_put_function_concurrency(struct api_request *request, void *context)
{
    const struct lambda_put_function_concurrency_request *input = request->input;
    struct put_concurrency *put = arena_new(&request->arena, struct put_concurrency);

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &put->edit.ref))
        return;
    put->wanted = (uint32_t)input->reserved_concurrent_executions.value;
    function_edit_init(&put->edit, request, context, put_apply, put_done);
    function_edit_start(&put->edit);
}

static int delete_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    (void)input;
    draft->settings.reserves_concurrency = false;
    draft->settings.reserved_concurrency = 0;
    return CATALOG_OK;
}

void lambda_delete_function_concurrency(struct api_request *request, void *context)
{
    const struct lambda_delete_function_concurrency_request *input = request->input;
    struct function_edit *edit =
        function_edit_new(request, context, delete_apply, function_edit_done_empty);

    if (edit && name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &edit->ref))
        function_edit_start(edit);
}

void lambda_get_function_concurrency(struct api_request *request, void *context)
{
    const struct lambda_get_function_concurrency_request *input = request->input;
    struct lambda_get_function_concurrency_response output = {0};
    struct function_settings settings;
    struct function_ref ref;

    if (!function_settings_read(request, context, input->function_name, NAME_BY_POLICY,
                                answer_not_found, &ref, &settings))
        return;
    if (settings.reserves_concurrency)
        output.reserved_concurrent_executions = model_int(settings.reserved_concurrency);
    api_reply(request, &output);
}
