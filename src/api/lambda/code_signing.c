/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CreateCodeSigningConfig, GetCodeSigningConfig, UpdateCodeSigningConfig, DeleteCodeSigningConfig,
 * ListCodeSigningConfigs.
 */

#include "api/lambda/code_signing.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/tags.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/code_signing.h"
#include "catalog/resource.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* A configuration as answers have it. */
struct config_answer {
    struct lambda_allowed_publishers publishers;
    struct lambda_code_signing_policies policies;
    char last_modified[CLOCK_TEXT_BYTES];
    struct lambda_code_signing_config config;
};

void code_signing_answer_unknown(struct api_request *request, struct str arn)
{
    api_fault_send(request, &(struct api_fault){
                                .kind = &lambda_fault_resource_not_found,
                                .message = arena_printf(
                                    &request->arena,
                                    "The Lambda code signing configuration %.*s can not be found.",
                                    STR_FMT(arn)),
                                .untyped = true,
                            });
}

static void refuse(struct api_request *request, struct str arn, int answer)
{
    switch (answer) {
    case CATALOG_NOT_FOUND:
        code_signing_answer_unknown(request, arn);
        break;
    case CATALOG_REFERENCED:
        api_fault(request, &lambda_fault_resource_conflict,
                  "The code signing configuration %.*s is in use by at least one function.",
                  STR_FMT(arn));
        break;
    case CATALOG_TAGS:
        answer_invalid(request, "Number of tags exceeds resource tag limit.");
        break;
    case CATALOG_BUSY:
        api_fault(request, &lambda_fault_resource_conflict,
                  "The code signing configuration %.*s is being changed by another request.",
                  STR_FMT(arn));
        break;
    default:
        api_fault_internal(request, err_fold(answer));
        break;
    }
}

/* 0 or -ENOMEM. The answer points into itself. */
static int config_make(struct api_request *request, const struct code_signing_config *config,
                       struct config_answer *answer)
{
    const struct catalog_resource_id id = {request->principal.account, request->principal.region,
                                           config->id};

    *answer = (struct config_answer){
        .publishers.signing_profile_version_arns = {config->publishers.ptr,
                                                    config->publishers.count},
        .policies.untrusted_artifact_on_deployment =
            config->enforces ? STR("Enforce") : STR("Warn"),
        .config =
            {
                .code_signing_config_id = config->id,
                .code_signing_config_arn = code_signing_arn(&request->arena, &id),
                .description = str_is_set(config->description) ? config->description : STR(""),
            },
    };
    answer->config.last_modified =
        str_of(clock_format_offset(answer->last_modified, config->last_modified_ms));
    answer->config.allowed_publishers = &answer->publishers;
    answer->config.code_signing_policies = &answer->policies;
    return str_is_set(answer->config.code_signing_config_arn) ? 0 : err_new(-ENOMEM);
}

/* Answers with the configuration as it is now: all outputs have the same shape. */
static void reply_config(struct api_request *request, struct lambda_service *service,
                         struct str arn)
{
    struct code_signing_config config;
    struct config_answer answer;
    int r = code_signing_get(service->options.catalog, request->principal.account,
                             request->principal.region, arn, &request->arena, &config);

    if (r == CATALOG_OK) {
        r = config_make(request, &config, &answer);
        if (r == 0) {
            const struct lambda_get_code_signing_config_response output = {&answer.config};

            api_reply(request, &output);
            return;
        }
    }
    refuse(request, arn, r);
}

void lambda_get_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_get_code_signing_config_request *input = request->input;

    reply_config(request, context, input->code_signing_config_arn);
}

/* ---- Changes ---- */

/* In the request's arena. */
struct config_change {
    struct api_request *request;
    struct lambda_service *service;
    struct str arn;
    union {
        struct code_signing_create create;
        struct code_signing_edit edit;
        struct code_signing_delete delete;
    };
    struct catalog_change change;
};

/* NULL: the request has been answered. */
static struct config_change *change_new(struct api_request *request, void *context,
                                        void (*on_done)(struct catalog_change *change, int answer))
{
    struct config_change *change = arena_new(&request->arena, struct config_change);

    if (!change) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    change->request = request;
    change->service = context;
    change->change.on_done = on_done;
    return change;
}

static void on_changed(struct catalog_change *catalog_change, int answer)
{
    struct config_change *change = container_of(catalog_change, struct config_change, change);

    catalog_change_deinit(catalog_change);
    if (answer == CATALOG_OK)
        reply_config(change->request, change->service, change->arn);
    else
        refuse(change->request, change->arn, answer);
}

static bool enforces(const struct lambda_code_signing_policies *policies)
{
    return str_eq(policies->untrusted_artifact_on_deployment, STR("Enforce"));
}

static struct codec_list publishers_of(const struct lambda_allowed_publishers *publishers)
{
    return (struct codec_list){publishers->signing_profile_version_arns.ptr,
                               publishers->signing_profile_version_arns.count};
}

