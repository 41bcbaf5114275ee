/* SPDX-License-Identifier: Apache-2.0 */

/* ListTags, TagResource, UntagResource, and tags as CreateFunction takes them. */

#include "api/lambda/tags.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/code_signing.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "base/utf8.h"
#include "catalog/catalog.h"
#include "catalog/code_signing.h"
#include "catalog/event_source_mapping.h"
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

/* ---- The resource that an ARN names ---- */

enum tagged_kind {
    TAGGED_FUNCTION,
    TAGGED_CODE_SIGNING_CONFIG,
    TAGGED_EVENT_SOURCE_MAPPING,
    TAGGED_OTHER, /* nothing that carries tags here */
};

/* A resource, found by its ARN. */
struct tagged {
    enum tagged_kind kind;
    struct str arn;
    struct function_ref function;  /* TAGGED_FUNCTION */
    struct catalog_resource_id id; /* the others */
};

/* How the part of the ARN after the account begins: "function:f:1". */
static const struct {
    struct str prefix;
    enum tagged_kind kind;
} tagged_kinds[] = {
    {STR_INIT("function:"), TAGGED_FUNCTION},
    {STR_INIT("code-signing-config:"), TAGGED_CODE_SIGNING_CONFIG},
    {STR_INIT("event-source-mapping:"), TAGGED_EVENT_SOURCE_MAPPING},
};

/* Each kind says in its own words that it is not there. */
static void answer_missing(struct api_request *request, const struct tagged *tagged)
{
    if (tagged->kind == TAGGED_EVENT_SOURCE_MAPPING)
        api_fault(request, &lambda_fault_resource_not_found, "Event source mapping not found: %.*s",
                  STR_FMT(tagged->arn));
    else if (tagged->kind == TAGGED_CODE_SIGNING_CONFIG)
        code_signing_answer_unknown(request, tagged->arn);
    else if (str_starts_with(tagged->id.name, STR("capacity-provider:")))
        api_fault(request, &lambda_fault_resource_not_found, "Capacity provider not found: %.*s",
                  STR_FMT(tagged->arn));
    else
        api_fault(request, &lambda_fault_resource_not_found,
                  "The resource you requested does not exist.");
}

static void refuse(struct api_request *request, const struct tagged *tagged, int answer)
{
    if (answer == CATALOG_NOT_FOUND && tagged->kind != TAGGED_FUNCTION)
        answer_missing(request, tagged);
    else if (answer == CATALOG_BUSY && tagged->kind != TAGGED_FUNCTION)
        api_fault(request, &lambda_fault_resource_conflict,
                  "The tags of %.*s are being changed by other requests.", STR_FMT(tagged->arn));
    else
        answer_refused(request, &tagged->function, answer);
}

/* Account, region and the rest of the ARN; ret_tagged->id.name is that rest. */
static void arn_split(struct str arn, struct tagged *ret_tagged)
{
    struct str part;

    *ret_tagged = (struct tagged){.kind = TAGGED_OTHER, .arn = arn};
    for (size_t i = 0; i < 3; i++)
        (void)str_next(&arn, ':', &part);
    (void)str_next(&arn, ':', &ret_tagged->id.region);
    (void)str_next(&arn, ':', &ret_tagged->id.account);
    ret_tagged->id.name = arn;
}

/* The function that an ARN names. False: the request has been answered. */
static bool function_resolve(struct api_request *request, struct tagged *tagged)
{
    if (!name_resolve(request, tagged->arn, STR_NONE, NAME_BY_POLICY, &tagged->function))
        return false;
    if (!str_is_set(tagged->function.qualifier))
        return true;
    answer_invalid(request, "Tags on function aliases and versions are not supported. Please "
                            "specify a function ARN.");
    return false;
}

/* Resources of other accounts and regions are not there. */
static bool is_here(struct api_request *request, const struct tagged *tagged)
{
    return str_eq(tagged->id.account, request->principal.account) &&
           str_eq(tagged->id.region, request->principal.region);
}

