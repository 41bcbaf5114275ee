/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig,
 * DeleteFunctionEventInvokeConfig, ListFunctionEventInvokeConfigs.
 */

#include "catalog/event_invoke.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/destination.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

static void refuse_function(struct api_request *request, const struct function_ref *ref)
{
    (void)ref;
    api_fault(request, &lambda_fault_resource_not_found, "The function doesn't exist.");
}

static void refuse_config(struct api_request *request, const struct function_ref *ref)
{
    api_fault(
        request, &lambda_fault_resource_not_found,
        "The function %.*s doesn't have an EventInvokeConfig",
        STR_FMT(arn_function(&request->arena, &ref->id, function_settings_key(ref->qualifier))));
}

/* The destinations of a shown configuration: always both, empty when there is none. */
struct destinations {
    struct lambda_on_success on_success;
    struct lambda_on_failure on_failure;
    struct lambda_destination_config config;
};

/* 0, -EBADMSG or -ENOMEM */
static int config_make(struct api_request *request, const struct function_id *id,
                       const struct codec_pair *pair,
                       struct lambda_function_event_invoke_config *ret_config)
{
    struct destinations *destinations = arena_new(&request->arena, struct destinations);
    struct function_event_invoke row;
    int r = function_event_invoke_decode(pair, &request->arena, &row);

    if (r < 0)
        return err_pass(r);
    *ret_config = (struct lambda_function_event_invoke_config){
        .last_modified = model_time((int64_t)row.last_modified_ms),
        .function_arn = arn_function(&request->arena, id, row.qualifier),
    };
    if (!destinations || !str_is_set(ret_config->function_arn))
        return err_new(-ENOMEM);
    if (row.has_retries_max)
        ret_config->maximum_retry_attempts = model_int(row.retries_max);
    if (row.age_s_max > 0)
        ret_config->maximum_event_age_in_seconds = model_int(row.age_s_max);
    destinations->on_success.destination = row.on_success;
    destinations->on_failure.destination = row.on_failure;
    destinations->config =
        (struct lambda_destination_config){&destinations->on_success, &destinations->on_failure};
    ret_config->destination_config = &destinations->config;
    return 0;
}

