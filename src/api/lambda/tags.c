/* SPDX-License-Identifier: Apache-2.0 */

/* ListTags, TagResource, UntagResource, and tags as CreateFunction takes them. */

#include "api/lambda/tags.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "base/utf8.h"
#include "catalog/catalog.h"
#include "model/lambda/faults.h"
#include "model/model.h"

enum { TAG_KEY_CHARACTERS_MAX = 128, TAG_VALUE_CHARACTERS_MAX = 256 };

static bool tag_is_valid(struct str key, struct str value)
{
    return key.len > 0 && utf8_count(key) <= TAG_KEY_CHARACTERS_MAX &&
           utf8_count(value) <= TAG_VALUE_CHARACTERS_MAX && !str_starts_with(key, STR("aws:"));
}

bool tags_check(struct api_request *request, const struct lambda_tags *tags,
                struct codec_pairs *ret_pairs)
{
    struct codec_pair *pairs = arena_new_array(&request->arena, struct codec_pair, tags->count + 1);

    if (!pairs) {
        api_fault_internal(request, err_new(-ENOMEM));
        return false;
    }
    for (size_t i = 0; i < tags->count; i++) {
        struct str value = tags->ptr[i].value;

        pairs[i] = (struct codec_pair){tags->ptr[i].key, str_is_set(value) ? value : STR("")};
        if (!tag_is_valid(pairs[i].name, pairs[i].value)) {
            answer_invalid(request, "An error occurred and the request cannot be processed.");
            return false;
        }
    }
    *ret_pairs = (struct codec_pairs){pairs, tags->count};
    return true;
}

int tags_make(struct api_request *request, const struct codec_pairs *pairs,
              struct lambda_tags *ret_tags)
{
    struct lambda_tags_entry *entries =
        arena_new_array(&request->arena, struct lambda_tags_entry, pairs->count + 1);

    if (!entries)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < pairs->count; i++) {
        entries[i].key = pairs->ptr[i].name;
        entries[i].value = pairs->ptr[i].value;
    }
    ret_tags->ptr = entries;
    ret_tags->count = pairs->count;
    return 0;
}

/* The part after the account: "function:f:1". */
static struct str resource_of(struct str arn)
{
    struct str part;

    for (size_t i = 0; i < 5; i++)
        (void)str_next(&arn, ':', &part);
    return arn;
}

/* Other kinds of resources do not exist here yet, each in its own words. */
static void answer_other_kind(struct api_request *request, struct str arn)
{
    struct str resource = resource_of(arn);
    struct api_fault fault = {.kind = &lambda_fault_resource_not_found};

    if (str_starts_with(resource, STR("event-source-mapping:")))
        fault.message =
            arena_printf(&request->arena, "Event source mapping not found: %.*s", STR_FMT(arn));
    else if (str_starts_with(resource, STR("capacity-provider:")))
        fault.message =
            arena_printf(&request->arena, "Capacity provider not found: %.*s", STR_FMT(arn));
    else if (str_starts_with(resource, STR("code-signing-config:"))) {
        fault.message = arena_printf(&request->arena,
                                     "The Lambda code signing configuration %.*s can not be found.",
                                     STR_FMT(arn));
        fault.untyped = true;
    } else
        fault.message = STR("The resource you requested does not exist.");
    api_fault_send(request, &fault);
}

/* The function that an ARN names. False: the request has been answered. */
static bool resource_resolve(struct api_request *request, struct str arn, struct function_ref *ref)
{
    if (!str_starts_with(resource_of(arn), STR("function:"))) {
        answer_other_kind(request, arn);
        return false;
    }
    if (!name_resolve(request, arn, STR_NONE, NAME_BY_POLICY, ref))
        return false;
    if (!str_is_set(ref->qualifier))
        return true;
    answer_invalid(request, "Tags on function aliases and versions are not supported. Please "
                            "specify a function ARN.");
    return false;
}

void lambda_list_tags(struct api_request *request, void *context)
{
    const struct lambda_list_tags_request *input = request->input;
    struct lambda_service *service = context;
    struct lambda_list_tags_response output = {0};
    struct function_settings settings;
    struct function_ref ref;
    int r;

    if (!resource_resolve(request, input->resource, &ref))
        return;
    r = catalog_get_settings(service->options.catalog, &ref.id, &request->arena, &settings);
    if (r != CATALOG_OK) {
        answer_refused(request, &ref, r);
        return;
    }
    r = tags_make(request, &settings.tags, &output.tags);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

/* In the request's arena. */
struct tag {
    struct api_request *request;
    struct function_ref ref;
    struct catalog_tag input;
    struct catalog_change change;
};

static void tag_done(struct tag *tag, int answer)
{
    struct api_request *request = tag->request;

    catalog_change_deinit(&tag->change);
    if (answer == CATALOG_OK)
        api_reply(request, NULL);
    else
        answer_refused(request, &tag->ref, answer);
}

static void on_tagged(struct catalog_change *change, int answer)
{
    tag_done(container_of(change, struct tag, change), answer);
}

static struct tag *tag_new(struct api_request *request, struct str resource)
{
    struct tag *tag = arena_new(&request->arena, struct tag);

    if (!tag) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    if (!resource_resolve(request, resource, &tag->ref))
        return NULL;
    tag->request = request;
    tag->input.id = tag->ref.id;
    tag->change.on_done = on_tagged;
    return tag;
}

static void tag_start(struct tag *tag, struct lambda_service *service)
{
    int r = catalog_tag(service->options.catalog, &tag->change, &tag->input);

    if (r != CATALOG_STARTED)
        tag_done(tag, r);
}

void lambda_tag_resource(struct api_request *request, void *context)
{
    const struct lambda_tag_resource_request *input = request->input;
    struct tag *tag = tag_new(request, input->resource);

    if (!tag)
        return;
    if (input->tags.count == 0) {
        answer_invalid(request, "An error occurred and the request cannot be processed.");
        return;
    }
    if (tags_check(request, &input->tags, &tag->input.set))
        tag_start(tag, context);
}

void lambda_untag_resource(struct api_request *request, void *context)
{
    const struct lambda_untag_resource_request *input = request->input;
    struct tag *tag = tag_new(request, input->resource);

    if (!tag)
        return;
    tag->input.remove = (struct codec_list){input->tag_keys.ptr, input->tag_keys.count};
    tag_start(tag, context);
}
