/* SPDX-License-Identifier: Apache-2.0 */

/* ListLayers and ListLayerVersions. */

#include <errno.h>

#include "api/lambda/handlers.h"
#include "api/lambda/layer_answer.h"
#include "api/lambda/layer_ref.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/layer.h"

/* What the page is taken from. */
struct layer_listing {
    struct api_request *request;
    struct catalog *catalog;
    struct catalog_resource_id layer; /* the one at hand */
    struct str runtime;               /* only versions for them; absent: any */
    struct str architecture;
    size_t max;
    size_t count;
};

static struct layer_listing listing_of(struct api_request *request,
                                       const struct lambda_service *service,
                                       struct model_int max_items)
{
    return (struct layer_listing){
        .request = request,
        .catalog = service->options.catalog,
        .layer = {request->principal.account, request->principal.region, STR_NONE},
        .max = page_size(max_items),
    };
}

/* The newest matching version before number. CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
static int version_before(const struct layer_listing *listing, uint64_t number,
                          struct layer_version *ret_version)
{
    CLEANUP(arena_deinit) struct arena scratch; /* for versions that are passed over */
    struct layer_version version = {.number = number};
    int r;

    arena_init(&scratch);
    do {
        arena_reset(&scratch);
        r = catalog_layer_version_before(listing->catalog, &listing->layer, version.number,
                                         &scratch, &version);
    } while (r == CATALOG_OK &&
             !layer_version_matches(&version, listing->runtime, listing->architecture));
    if (r != CATALOG_OK)
        return r;
    return catalog_get_layer_version(listing->catalog, &listing->layer, version.number,
                                     &listing->request->arena, ret_version);
}

static void answer(struct api_request *request, int r, const void *output)
{
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, output);
}

static int marker_make(struct api_request *request, const struct page_place *last,
                       struct str *ret_marker)
{
    *ret_marker = page_marker(request, last);
    return str_is_set(*ret_marker) ? 0 : err_new(-ENOMEM);
}

/* ---- ListLayerVersions: the newest first ---- */

/* 0 or a failure */
static int versions_collect(struct layer_listing *listing, uint64_t before,
                            struct lambda_layer_versions_list_item *items, struct str *ret_marker)
{
    struct layer_version version = {.number = before};

    for (;;) {
        const struct page_place last = {listing->layer.name, version.number};
        int r = version_before(listing, version.number, &version);

        if (r == CATALOG_NOT_FOUND)
            return 0;
        if (r == CATALOG_OK && listing->count == listing->max)
            return marker_make(listing->request, &last, ret_marker);
        if (r == CATALOG_OK)
            r = layer_answer_make_item(listing->request, &listing->layer, &version,
                                       &items[listing->count++]);
        if (r < 0)
            return err_pass(r);
    }
}

void lambda_list_layer_versions(struct api_request *request, void *context)
{
    const struct lambda_list_layer_versions_request *input = request->input;
    struct layer_listing listing = listing_of(request, context, input->max_items);
    struct lambda_layer_versions_list_item *items =
        arena_new_array(&request->arena, struct lambda_layer_versions_list_item, listing.max);
    struct lambda_list_layer_versions_response output = {.layer_versions = {.ptr = items}};
    struct page_place after;
    struct layer_ref ref;
    int r;

    if (!items) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!layer_ref_resolve(request, input->layer_name, 0, &ref) ||
        !page_start(request, input->marker, &after))
        return;
    listing.layer = ref.layer;
    listing.runtime = input->compatible_runtime;
    listing.architecture = input->compatible_architecture;
    r = versions_collect(&listing, str_is_set(after.name) ? after.version : UINT64_MAX, items,
                         &output.next_marker);
    output.layer_versions.count = listing.count;
    answer(request, r, &output);
}

/* ---- ListLayers: by name, each with its newest matching version ---- */

static int layer_make(const struct layer_listing *listing, const struct layer_version *version,
                      struct lambda_layers_list_item *ret_item)
{
    struct arena *arena = &listing->request->arena;
    struct lambda_layer_versions_list_item *latest =
        arena_new(arena, struct lambda_layer_versions_list_item);

    *ret_item = (struct lambda_layers_list_item){
        .layer_name = listing->layer.name,
        .layer_arn = arn_layer(arena, &listing->layer),
        .latest_matching_version = latest,
    };
    if (!latest || !str_is_set(ret_item->layer_arn))
        return err_new(-ENOMEM);
    return layer_answer_make_item(listing->request, &listing->layer, version, latest);
}

/* Layers without such a version are left out. 0 or a failure. */
static int layers_collect(struct layer_listing *listing, struct str after,
                          struct lambda_layers_list_item *items, struct str *ret_marker)
{
    struct page_place last = {0};
    struct str name = after;

    while (catalog_list_layers(listing->catalog, listing->layer.account, listing->layer.region,
                               name, &name, 1) == 1) {
        struct layer_version version;
        int r;

        listing->layer.name = name;
        r = version_before(listing, UINT64_MAX, &version);
        if (r == CATALOG_NOT_FOUND)
            continue;
        if (r == CATALOG_OK && listing->count == listing->max)
            return marker_make(listing->request, &last, ret_marker);
        last.name = name;
        if (r == CATALOG_OK)
            r = layer_make(listing, &version, &items[listing->count++]);
        if (r < 0)
            return err_pass(r);
    }
    return 0;
}

void lambda_list_layers(struct api_request *request, void *context)
{
    const struct lambda_list_layers_request *input = request->input;
    struct layer_listing listing = listing_of(request, context, input->max_items);
    struct lambda_layers_list_item *items =
        arena_new_array(&request->arena, struct lambda_layers_list_item, listing.max);
    struct lambda_list_layers_response output = {.layers = {.ptr = items}};
    struct page_place after;
    int r;

    if (!items) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    if (!page_start(request, input->marker, &after))
        return;
    listing.runtime = input->compatible_runtime;
    listing.architecture = input->compatible_architecture;
    r = layers_collect(&listing, after.name, items, &output.next_marker);
    output.layers.count = listing.count;
    answer(request, r, &output);
}
