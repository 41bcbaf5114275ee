/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig,
 * DeleteProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs.
 */

#include <errno.h>
#include <inttypes.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/concurrency.h"
#include "invoke/dispatch.h"
#include "invoke/env_pool.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* What answers show of one configuration. */
struct shown {
    struct model_int requested;
    struct model_int available;
    struct model_int allocated;
    struct str status;
    struct str status_reason; /* absent: none */
    struct str last_modified;
};

/* As the row of it was written just now. 0 or -ENOMEM */
static int show_started(struct api_request *request, const struct function_provisioned *provisioned,
                        struct shown *ret_shown)
{
    char *time = arena_alloc(&request->arena, CLOCK_TEXT_BYTES);

    if (!time)
        return err_new(-ENOMEM);
    *ret_shown = (struct shown){
        .requested = model_int(provisioned->requested),
        .available = model_int(0),
        .allocated = model_int(0),
        .status = STR("IN_PROGRESS"),
        .last_modified = str_of(clock_format_offset_s(time, provisioned->last_modified_ms)),
    };
    return 0;
}

static uint32_t at_most(size_t count, uint32_t max)
{
    return count < max ? (uint32_t)count : max;
}

/* What the scheduler has of it. 0, -EBADMSG or -ENOMEM */
static int show(struct api_request *request, const struct lambda_service *service,
                const struct function_id *id, const struct function_settings *settings,
                const struct function_provisioned *provisioned, struct shown *ret_shown)
{
    uint32_t requested = provisioned->requested;
    struct env_pool_counts counts;
    struct str version;
    uint64_t number;
    size_t there;
    int r =
        function_provisioned_version(settings, provisioned->qualifier, &request->arena, &number);

    if (r == 0)
        r = show_started(request, provisioned, ret_shown);
    if (r < 0)
        return err_pass(r);
    version = arena_printf(&request->arena, "%" PRIu64, number);
    if (!str_is_set(version))
        return err_new(-ENOMEM);
    dispatch_counts(service->options.dispatch, id, version, &counts);
    if (counts.has_failed && counts.initialised < requested) {
        ret_shown->status = STR("FAILED");
        ret_shown->status_reason = STR("FUNCTION_ERROR_INIT_FAILURE");
        return 0;
    }
    /* While an alias moves it has what it had. */
    there = counts.initialised + dispatch_held(service->options.dispatch, id);
    ret_shown->allocated = model_int(at_most(there, requested));
    ret_shown->available = ret_shown->allocated;
    if (counts.initialised >= requested)
        ret_shown->status = STR("READY");
    return 0;
}

static bool is_latest(struct str qualifier)
{
    return !str_is_set(qualifier) || str_eq(qualifier, STR("$LATEST"));
}

/* ---- Put ---- */

/* Answers of put_apply(). */
enum {
    PUT_ABOVE_RESERVED = CATALOG_CALLER,
    PUT_ABOVE_ACCOUNT,
    PUT_LEAVES_TOO_LITTLE,
    PUT_VERSION_HAS_ITS_OWN,
    PUT_BY_ALIAS,
    PUT_PENDING,
};

/* In the request's arena. */
struct put_provisioned {
    struct function_edit edit;
    struct function_provisioned wanted;
    uint32_t unreserved; /* PUT_ABOVE_ACCOUNT: what there is */
};

/* before: with what this qualifier has now; others: without. */
static int put_judge_room(struct put_provisioned *put, const struct catalog_draft *draft,
                          const struct function_concurrency *before, uint32_t others)
{
    uint32_t limit = put->edit.service->options.concurrency_limit;
    uint32_t wanted = put->wanted.requested;
    struct catalog_usage usage;

    if (before->is_reserved)
        return (uint64_t)wanted + others <= before->reserved ? CATALOG_OK : PUT_ABOVE_RESERVED;
    catalog_usage(draft->catalog, put->edit.ref.id.account, put->edit.ref.id.region, &usage);
    put->unreserved =
        concurrency_unreserved(limit, usage.concurrency_aside - (before->provisioned - others));
    if (wanted <= before->provisioned - others)
        return CATALOG_OK; /* no more than it has */
    if (wanted > put->unreserved)
        return PUT_ABOVE_ACCOUNT;
    return put->unreserved - wanted >= concurrency_unreserved_min(limit) ? CATALOG_OK
                                                                         : PUT_LEAVES_TOO_LITTLE;
}

