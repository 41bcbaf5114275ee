/* SPDX-License-Identifier: Apache-2.0 */

/* CreateAlias, UpdateAlias, GetAlias, DeleteAlias, ListAliases. */

#include <errno.h>
#include <inttypes.h>

#include "api/lambda/answers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* The weight of an alias as the answer has it. */
struct routing {
    struct lambda_additional_version_weights_entry entry;
    struct lambda_alias_routing_configuration configuration;
};

static struct str version_text(struct api_request *request, uint64_t version)
{
    return version == FUNCTION_LATEST ? STR("$LATEST")
                                      : arena_printf(&request->arena, "%" PRIu64, version);
}

/* NULL when out of memory. */
static struct routing *routing_make(struct api_request *request, const struct function_alias *alias)
{
    struct routing *routing = arena_new(&request->arena, struct routing);

    if (!routing)
        return NULL;
    routing->entry.key = version_text(request, alias->weighted_version);
    routing->entry.value = model_double(function_alias_weight(alias));
    routing->configuration.additional_version_weights.ptr = &routing->entry;
    routing->configuration.additional_version_weights.count = 1;
    return str_is_set(routing->entry.key) ? routing : NULL;
}

/* 0 or -ENOMEM */
static int alias_make(struct api_request *request, const struct function_id *id,
                      const struct function_alias *alias, struct lambda_alias_configuration *ret)
{
    *ret = (struct lambda_alias_configuration){
        .alias_arn = arn_function(&request->arena, id, alias->name),
        .name = alias->name,
        .function_version = version_text(request, alias->version),
        .description = str_is_set(alias->description) ? alias->description : STR(""),
        .revision_id = alias->revision_id,
    };
    if (alias->weighted_version != 0) {
        const struct routing *routing = routing_make(request, alias);

        if (!routing)
            return err_new(-ENOMEM);
        ret->routing_config = &routing->configuration;
    }
    return str_is_set(ret->alias_arn) && str_is_set(ret->function_version) ? 0 : err_new(-ENOMEM);
}

/* ---- CreateAlias, UpdateAlias ---- */

/* In the request's arena. */
struct put_alias {
    struct api_request *request;
    struct lambda_service *service;
    struct function_ref ref;
    struct str function_version;
    struct catalog_put_alias input;
    struct catalog_change change;
};

static void refuse(struct put_alias *put, const struct model_fault *kind, const char *text)
{
    api_fault(put->request, kind, "%s%.*s", text,
              STR_FMT(arn_function(&put->request->arena, &put->ref.id, put->input.alias.name)));
}

/* The first of the alias' versions that is not there. */
static void refuse_version(struct put_alias *put)
{
    const struct function_alias *alias = &put->change.alias;
    struct str first = version_text(put->request, alias->version);
    uint64_t version;
    bool is_there =
        catalog_resolve(put->service->options.catalog, &put->ref.id, first, &version) == CATALOG_OK;

    put->ref.qualifier = is_there ? version_text(put->request, alias->weighted_version) : first;
    answer_not_found(put->request, &put->ref);
}

static void refuse_latest(struct api_request *request)
{
    api_fault_send(request, &(struct api_fault){
                                .kind = &lambda_fault_invalid_parameter_value,
                                .message = STR("$LATEST is not supported for an alias pointing to "
                                               "more than 1 version"),
                                .untyped = true,
                            });
}

static void put_refuse(struct put_alias *put, int answer)
{
    uint64_t version = put->change.alias.version;

    switch (answer) {
    case CATALOG_NOT_FOUND:
        if (!put->input.is_new) {
            refuse(put, &lambda_fault_resource_not_found, "Alias not found: ");
            break;
        }
        put->ref.qualifier = put->function_version;
        answer_not_found(put->request, &put->ref);
        break;
    case CATALOG_ALIAS_NOT_FOUND:
        refuse(put, &lambda_fault_resource_not_found, "Alias not found: ");
        break;
    case CATALOG_EXISTS:
        refuse(put, &lambda_fault_resource_conflict, "Alias already exists: ");
        break;
    case CATALOG_ALIAS_LATEST:
        refuse_latest(put->request);
        break;
    case CATALOG_ALIAS_SAME:
        answer_invalid(put->request,
                       "Invalid function version %" PRIu64 ". Function version %" PRIu64
                       " is already included in routing configuration.",
                       version, version);
        break;
    case CATALOG_ALIAS_VERSION:
        refuse_version(put);
        break;
    default:
        answer_refused(put->request, &put->ref, answer);
        break;
    }
}