/* False: the request has been answered. */
static bool resource_resolve(struct api_request *request, struct str arn, struct tagged *ret_tagged)
{
    arn_split(arn, ret_tagged);
    for (size_t i = 0; i < array_count(tagged_kinds); i++) {
        struct str prefix = tagged_kinds[i].prefix;

        if (!str_starts_with(ret_tagged->id.name, prefix))
            continue;
        ret_tagged->kind = tagged_kinds[i].kind;
        ret_tagged->id.name = str_sub(ret_tagged->id.name, prefix.len, ret_tagged->id.name.len);
    }
    if (ret_tagged->kind == TAGGED_FUNCTION)
        return function_resolve(request, ret_tagged);
    if (ret_tagged->kind != TAGGED_OTHER && is_here(request, ret_tagged))
        return true;
    answer_missing(request, ret_tagged);
    return false;
}

/* ---- ListTags ---- */

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure */
static int tags_get(struct api_request *request, struct catalog *catalog,
                    const struct tagged *tagged, struct codec_pairs *ret_tags)
{
    struct function_settings settings = {0};
    struct code_signing_config config = {0};
    struct event_source_mapping mapping = {0};
    int r;

    switch (tagged->kind) {
    case TAGGED_FUNCTION:
        r = catalog_get_settings(catalog, &tagged->function.id, &request->arena, &settings);
        *ret_tags = settings.tags;
        return r;
    case TAGGED_CODE_SIGNING_CONFIG:
        r = code_signing_get(catalog, tagged->id.account, tagged->id.region, tagged->arn,
                             &request->arena, &config);
        *ret_tags = config.tags;
        return r;
    default:
        r = event_source_get(catalog, &tagged->id, &request->arena, &mapping);
        *ret_tags = mapping.tags;
        return r;
    }
}

void lambda_list_tags(struct api_request *request, void *context)
{
    const struct lambda_list_tags_request *input = request->input;
    struct lambda_service *service = context;
    struct lambda_list_tags_response output = {0};
    struct codec_pairs tags;
    struct tagged tagged;
    int r;

    if (!resource_resolve(request, input->resource, &tagged))
        return;
    r = tags_get(request, service->options.catalog, &tagged, &tags);
    if (r != CATALOG_OK) {
        refuse(request, &tagged, r);
        return;
    }
    r = tags_make(request, &tags, &output.tags);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        api_reply(request, &output);
}

/* ---- TagResource, UntagResource ---- */

/* In the request's arena. */
struct tag {
    struct api_request *request;
    struct tagged tagged;
    struct codec_pairs set;
    struct codec_list remove;
    union {
        struct catalog_tag function;
        struct catalog_resource_tag resource;
    } input;
    struct catalog_change change;
};

static void on_tagged(struct catalog_change *change, int answer)
{
    struct tag *tag = container_of(change, struct tag, change);

    catalog_change_deinit(change);
    if (answer == CATALOG_OK)
        api_reply(tag->request, NULL);
    else
        refuse(tag->request, &tag->tagged, answer);
}

static struct tag *tag_new(struct api_request *request, struct str resource)
{
    struct tag *tag = arena_new(&request->arena, struct tag);

    if (!tag) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    if (!resource_resolve(request, resource, &tag->tagged))
        return NULL;
    tag->request = request;
    tag->change.on_done = on_tagged;
    return tag;
}

/* As catalog_tag() */
static int tag_change(struct tag *tag, struct catalog *catalog)
{
    if (tag->tagged.kind == TAGGED_FUNCTION) {
        tag->input.function = (struct catalog_tag){tag->tagged.function.id, tag->set, tag->remove};
        return catalog_tag(catalog, &tag->change, &tag->input.function);
    }
    tag->input.resource = (struct catalog_resource_tag){tag->tagged.id, tag->set, tag->remove};
    return tag->tagged.kind == TAGGED_CODE_SIGNING_CONFIG
               ? code_signing_tag(catalog, &tag->change, &tag->input.resource)
               : event_source_tag(catalog, &tag->change, &tag->input.resource);
}

static void tag_start(struct tag *tag, struct lambda_service *service)
{
    int r = tag_change(tag, service->options.catalog);

    if (r != CATALOG_STARTED)
        on_tagged(&tag->change, r);
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
    if (tags_check(request, &input->tags, &tag->set))
        tag_start(tag, context);
}

void lambda_untag_resource(struct api_request *request, void *context)
{
    const struct lambda_untag_resource_request *input = request->input;
    struct tag *tag = tag_new(request, input->resource);

    if (!tag)
        return;
    tag->remove = (struct codec_list){input->tag_keys.ptr, input->tag_keys.count};
    tag_start(tag, context);
}