/* What Put, Update and Get answer. */
static void config_answer(struct api_request *request, struct catalog *catalog,
                          const struct function_ref *ref)
{
    struct lambda_function_event_invoke_config output;
    struct function_settings settings;
    const struct codec_pair *pair;
    int r = catalog_get_settings(catalog, &ref->id, &request->arena, &settings);

    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    pair = r == CATALOG_OK
               ? codec_pairs_find(&settings.event_invokes, function_settings_key(ref->qualifier))
               : NULL;
    if (!pair) {
        refuse_config(request, ref);
        return;
    }
    r = config_make(request, &ref->id, pair, &output);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

/* ---- Put, Update ---- */

/* Answers of put_apply(). */
enum {
    PUT_NO_CONFIG = CATALOG_CALLER,
    PUT_DESTINATION_KIND,
    PUT_DESTINATION_ITSELF,
    PUT_DESTINATION_MISSING,
};

/* In the request's arena. */
struct put_event_invoke {
    struct function_edit edit;
    bool merges; /* Update: what is not said stays, and there must be something */
    struct model_int retries_max;
    struct model_int age_s_max;
    bool sets_destinations;
    struct str on_success; /* absent: none */
    struct str on_failure;
    struct str missing; /* PUT_DESTINATION_MISSING: the ARN */
};

static int function_judge(struct put_event_invoke *put, struct catalog *catalog,
                          const struct destination *destination, struct str arn)
{
    const struct function_id *id = &put->edit.ref.id;
    uint64_t version;
    int r = catalog_resolve(catalog, &destination->function, destination->qualifier, &version);

    if (r < 0)
        return err_pass(r);
    if (r != CATALOG_OK) {
        put->missing = arn;
        return PUT_DESTINATION_MISSING;
    }
    if (str_eq(destination->function.name, id->name) &&
        str_eq(destination->function.region, id->region) &&
        str_eq(destination->function.account, id->account))
        return PUT_DESTINATION_ITSELF;
    return CATALOG_OK;
}

static int destination_judge(struct put_event_invoke *put, struct catalog *catalog, struct str arn,
                             bool is_for_failures)
{
    struct destination destination;

    if (!str_is_set(arn))
        return CATALOG_OK;
    destination = destination_parse(arn);
    switch (destination.kind) {
    case DESTINATION_QUEUE:
    case DESTINATION_TOPIC:
    case DESTINATION_EVENT_BUS:
        return CATALOG_OK;
    case DESTINATION_BUCKET:
        return is_for_failures ? CATALOG_OK : PUT_DESTINATION_KIND;
    case DESTINATION_FUNCTION:
        return function_judge(put, catalog, &destination, arn);
    case DESTINATION_QUEUE_FIFO:
        put->missing = arn;
        return PUT_DESTINATION_MISSING;
    case DESTINATION_OTHER:
        break;
    }
    return PUT_DESTINATION_KIND;
}

static void put_merge(const struct put_event_invoke *put, struct function_event_invoke *row)
{
    row->last_modified_ms = clock_real_ms();
    if (put->retries_max.has) {
        row->has_retries_max = true;
        row->retries_max = (uint32_t)put->retries_max.value;
    }
    if (put->age_s_max.has)
        row->age_s_max = (uint32_t)put->age_s_max.value;
    if (put->sets_destinations) {
        row->on_success = put->on_success;
        row->on_failure = put->on_failure;
    }
}

/* What there is, as far as it stays. CATALOG_OK, an answer, or a failure */
static int put_base(const struct put_event_invoke *put, struct catalog_draft *draft,
                    struct function_event_invoke *ret_row)
{
    const struct codec_pair *pair = codec_pairs_find(
        &draft->settings.event_invokes, function_settings_key(put->edit.ref.qualifier));
    int r;

    *ret_row = (struct function_event_invoke){0};
    if (!put->merges)
        return CATALOG_OK;
    if (!pair)
        return PUT_NO_CONFIG;
    r = function_event_invoke_decode(pair, draft->arena, ret_row);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    struct put_event_invoke *put = container_of(input, struct put_event_invoke, edit.input);
    struct function_event_invoke row;
    struct str bytes;
    int r = put_base(put, draft, &row);

    if (r == CATALOG_OK)
        r = destination_judge(put, draft->catalog, put->on_failure, true);
    if (r == CATALOG_OK)
        r = destination_judge(put, draft->catalog, put->on_success, false);
    if (r != CATALOG_OK)
        return r;
    put_merge(put, &row);
    bytes = function_event_invoke_encode(draft->arena, &row);
    if (!str_is_set(bytes))
        return err_new(-ENOMEM);
    r = codec_pairs_replace(&draft->settings.event_invokes, draft->arena,
                            function_settings_key(put->edit.ref.qualifier), bytes);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

/* "OnSuccess(destination=<arn>)" or "null" */
static struct str destination_text(struct api_request *request, const char *name, struct str arn)
{
    if (!str_is_set(arn))
        return STR("null");
    return arena_printf(&request->arena, "%s(destination=%.*s)", name, STR_FMT(arn));
}

static void refuse_kind(const struct put_event_invoke *put)
{
    struct api_request *request = put->edit.request;

    answer_invalid(request,
                   "The provided destination config DestinationConfig(onSuccess=%.*s, "
                   "onFailure=%.*s) is invalid.",
                   STR_FMT(destination_text(request, "OnSuccess", put->on_success)),
                   STR_FMT(destination_text(request, "OnFailure", put->on_failure)));
}

static void put_done(struct function_edit *edit, int answer)
{
    const struct put_event_invoke *put = container_of(edit, struct put_event_invoke, edit);

    switch (answer) {
    case CATALOG_OK:
        config_answer(edit->request, edit->service->options.catalog, &edit->ref);
        break;
    case CATALOG_NOT_FOUND:
    case CATALOG_ALIAS_NOT_FOUND:
        refuse_function(edit->request, &edit->ref);
        break;
    case PUT_NO_CONFIG:
        refuse_config(edit->request, &edit->ref);
        break;
    case PUT_DESTINATION_KIND:
        refuse_kind(put);
        break;
    case PUT_DESTINATION_ITSELF:
        answer_invalid(edit->request,
                       "You can't specify the function as a destination for itself.");
        break;
    case PUT_DESTINATION_MISSING:
        answer_invalid(edit->request, "The destination ARN %.*s is invalid.",
                       STR_FMT(put->missing));
        break;
    default:
        answer_refused(edit->request, &edit->ref, answer);
        break;
    }
}

/* An empty ARN is none. */
static struct str arn_or_none(struct str arn)
{
    return arn.len > 0 ? arn : STR_NONE;
}

static void read_destinations(struct put_event_invoke *put,
                              const struct lambda_destination_config *config)
{
    put->sets_destinations = config != NULL;
    if (config && config->on_success)
        put->on_success = arn_or_none(config->on_success->destination);
    if (config && config->on_failure)
        put->on_failure = arn_or_none(config->on_failure->destination);
}

/* said: what the request says, apart from the destinations. */
static void put_event_invoke(struct api_request *request, void *context, struct str function_name,
                             struct str qualifier, const struct lambda_destination_config *config,
                             struct put_event_invoke said)
{
    struct put_event_invoke *put = arena_new(&request->arena, struct put_event_invoke);

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    *put = said;
    read_destinations(put, config);
    if (!put->retries_max.has && !put->age_s_max.has && !put->sets_destinations) {
        answer_invalid(request, "You must specify at least one of error handling or destination "
                                "setting.");
        return;
    }
    if (!name_resolve(request, function_name, qualifier, NAME_BY_POLICY, &put->edit.ref))
        return;
    function_edit_init(&put->edit, request, context, put_apply, put_done);
    put->edit.input.qualifier = put->edit.ref.qualifier;
    function_edit_start(&put->edit);
}

void lambda_put_function_event_invoke_config(struct api_request *request, void *context)
{
    const struct lambda_put_function_event_invoke_config_request *input = request->input;
    const struct put_event_invoke said = {
        .retries_max = input->maximum_retry_attempts,
        .age_s_max = input->maximum_event_age_in_seconds,
    };

    put_event_invoke(request, context, input->function_name, input->qualifier,
                     input->destination_config, said);
}

void lambda_update_function_event_invoke_config(struct api_request *request, void *context)
{
    const struct lambda_update_function_event_invoke_config_request *input = request->input;
    const struct put_event_invoke said = {
        .merges = true,
        .retries_max = input->maximum_retry_attempts,
        .age_s_max = input->maximum_event_age_in_seconds,
    };

    put_event_invoke(request, context, input->function_name, input->qualifier,
                     input->destination_config, said);
}

/* ---- Get, Delete ---- */

void lambda_get_function_event_invoke_config(struct api_request *request, void *context)
{
    const struct lambda_get_function_event_invoke_config_request *input = request->input;
    const struct lambda_service *service = context;
    struct function_ref ref;

    if (name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY, &ref))
        config_answer(request, service->options.catalog, &ref);
}

/* Whatever is missing, the answer is the same: so the qualifier does not have to be there. */
static int delete_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    const struct function_edit *edit = container_of(input, const struct function_edit, input);
    struct codec_pairs *pairs = &draft->settings.event_invokes;
    int r;

    if (!codec_pairs_find(pairs, function_settings_key(edit->ref.qualifier)))
        return PUT_NO_CONFIG;
    r = codec_pairs_replace(pairs, draft->arena, function_settings_key(edit->ref.qualifier),
                            STR_NONE);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static void delete_done(struct function_edit *edit, int answer)
{
    if (answer == CATALOG_NOT_FOUND || answer == PUT_NO_CONFIG)
        refuse_config(edit->request, &edit->ref);
    else
        function_edit_done_empty(edit, answer);
}

void lambda_delete_function_event_invoke_config(struct api_request *request, void *context)
{
    const struct lambda_delete_function_event_invoke_config_request *input = request->input;
    struct function_edit *edit = function_edit_new(request, context, delete_apply, delete_done);

    if (edit &&
        name_resolve(request, input->function_name, input->qualifier, NAME_BY_POLICY, &edit->ref))
        function_edit_start(edit);
}

/* ---- List ---- */

void lambda_list_function_event_invoke_configs(struct api_request *request, void *context)
{
    const struct lambda_list_function_event_invoke_configs_request *input = request->input;
    struct lambda_function_event_invoke_config items[PAGE_ITEMS_MAX];
    struct lambda_list_function_event_invoke_configs_response output = {0};
    struct function_settings settings;
    struct page_of_pairs page;
    struct page_place after;
    struct function_ref ref;
    int r = 0;

    if (!function_settings_read(request, context, input->function_name, NAME_BY_POLICY,
                                refuse_function, &ref, &settings) ||
        !page_start(request, input->marker, &after) ||
        !page_pairs(request, &settings.event_invokes, &after, input->max_items, &page))
        return;
    for (size_t i = 0; r == 0 && i < page.count; i++)
        r = config_make(request, &ref.id, &page.ptr[i], &items[i]);
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    output.function_event_invoke_configs =
        (struct lambda_function_event_invoke_config_list){items, page.count};
    output.next_marker = page.next_marker;
    api_reply(request, &output);
}
