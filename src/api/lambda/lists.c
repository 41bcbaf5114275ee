/* SPDX-License-Identifier: Apache-2.0 */

/* ListFunctions and ListVersionsByFunction: collect the places of a page and one more, then make
 * the answer. */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/configuration.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "model/lambda/shapes.h"

struct listing {
    struct api_request *request;
    struct catalog *catalog;
    struct function_id id; /* the name is that of the function at hand */
    bool is_qualified;     /* ARNs end with the version */
    size_t max;            /* items of the page, and one that tells whether there are more */
    size_t count;
    struct page_place places[PAGE_ITEMS_MAX + 1];
};

static void add_place(struct listing *listing, struct str name, uint64_t version)
{
    listing->places[listing->count++] = (struct page_place){name, version};
}

static void collect_versions(struct listing *listing, struct str name, uint64_t from)
{
    const struct function_id id = {listing->id.account, listing->id.region, name};
    uint64_t versions[PAGE_ITEMS_MAX + 1];
    size_t count =
        catalog_list_versions(listing->catalog, &id, from, versions, listing->max - listing->count);

    for (size_t i = 0; i < count; i++)
        add_place(listing, name, versions[i]);
}

static size_t collect_names(struct listing *listing, struct str after,
                            struct str names[PAGE_ITEMS_MAX + 1])
{
    return catalog_list(listing->catalog, listing->id.account, listing->id.region, after, names,
                        listing->max);
}

static void collect_latest(struct listing *listing, const struct page_place *after)
{
    struct str names[PAGE_ITEMS_MAX + 1];
    size_t count = collect_names(listing, after->name, names);

    for (size_t i = 0; i < count; i++)
        add_place(listing, names[i], FUNCTION_LATEST);
}

/* Every function has at least $LATEST, so a page of names is more than enough. */
static void collect_all(struct listing *listing, const struct page_place *after)
{
    struct str names[PAGE_ITEMS_MAX + 1];
    size_t count = collect_names(listing, after->name, names);

    if (str_is_set(after->name))
        collect_versions(listing, after->name, after->version + 1);
    for (size_t i = 0; i < count && listing->count < listing->max; i++)
        collect_versions(listing, names[i], FUNCTION_LATEST);
}

static int item_make(struct listing *listing, const struct page_place *place,
                     struct lambda_function_configuration *ret_item)
{
    const struct function_id id = {listing->id.account, listing->id.region, place->name};
    struct function_view view;
    struct str qualifier = STR_NONE;
    int r = catalog_get(listing->catalog, &id, place->version, &listing->request->arena, &view);

    if (r != CATALOG_OK)
        return err_fold(r);
    if (listing->is_qualified)
        qualifier = configuration_version(listing->request, &view);
    return configuration_make(listing->request, &id, &view, qualifier, CONFIGURATION_LISTED,
                              ret_item);
}

static int page_make(struct listing *listing, struct lambda_function_list *ret_list,
                     struct str *ret_marker)
{
    bool has_more = listing->count == listing->max;
    size_t count = has_more ? listing->count - 1 : listing->count;
    struct lambda_function_configuration *items =
        arena_new_array(&listing->request->arena, struct lambda_function_configuration, count + 1);

    if (!items)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++) {
        int r = item_make(listing, &listing->places[i], &items[i]);

        if (r < 0)
            return err_pass(r);
    }
    ret_list->ptr = items;
    ret_list->count = count;
    if (!has_more)
        return 0;
    *ret_marker = page_marker(listing->request, &listing->places[count - 1]);
    return str_is_set(*ret_marker) ? 0 : err_new(-ENOMEM);
}

static struct listing listing_of(struct api_request *request, struct lambda_service *service,
                                 struct model_int max_items)
{
    return (struct listing){
        .request = request,
        .catalog = service->options.catalog,
        .id = {request->principal.account, request->principal.region, STR_NONE},
        .max = page_size(max_items) + 1,
    };
}

/* Functions at the edge, which MasterRegion asks for, do not exist here. */
void lambda_list_functions(struct api_request *request, void *context)
{
    const struct lambda_list_functions_request *input = request->input;
    struct lambda_list_functions_response output = {0};
    struct listing listing = listing_of(request, context, input->max_items);
    struct page_place after;
    int r;

    if (!page_start(request, input->marker, &after))
        return;
    listing.is_qualified = str_is_set(input->function_version);
    if (listing.is_qualified && !str_is_set(input->master_region))
        collect_all(&listing, &after);
    else if (!str_is_set(input->master_region))
        collect_latest(&listing, &after);
    r = page_make(&listing, &output.functions, &output.next_marker);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

void lambda_list_versions_by_function(struct api_request *request, void *context)
{
    const struct lambda_list_versions_by_function_request *input = request->input;
    struct lambda_list_versions_by_function_response output = {0};
    struct listing listing = listing_of(request, context, input->max_items);
    struct function_ref ref;
    struct page_place after;
    uint64_t latest;
    int r;

    if (!name_resolve(request, input->function_name, STR_NONE, NAME_BY_POLICY, &ref) ||
        !page_start(request, input->marker, &after))
        return;
    ref.qualifier = STR_NONE;
    if (catalog_resolve(listing.catalog, &ref.id, STR_NONE, &latest) != CATALOG_OK) {
        answer_not_found(request, &ref);
        return;
    }
    listing.id = ref.id;
    listing.is_qualified = true;
    collect_versions(&listing, ref.id.name, str_is_set(after.name) ? after.version + 1 : 0);
    r = page_make(&listing, &output.versions, &output.next_marker);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}