/* A version that is being created cannot be started yet. CATALOG_OK, an answer, or a failure */
static int put_judge_version(struct put_provisioned *put, struct catalog_draft *draft)
{
    const struct function_ref *ref = &put->edit.ref;
    struct function_view view;
    uint64_t version;
    int r = catalog_resolve(draft->catalog, &ref->id, ref->qualifier, &version);

    if (r == CATALOG_OK)
        r = catalog_get(draft->catalog, &ref->id, version, draft->arena, &view);
    if (r == CATALOG_OK && view.config.state == FUNCTION_PENDING)
        return PUT_PENDING;
    return r;
}

/* CATALOG_OK, an answer, or a failure */
static int put_judge(struct put_provisioned *put, struct catalog_draft *draft)
{
    struct str qualifier = put->edit.ref.qualifier;
    const struct codec_pair *pair = codec_pairs_find(&draft->settings.provisioned, qualifier);
    struct function_concurrency before;
    struct function_provisioned now = {0};
    int r = function_concurrency_of(&draft->settings, draft->arena, &before);

    if (r == 0 && pair)
        r = function_provisioned_decode(pair, draft->arena, &now);
    if (r < 0)
        return err_pass(r);
    r = put_judge_room(put, draft, &before, before.provisioned - now.requested);
    if (r != CATALOG_OK)
        return r;
    r = function_provisioned_judge(&draft->settings, qualifier, draft->arena);
    switch (r) {
    case PROVISIONED_FREE:
        return CATALOG_OK;
    case PROVISIONED_VERSION_HAS_ITS_OWN:
        return PUT_VERSION_HAS_ITS_OWN;
    case PROVISIONED_BY_ALIAS:
        return PUT_BY_ALIAS;
    default:
        return err_pass(r);
    }
}

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    struct put_provisioned *put = container_of(input, struct put_provisioned, edit.input);
    struct str row;
    int r = put_judge_version(put, draft);

    if (r == CATALOG_OK)
        r = put_judge(put, draft);
    if (r != CATALOG_OK)
        return r;
    row = function_provisioned_encode(draft->arena, &put->wanted);
    if (!str_is_set(row))
        return err_new(-ENOMEM);
    draft->renews_version = true;
    r = codec_pairs_replace(&draft->settings.provisioned, draft->arena, put->edit.ref.qualifier,
                            row);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static void put_answer(struct put_provisioned *put)
{
    struct api_request *request = put->edit.request;
    struct shown shown;
    int r = show_started(request, &put->wanted, &shown);

    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    const struct lambda_put_provisioned_concurrency_config_response output = {
        .requested_provisioned_concurrent_executions = shown.requested,
        .available_provisioned_concurrent_executions = shown.available,
        .allocated_provisioned_concurrent_executions = shown.allocated,
        .status = shown.status,
        .status_reason = shown.status_reason,
        .last_modified = shown.last_modified,
    };
    api_reply(request, &output);
}