static void put_done(struct put_alias *put, int answer)
{
    struct api_request *request = put->request;
    struct lambda_alias_configuration output;
    struct arena held = {0};
    int r;

    if (answer == CATALOG_OK) {
        r = alias_make(request, &put->ref.id, &put->change.alias, &output);
        if (r == 0) {
            answer_changed(request, &put->change, &output);
            return;
        }
        answer = r;
    }
    held = catalog_change_steal(&put->change); /* the refusal shows the alias */
    put_refuse(put, answer);
    arena_deinit(&held);
}

static void on_put(struct catalog_change *change, int answer)
{
    put_done(container_of(change, struct put_alias, change), answer);
}

/* A number too large to be one names a version that nobody has. */
static uint64_t version_parse(struct str text)
{
    uint64_t version;

    if (str_eq(text, STR("$LATEST")))
        return FUNCTION_LATEST;
    return str_to_u64(text, &version) && version != FUNCTION_LATEST ? version : UINT64_MAX;
}

/* Absent: nothing is said about weights; empty: there are to be none. False: answered. */
static bool read_routing(struct put_alias *put,
                         const struct lambda_alias_routing_configuration *routing)
{
    const struct lambda_additional_version_weights *weights;

    if (!routing)
        return true;
    weights = &routing->additional_version_weights;
    if (weights->count > 1) {
        answer_invalid(put->request,
                       "Number of items in AdditionalVersionWeights cannot be greater than 1");
        return false;
    }
    put->input.sets_weight = weights->ptr != NULL || put->input.is_new;
    if (weights->count == 1) {
        put->input.alias.weighted_version = version_parse(weights->ptr[0].key);
        function_alias_set_weight(&put->input.alias, weights->ptr[0].value.value);
    }
    return true;
}

/* put: what it says about the alias itself. */
static void put_alias(struct api_request *request, void *context, struct str function_name,
                      const struct lambda_alias_routing_configuration *routing,
                      struct put_alias said)
{
    struct put_alias *put = arena_new(&request->arena, struct put_alias);
    int r;

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    *put = said;
    put->request = request;
    put->service = context;
    if (!name_resolve_unqualified(request, function_name, NAME_BY_POLICY, &put->ref) ||
        !read_routing(put, routing))
        return;
    put->input.id = put->ref.id;
    put->input.sets_version = str_is_set(put->function_version);
    if (put->input.sets_version)
        put->input.alias.version = version_parse(put->function_version);
    put->change.on_done = on_put;
    r = catalog_put_alias(put->service->options.catalog, &put->change, &put->input);
    if (r != CATALOG_STARTED)
        put_done(put, r);
}

void lambda_create_alias(struct api_request *request, void *context)
{
    const struct lambda_create_alias_request *input = request->input;
    const struct put_alias said = {
        .function_version = input->function_version,
        .input = {.alias = {.name = input->name, .description = input->description},
                  .is_new = true},
    };

    put_alias(request, context, input->function_name, input->routing_config, said);
}

void lambda_update_alias(struct api_request *request, void *context)
{
    const struct lambda_update_alias_request *input = request->input;
    const struct put_alias said = {
        .function_version = input->function_version,
        .input = {.alias = {.name = input->name,
                            .description = input->description,
                            .revision_id = input->revision_id}},
    };

    put_alias(request, context, input->function_name, input->routing_config, said);
}

/* ---- GetAlias ---- */

void lambda_get_alias(struct api_request *request, void *context)
{
    const struct lambda_get_alias_request *input = request->input;
    const struct lambda_service *service = context;
    struct lambda_alias_configuration output;
    struct function_alias alias;
    struct function_ref ref;
    int r;

    if (!name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &ref))
        return;
    r = catalog_get_alias(service->options.catalog, &ref.id, input->name, &request->arena, &alias);
    if (r == CATALOG_NOT_FOUND) {
        api_fault(request, &lambda_fault_resource_not_found, "Cannot find alias arn: %.*s",
                  STR_FMT(arn_function(&request->arena, &ref.id, input->name)));
        return;
    }
    if (r == CATALOG_OK)
        r = alias_make(request, &ref.id, &alias, &output);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

