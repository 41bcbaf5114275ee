/* SPDX-License-Identifier: Apache-2.0 */

/* GetEventSourceMapping, DeleteEventSourceMapping, ListEventSourceMappings. */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/event_source_answer.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/event_source_mapping.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* Rows that are looked at in one go; mappings of a page. */
enum { ROWS_AT_ONCE = 64, MAPPINGS_PER_PAGE_MAX = 100 };

static struct catalog_resource_id id_of(struct api_request *request, struct str uuid)
{
    return (struct catalog_resource_id){request->principal.account, request->principal.region,
                                        uuid};
}

/* Answers with the mapping as it is now. */
static void reply_mapping(struct api_request *request, struct lambda_service *service,
                          struct str uuid)
{
    const struct catalog_resource_id id = id_of(request, uuid);
    struct lambda_event_source_mapping_configuration output;
    struct event_source_mapping mapping;
    int r = event_source_get(service->options.catalog, &id, &request->arena, &mapping);

    if (r == CATALOG_NOT_FOUND) {
        event_source_answer_unknown(request);
        return;
    }
    if (r == CATALOG_OK)
        r = event_source_answer_make(request, &mapping, &output);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

void lambda_get_event_source_mapping(struct api_request *request, void *context)
{
    const struct lambda_get_event_source_mapping_request *input = request->input;

    reply_mapping(request, context, input->uuid);
}

/* ---- DeleteEventSourceMapping ---- */

/* In the request's arena. */
struct delete_mapping {
    struct api_request *request;
    struct lambda_service *service;
    struct event_source_delete input;
    struct catalog_change change;
};

static void on_deleted(struct catalog_change *change, int answer)
{
    struct delete_mapping *delete = container_of(change, struct delete_mapping, change);
    struct api_request *request = delete->request;

    catalog_change_deinit(change);
    switch (answer) {
    case CATALOG_OK:
        reply_mapping(request, delete->service, delete->input.id.name);
        break;
    case CATALOG_NOT_FOUND:
        event_source_answer_unknown(request);
        break;
    case CATALOG_BUSY:
    case EVENT_SOURCE_IN_USE:
        api_fault(request, &lambda_fault_resource_in_use,
                  "Cannot delete the event source mapping because it is in use.");
        break;
    default:
        api_fault_internal(request, err_fold(answer));
        break;
    }
}

void lambda_delete_event_source_mapping(struct api_request *request, void *context)
{
    const struct lambda_delete_event_source_mapping_request *input = request->input;
    struct delete_mapping *delete = arena_new(&request->arena, struct delete_mapping);
    int r;

    if (!delete) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    delete->request = request;
    delete->service = context;
    delete->input.id = id_of(request, input->uuid);
    delete->change.on_done = on_deleted;
    r = event_source_delete(delete->service->options.catalog, &delete->change, &delete->input);
    if (r != CATALOG_STARTED)
        on_deleted(&delete->change, r);
}

/* ---- ListEventSourceMappings ---- */

/* What the page is taken from, and what has been taken. In the request's arena. */
struct mapping_listing {
    struct api_request *request;
    struct str source_arn;               /* absent: any */
    const struct function_ref *function; /* NULL: any */
    size_t max;
    size_t count;
    struct lambda_event_source_mapping_configuration items[MAPPINGS_PER_PAGE_MAX];
    bool has_more;
};

static bool is_listed(const struct mapping_listing *listing,
                      const struct event_source_mapping *mapping)
{
    const struct function_ref *function = listing->function;

    if (str_is_set(listing->source_arn) && !str_eq(listing->source_arn, mapping->source_arn))
        return false;
    return !function || (str_eq(function->id.name, mapping->function_name) &&
                         str_eq(function->qualifier, mapping->qualifier));
}

/* An encrypted filter is not shown in lists. */
static int list_add(struct mapping_listing *listing, const struct catalog_resource_row *row)
{
    struct lambda_event_source_mapping_configuration *item;
    struct event_source_mapping mapping;
    int r;

    if (listing->count == listing->max) {
        listing->has_more = true;
        return 0;
    }
    item = &listing->items[listing->count++];
    r = event_source_decode(row->bytes, &listing->request->arena, &mapping);
    mapping.uuid = row->name;
    if (r == 0)
        r = event_source_answer_make(listing->request, &mapping, item);
    if (str_is_set(mapping.kms_key_arn))
        item->filter_criteria = NULL;
    return r;
}

/* 1, 0 or a failure */
static int row_is_listed(const struct mapping_listing *listing,
                         const struct catalog_resource_row *row)
{
    struct event_source_mapping mapping;
    struct arena arena;
    int r;

    arena_init(&arena);
    r = event_source_decode(row->bytes, &arena, &mapping);
    if (r == 0)
        r = is_listed(listing, &mapping);
    arena_deinit(&arena);
    return r;
}

/* 0 or a failure */
static int list_rows(struct mapping_listing *listing, const struct catalog_resource_row *rows,
                     size_t count)
{
    for (size_t i = 0; i < count && !listing->has_more; i++) {
        int r = row_is_listed(listing, &rows[i]);

        if (r > 0)
            r = list_add(listing, &rows[i]);
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

/* 0 or a failure */
static int list_collect(struct mapping_listing *listing, struct catalog *catalog, struct str after)
{
    const struct api_principal *principal = &listing->request->principal;
    struct catalog_resource_row rows[ROWS_AT_ONCE];
    size_t count;

    do {
        int r;

        count = catalog_resource_list(catalog, CATALOG_EVENT_SOURCE_MAPPING, principal->account,
                                      principal->region, STR(""), after, rows, ROWS_AT_ONCE);
        r = list_rows(listing, rows, count);
        if (r < 0)
            return err_pass(r);
        if (count > 0)
            after = rows[count - 1].name;
    } while (count == ROWS_AT_ONCE && !listing->has_more);
    return 0;
}

static void list_answer(struct mapping_listing *listing)
{
    struct lambda_list_event_source_mappings_response output = {
        .event_source_mappings = {.ptr = listing->items, .count = listing->count},
    };

    if (listing->has_more)
        output.next_marker =
            page_marker(listing->request,
                        &(struct page_place){.name = listing->items[listing->count - 1].uuid});
    api_reply(listing->request, &output);
}

static size_t mappings_max(struct model_int max_items)
{
    return max_items.has && max_items.value < MAPPINGS_PER_PAGE_MAX ? (size_t)max_items.value
                                                                    : MAPPINGS_PER_PAGE_MAX;
}

void lambda_list_event_source_mappings(struct api_request *request, void *context)
{
    const struct lambda_list_event_source_mappings_request *input = request->input;
    const struct lambda_service *service = context;
    struct mapping_listing *listing = arena_new(&request->arena, struct mapping_listing);
    struct page_place after;
    struct function_ref ref;
    int r;

    if (!listing) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!page_start(request, input->marker, &after))
        return;
    if (str_is_set(input->function_name)) {
        if (!name_resolve(request, input->function_name, STR_NONE, NAME_OWN_ACCOUNT, &ref))
            return;
        listing->function = &ref;
    }
    listing->request = request;
    listing->source_arn = input->event_source_arn;
    listing->max = mappings_max(input->max_items);
    r = list_collect(listing, service->options.catalog, after.name);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        list_answer(listing);
}