static void put_done(struct function_edit *edit, int answer)
{
    struct put_provisioned *put = container_of(edit, struct put_provisioned, edit);

    switch (answer) {
    case CATALOG_OK:
        put_answer(put);
        break;
    case CATALOG_NOT_FOUND:
    case CATALOG_ALIAS_NOT_FOUND:
        answer_qualifier_not_found(edit->request, &edit->ref);
        break;
    case PUT_ABOVE_RESERVED:
        answer_invalid(edit->request, "Requested Provisioned Concurrency should not be greater "
                                      "than the reservedConcurrentExecution for function");
        break;
    case PUT_ABOVE_ACCOUNT:
        answer_invalid_untyped(edit->request,
                               "Specified ConcurrentExecutions for function is greater than "
                               "account's unreserved concurrency [%u].",
                               put->unreserved);
        break;
    case PUT_LEAVES_TOO_LITTLE:
        answer_invalid_untyped(
            edit->request,
            "Specified ConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [%u].",
            concurrency_unreserved_min(edit->service->options.concurrency_limit));
        break;
    case PUT_PENDING:
        answer_refused(edit->request, &edit->ref, CATALOG_PENDING);
        break;
    case PUT_VERSION_HAS_ITS_OWN:
        api_fault(edit->request, &lambda_fault_resource_conflict,
                  "Alias can't be used for Provisioned Concurrency configuration on an already "
                  "Provisioned version");
        break;
    case PUT_BY_ALIAS:
        api_fault(edit->request, &lambda_fault_resource_conflict,
                  "Version is pointed by a Provisioned Concurrency alias");
        break;
    default:
        answer_refused(edit->request, &edit->ref, answer);
        break;
    }
}

void lambda_put_provisioned_concurrency_config(struct api_request *request, void *context)
{
    const struct lambda_put_provisioned_concurrency_config_request *input = request->input;
    struct put_provisioned *put = arena_new(&request->arena, struct put_provisioned);

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY,
                      &put->edit.ref))
        return;
    if (is_latest(put->edit.ref.qualifier)) {
        answer_invalid(request, "Provisioned Concurrency Configs cannot be applied to unpublished "
                                "function versions.");
        return;
    }
    put->wanted = (struct function_provisioned){
        .requested = (uint32_t)input->provisioned_concurrent_executions.value,
        .last_modified_ms = clock_real_ms(),
    };
    function_edit_init(&put->edit, request, context, put_apply, put_done);
    put->edit.input.qualifier = put->edit.ref.qualifier;
    function_edit_start(&put->edit);
}

/* ---- Get, Delete ---- */

/* Its qualifier has to be one that can have a configuration. */
static bool reference_resolve(struct api_request *request, struct str function_name,
                              struct str qualifier, struct function_ref *ret_ref)
{
    if (!name_resolve(request, function_name, qualifier, NAME_BY_POLICY, ret_ref))
        return false;
    if (!is_latest(ret_ref->qualifier))
        return true;
    answer_invalid(request,
                   "The function resource provided must be an alias or a published version.");
    return false;
}

/* CATALOG_OK, also when there is none (then requested is 0), CATALOG_NOT_FOUND, or a failure */
static int provisioned_get(struct api_request *request, struct catalog *catalog,
                           const struct function_ref *ref, struct function_settings *ret_settings,
                           struct function_provisioned *ret_provisioned)
{
    const struct codec_pair *pair;
    uint64_t version;
    int r = catalog_resolve(catalog, &ref->id, ref->qualifier, &version);