/* ---- DeleteAlias ---- */

/* In the request's arena. */
struct delete_alias {
    struct api_request *request;
    struct function_ref ref;
    struct catalog_delete_alias input;
    struct catalog_change change;
};

static void delete_done(struct delete_alias *delete, int answer)
{
    catalog_change_deinit(&delete->change);
    if (answer == CATALOG_OK)
        api_reply(delete->request, NULL);
    else
        answer_refused(delete->request, &delete->ref, answer);
}

static void on_deleted(struct catalog_change *change, int answer)
{
    delete_done(container_of(change, struct delete_alias, change), answer);
}

void lambda_delete_alias(struct api_request *request, void *context)
{
    const struct lambda_delete_alias_request *input = request->input;
    struct lambda_service *service = context;
    struct delete_alias *delete = arena_new(&request->arena, struct delete_alias);
    int r;

    if (!delete) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &delete->ref))
        return;
    delete->request = request;
    delete->input = (struct catalog_delete_alias){.id = delete->ref.id, .name = input->name};
    delete->change.on_done = on_deleted;
    r = catalog_delete_alias(service->options.catalog, &delete->change, &delete->input);
    if (r != CATALOG_STARTED)
        delete_done(delete, r);
}

/* ---- ListAliases ---- */

/* What the page is taken from, and what has been taken. */
struct alias_listing {
    struct api_request *request;
    const struct function_id *id;
    bool is_filtered;
    uint64_t version; /* only aliases of that one */
    size_t max;
    size_t count;
    struct lambda_alias_configuration items[PAGE_ITEMS_MAX];
    bool has_more;
};

/* 0 or a failure */
static int list_add(struct alias_listing *listing, const struct codec_pair *pair)
{
    struct function_alias alias;
    int r = function_alias_decode(pair, &listing->request->arena, &alias);

    if (r < 0)
        return err_pass(r);
    if (listing->is_filtered && alias.version != listing->version)
        return 0;
    if (listing->count == listing->max) {
        listing->has_more = true;
        return 0;
    }
    return alias_make(listing->request, listing->id, &alias, &listing->items[listing->count++]);
}

/* CATALOG_OK or a failure */
static int list_collect(struct alias_listing *listing, const struct codec_pairs *aliases,
                        struct str after)
{
    for (size_t i = 0; i < aliases->count && !listing->has_more; i++) {
        int r;

        if (str_is_set(after) && str_cmp(aliases->ptr[i].name, after) <= 0)
            continue;
        r = list_add(listing, &aliases->ptr[i]);
        if (r < 0)
            return err_pass(r);
    }
    return CATALOG_OK;
}

static void list_answer(struct alias_listing *listing)
{
    struct lambda_list_aliases_response output = {
        .aliases = {.ptr = listing->items, .count = listing->count},
    };

    if (listing->has_more) {
        const struct page_place last = {.name = listing->items[listing->count - 1].name};

        output.next_marker = page_marker(listing->request, &last);
        if (!str_is_set(output.next_marker)) {
            api_fault_internal(listing->request, err_new(-ENOMEM));
            return;
        }
    }
    api_reply(listing->request, &output);
}

void lambda_list_aliases(struct api_request *request, void *context)
{
    const struct lambda_list_aliases_request *input = request->input;
    const struct lambda_service *service = context;
    struct alias_listing *listing = arena_new(&request->arena, struct alias_listing);
    struct function_settings settings;
    struct page_place after;
    struct function_ref ref;
    int r;

    if (!listing) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!name_resolve_unqualified(request, input->function_name, NAME_BY_POLICY, &ref) ||
        !page_start(request, input->marker, &after))
        return;
    listing->request = request;
    listing->id = &ref.id;
    listing->is_filtered = str_is_set(input->function_version);
    listing->version = version_parse(input->function_version);
    listing->max = page_size(input->max_items);
    r = catalog_get_settings(service->options.catalog, &ref.id, &request->arena, &settings);
    if (r == CATALOG_OK)
        r = list_collect(listing, &settings.aliases, after.name);
    if (r != CATALOG_OK)
        answer_refused(request, &ref, r);
    else
        list_answer(listing);
}