void lambda_create_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_create_code_signing_config_request *input = request->input;
    struct config_change *change = change_new(request, context, on_changed);
    struct catalog_resource_id id = {request->principal.account, request->principal.region,
                                     STR_NONE};
    int r;

    if (!change || !tags_check(request, &input->tags, &change->create.config.tags))
        return;
    change->create.account = id.account;
    change->create.region = id.region;
    change->create.config.description = input->description;
    change->create.config.publishers = publishers_of(input->allowed_publishers);
    change->create.config.enforces =
        input->code_signing_policies && enforces(input->code_signing_policies);
    code_signing_id_make(&change->create);
    id.name = change->create.config.id;
    change->arn = code_signing_arn(&request->arena, &id);
    r = code_signing_create(change->service->options.catalog, &change->change, &change->create);
    if (r != CATALOG_STARTED)
        on_changed(&change->change, r);
}

static int update_apply(const struct code_signing_edit *edit, struct arena *arena,
                        struct code_signing_config *config)
{
    const struct config_change *change = container_of(edit, struct config_change, edit);
    const struct lambda_update_code_signing_config_request *input = change->request->input;

    (void)arena;
    if (str_is_set(input->description))
        config->description = input->description;
    if (input->allowed_publishers)
        config->publishers = publishers_of(input->allowed_publishers);
    if (input->code_signing_policies)
        config->enforces = enforces(input->code_signing_policies);
    return CATALOG_OK;
}

/* Without anything to change, nothing is, the date included. */
void lambda_update_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_update_code_signing_config_request *input = request->input;
    struct config_change *change;
    int r;

    if (!str_is_set(input->description) && !input->allowed_publishers &&
        !input->code_signing_policies) {
        reply_config(request, context, input->code_signing_config_arn);
        return;
    }
    change = change_new(request, context, on_changed);
    if (!change)
        return;
    change->arn = input->code_signing_config_arn;
    change->edit = (struct code_signing_edit){
        .account = request->principal.account,
        .region = request->principal.region,
        .arn = change->arn,
        .apply = update_apply,
    };
    r = code_signing_edit(change->service->options.catalog, &change->change, &change->edit);
    if (r != CATALOG_STARTED)
        on_changed(&change->change, r);
}

static void on_deleted(struct catalog_change *catalog_change, int answer)
{
    const struct lambda_delete_code_signing_config_response output = {0};
    struct config_change *change = container_of(catalog_change, struct config_change, change);

    catalog_change_deinit(catalog_change);
    if (answer == CATALOG_OK)
        api_reply(change->request, &output);
    else
        refuse(change->request, change->arn, answer);
}

void lambda_delete_code_signing_config(struct api_request *request, void *context)
{
    const struct lambda_delete_code_signing_config_request *input = request->input;
    struct config_change *change = change_new(request, context, on_deleted);
    int r;

    if (!change)
        return;
    change->arn = input->code_signing_config_arn;
    change->delete = (struct code_signing_delete){request->principal.account,
                                                  request->principal.region, change->arn};
    r = code_signing_delete(change->service->options.catalog, &change->change, &change->delete);
    if (r != CATALOG_STARTED)
        on_deleted(&change->change, r);
}

/* ---- ListCodeSigningConfigs ---- */

/* In the request's arena. */
struct config_page {
    struct catalog_resource_row rows[PAGE_ITEMS_MAX + 1];
    struct config_answer answers[PAGE_ITEMS_MAX];
    struct lambda_code_signing_config configs[PAGE_ITEMS_MAX];
};

/* CATALOG_OK or a failure */
static int page_make(struct api_request *request, struct config_page *page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct code_signing_config config;
        int r = code_signing_decode(&page->rows[i], &request->arena, &config);

        if (r == CATALOG_OK)
            r = config_make(request, &config, &page->answers[i]);
        if (r < 0)
            return err_pass(r);
        page->configs[i] = page->answers[i].config;
    }
    return CATALOG_OK;
}

void lambda_list_code_signing_configs(struct api_request *request, void *context)
{
    const struct lambda_list_code_signing_configs_request *input = request->input;
    struct lambda_service *service = context;
    struct lambda_list_code_signing_configs_response output = {0};
    struct config_page *page = arena_new(&request->arena, struct config_page);
    size_t max = page_size(input->max_items), count;
    struct page_place after;

    if (!page) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!page_start(request, input->marker, &after))
        return;
    count = catalog_resource_list(service->options.catalog, CATALOG_CODE_SIGNING_CONFIG,
                                  request->principal.account, request->principal.region, STR(""),
                                  after.name, page->rows, max + 1);
    if (count > max) {
        const struct page_place last = {.name = page->rows[max - 1].name};

        count = max;
        output.next_marker = page_marker(request, &last);
    }
    output.code_signing_configs.ptr = page->configs;
    output.code_signing_configs.count = count;
    if (page_make(request, page, count) < 0)
        api_fault_internal(request, err_new(-ENOMEM));
    else
        api_reply(request, &output);
}