    if (r == CATALOG_OK)
        r = catalog_get_settings(catalog, &ref->id, &request->arena, ret_settings);
    if (r != CATALOG_OK)
        return r;
    *ret_provisioned = (struct function_provisioned){0};
    pair = codec_pairs_find(&ret_settings->provisioned, ref->qualifier);
    r = pair ? function_provisioned_decode(pair, &request->arena, ret_provisioned) : 0;
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

void lambda_get_provisioned_concurrency_config(struct api_request *request, void *context)
{
    const struct lambda_get_provisioned_concurrency_config_request *input = request->input;
    const struct lambda_service *service = context;
    struct function_provisioned provisioned;
    struct function_settings settings;
    struct function_ref ref;
    struct shown shown;
    int r;

    if (!reference_resolve(request, input->function_name, input->qualifier, &ref))
        return;
    r = provisioned_get(request, service->options.catalog, &ref, &settings, &provisioned);
    if (r == CATALOG_NOT_FOUND) {
        answer_qualifier_not_found(request, &ref);
        return;
    }
    if (r >= 0 && provisioned.requested == 0) {
        api_fault(request, &lambda_fault_provisioned_concurrency_config_not_found,
                  "No Provisioned Concurrency Config found for this function");
        return;
    }
    if (r >= 0)
        r = show(request, service, &ref.id, &settings, &provisioned, &shown);
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    const struct lambda_get_provisioned_concurrency_config_response output = {
        .requested_provisioned_concurrent_executions = shown.requested,
        .available_provisioned_concurrent_executions = shown.available,
        .allocated_provisioned_concurrent_executions = shown.allocated,
        .status = shown.status,
        .status_reason = shown.status_reason,
        .last_modified = shown.last_modified,
    };
    api_reply(request, &output);
}

static int delete_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    int r =
        codec_pairs_replace(&draft->settings.provisioned, draft->arena, input->qualifier, STR_NONE);

    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static void delete_done(struct function_edit *edit, int answer)
{
    if (answer == CATALOG_NOT_FOUND || answer == CATALOG_ALIAS_NOT_FOUND)
        answer_qualifier_not_found(edit->request, &edit->ref);
    else
        function_edit_done_empty(edit, answer);
}

void lambda_delete_provisioned_concurrency_config(struct api_request *request, void *context)
{
    const struct lambda_delete_provisioned_concurrency_config_request *input = request->input;
    struct function_edit *edit = function_edit_new(request, context, delete_apply, delete_done);

    if (!edit || !reference_resolve(request, input->function_name, input->qualifier, &edit->ref))
        return;
    edit->input.qualifier = edit->ref.qualifier;
    function_edit_start(edit);
}

/* ---- List ---- */

/* 0 or a failure */
static int item_make(struct api_request *request, const struct lambda_service *service,
                     const struct function_id *id, const struct function_settings *settings,
                     const struct codec_pair *pair,
                     struct lambda_provisioned_concurrency_config_list_item *ret_item)
{
    struct function_provisioned provisioned;
    struct shown shown;
    int r = function_provisioned_decode(pair, &request->arena, &provisioned);

    if (r == 0)
        r = show(request, service, id, settings, &provisioned, &shown);
    if (r < 0)
        return err_pass(r);
    *ret_item = (struct lambda_provisioned_concurrency_config_list_item){
        .function_arn = arn_function(&request->arena, id, pair->name),
        .requested_provisioned_concurrent_executions = shown.requested,
        .available_provisioned_concurrent_executions = shown.available,
        .allocated_provisioned_concurrent_executions = shown.allocated,
        .status = shown.status,
        .status_reason = shown.status_reason,
        .last_modified = shown.last_modified,
    };
    return str_is_set(ret_item->function_arn) ? 0 : err_new(-ENOMEM);
}

void lambda_list_provisioned_concurrency_configs(struct api_request *request, void *context)
{
    const struct lambda_list_provisioned_concurrency_configs_request *input = request->input;
    const struct lambda_service *service = context;
    struct lambda_provisioned_concurrency_config_list_item items[PAGE_ITEMS_MAX];
    struct lambda_list_provisioned_concurrency_configs_response output = {0};
    struct function_settings settings;
    struct page_of_pairs page;
    struct page_place after;
    struct function_ref ref;
    int r = 0;

    if (!function_settings_read(request, service, input->function_name, NAME_BY_POLICY,
                                answer_not_found, &ref, &settings) ||
        !page_start(request, input->marker, &after) ||
        !page_pairs(request, &settings.provisioned, &after, input->max_items, &page))
        return;
    for (size_t i = 0; r == 0 && i < page.count; i++)
        r = item_make(request, service, &ref.id, &settings, &page.ptr[i], &items[i]);
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    output.provisioned_concurrency_configs =
        (struct lambda_provisioned_concurrency_config_list){items, page.count};
    output.next_marker = page.next_marker;
    api_reply(request, &output);
}
