/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CreateEventSourceMapping, UpdateEventSourceMapping: read the input → judge the settings → look
 * for the function → ask the service for the source → write the mapping → answer. The catalogue
 * judges again what can have changed meanwhile.
 */

#include <errno.h>
#include <inttypes.h>

#include "api/lambda/answers.h"
#include "api/lambda/event_source_answer.h"
#include "api/lambda/event_source_input.h"
#include "api/lambda/event_source_probe.h"
#include "api/lambda/handlers.h"
#include "api/lambda/names.h"
#include "api/lambda/service_internal.h"
#include "api/lambda/tags.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/rand.h"
#include "catalog/event_source_mapping.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* The answer of update_apply when the verdict is not EVENT_SOURCE_FINE. */
enum { PUT_REFUSED = CATALOG_CALLER };

/* In the request's arena. */
struct put_mapping {
    struct api_request *request;
    struct lambda_service *service;
    struct lambda_create_event_source_mapping_request said;
    struct function_ref ref;             /* when said names one */
    struct event_source_mapping mapping; /* as it is to be */
    struct event_source_verdict verdict;
    struct event_source_probe probe;
    void (*write)(struct put_mapping *put); /* when all is well */
    union {
        struct event_source_create create;
        struct event_source_update update;
    };
    struct catalog_change change;
    struct str id; /* the UUID */
    char new_id[UUID_TEXT_BYTES];
};

static void refuse_function(struct put_mapping *put)
{
    answer_invalid(put->request, "Function does not exist");
}

static void refuse_duplicate(struct put_mapping *put)
{
    struct api_request *request = put->request;
    struct str uuid;
    int r =
        event_source_duplicate(put->service->options.catalog, request->principal.account,
                               request->principal.region, &put->mapping, &request->arena, &uuid);

    if (r < 0)
        api_fault_internal(request, err_pass(r));
    else
        event_source_answer_duplicate(request, &put->mapping, uuid);
}

static void refuse(struct put_mapping *put, int answer)
{
    struct api_request *request = put->request;

    switch (answer) {
    case PUT_REFUSED:
        event_source_answer_verdict(request, &put->mapping, &put->verdict);
        break;
    case CATALOG_NOT_FOUND:
        event_source_answer_unknown(request);
        break;
    case EVENT_SOURCE_NO_FUNCTION:
        refuse_function(put);
        break;
    case EVENT_SOURCE_DUPLICATE:
        refuse_duplicate(put);
        break;
    case CATALOG_TAGS:
        answer_invalid(request, "Number of tags exceeds resource tag limit.");
        break;
    case CATALOG_BUSY:
    case EVENT_SOURCE_IN_USE:
        api_fault(request, &lambda_fault_resource_in_use,
                  "Cannot update the event source mapping because it is in use.");
        break;
    default:
        api_fault_internal(request, err_fold(answer));
        break;
    }
}

static void on_written(struct catalog_change *change, int answer)
{
    struct put_mapping *put = container_of(change, struct put_mapping, change);
    struct api_request *request = put->request;
    struct lambda_event_source_mapping_configuration output;
    const struct catalog_resource_id id = {request->principal.account, request->principal.region,
                                           put->id};
    struct arena held = catalog_change_steal(change); /* a refusal shows the mapping */

    if (answer == CATALOG_OK)
        answer =
            event_source_get(put->service->options.catalog, &id, &request->arena, &put->mapping);
    if (answer == CATALOG_OK)
        answer = event_source_answer_make(request, &put->mapping, &output);
    if (answer == 0)
        api_reply(request, &output);
    else
        refuse(put, answer);
    arena_deinit(&held);
}

/* ---- The source ---- */

static void refuse_source(struct put_mapping *put, int outcome)
{
    struct str arn = put->mapping.source_arn;
    bool is_stream = event_source_is_stream(put->mapping.kind);

    if (outcome == EVENT_SOURCE_NOT_THERE && is_stream)
        answer_invalid(put->request, "Stream not found: %.*s", STR_FMT(arn));
    else if (outcome == EVENT_SOURCE_NOT_THERE)
        answer_invalid(put->request, "Error occurred while ReceiveMessage. SQS Error Code: "
                                     "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: "
                                     "The specified queue does not exist.");
    else if (is_stream)
        answer_invalid(put->request,
                       "Cannot access stream %.*s. Please ensure the role can perform the "
                       "GetRecords, GetShardIterator, DescribeStream, %sand ListStreams Actions on "
                       "your stream in IAM.",
                       STR_FMT(arn),
                       put->mapping.kind == EVENT_SOURCE_KINESIS ? "ListShards, " : "");
    else
        answer_invalid(put->request, "The provided execution role does not have permissions to "
                                     "call ReceiveMessage on SQS");
}

/* The messages must stay away for as long as the function may take. False: answered. */
static bool check_visibility(struct put_mapping *put)
{
    const struct function_id id = {put->request->principal.account, put->request->principal.region,
                                   put->mapping.function_name};
    struct catalog *catalog = put->service->options.catalog;
    struct function_view view;
    uint64_t version;

    if (!put->probe.has_visibility ||
        catalog_resolve(catalog, &id, put->mapping.qualifier, &version) != CATALOG_OK ||
        catalog_get(catalog, &id, version, &put->request->arena, &view) != CATALOG_OK ||
        put->probe.visibility_s >= view.config.timeout_s)
        return true;
    answer_invalid(put->request,
                   "Queue visibility timeout: %" PRIu64
                   " seconds is less than Function timeout: %" PRIu32 " seconds",
                   put->probe.visibility_s, view.config.timeout_s);
    return false;
}

static void source_answered(struct put_mapping *put, int outcome)
{
    if (outcome < 0)
        api_fault_internal(put->request, err_pass(outcome));
    else if (outcome != EVENT_SOURCE_THERE)
        refuse_source(put, outcome);
    else if (check_visibility(put))
        put->write(put);
}

static void on_probed(struct event_source_probe *probe, int outcome)
{
    source_answered(container_of(probe, struct put_mapping, probe), outcome);
}

static void ask_source(struct put_mapping *put)
{
    int r;

    put->probe.on_done = on_probed;
    r = event_source_probe_start(&put->probe, put->service->options.aws, &put->mapping,
                                 &put->request->arena);
    if (r != EVENT_SOURCE_PROBING)
        source_answered(put, r);
}

/* ---- CreateEventSourceMapping ---- */

static void create_write(struct put_mapping *put)
{
    int r;

    put->create.account = put->request->principal.account;
    put->create.region = put->request->principal.region;
    put->create.mapping = put->mapping;
    put->change.on_done = on_written;
    r = event_source_create(put->service->options.catalog, &put->change, &put->create);
    if (r != CATALOG_STARTED)
        on_written(&put->change, r);
}

/* The kind of source that the request means. False: answered. */
static bool read_kind(struct put_mapping *put, enum event_source_kind *ret_kind)
{
    *ret_kind = EVENT_SOURCE_KAFKA;
    if (str_is_set(put->said.event_source_arn)
            ? event_source_kind_of(put->said.event_source_arn, ret_kind)
            : put->said.self_managed_event_source != NULL)
        return true;
    answer_invalid(put->request, "Unrecognized event source.");
    return false;
}

/* CATALOG_OK, PUT_REFUSED or a failure. */
static int judge(struct put_mapping *put, uint32_t asked)
{
    int r = event_source_judge(&put->mapping, asked, clock_real_ms(), &put->verdict);

    if (r < 0)
        return err_pass(r);
    return put->verdict.refusal == EVENT_SOURCE_FINE ? CATALOG_OK : PUT_REFUSED;
}

/* CATALOG_OK, PUT_REFUSED or a failure. */
static int create_read(struct put_mapping *put, enum event_source_kind kind)
{
    uint32_t asked;
    int r;

    put->id = str_of(rand_uuid(put->new_id));
    put->mapping = (struct event_source_mapping){
        .uuid = put->id,
        .source_arn = put->said.event_source_arn,
        .function_name = put->ref.id.name,
        .qualifier = put->ref.qualifier,
    };
    event_source_fill(&put->mapping, kind);
    r = event_source_input_apply(&put->said, &put->request->arena, &put->mapping, &asked);
    return r < 0 ? err_pass(r) : judge(put, asked);
}

static bool function_is_there(struct put_mapping *put)
{
    uint64_t version;

    return catalog_resolve(put->service->options.catalog, &put->ref.id, put->ref.qualifier,
                           &version) == CATALOG_OK;
}

/* NULL: the request has been answered. */
static struct put_mapping *put_new(struct api_request *request, void *context)
{
    struct put_mapping *put = arena_new(&request->arena, struct put_mapping);

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return NULL;
    }
    put->request = request;
    put->service = context;
    return put;
}

void lambda_create_event_source_mapping(struct api_request *request, void *context)
{
    const struct lambda_create_event_source_mapping_request *input = request->input;
    struct put_mapping *put = put_new(request, context);
    enum event_source_kind kind;
    int r;

    if (!put)
        return;
    put->said = *input;
    if (!read_kind(put, &kind) ||
        !name_resolve(request, input->function_name, STR_NONE, NAME_OWN_ACCOUNT, &put->ref))
        return;
    r = create_read(put, kind);
    if (r != CATALOG_OK) {
        refuse(put, r);
        return;
    }
    if (!tags_check(request, &input->tags, &put->mapping.tags))
        return;
    if (!function_is_there(put)) {
        refuse_function(put);
        return;
    }
    put->write = create_write;
    ask_source(put);
}

/* ---- UpdateEventSourceMapping ---- */

/* The mapping as the catalogue has it now, with what is said: it may be called again. */
static int update_apply(const struct event_source_update *update, struct arena *arena,
                        struct event_source_mapping *mapping)
{
    struct put_mapping *put = container_of(update, struct put_mapping, update);
    struct str consumer_group = mapping->consumer_group;
    uint32_t asked;
    int r;

    (void)arena; /* what is judged is shown later, so that it is the request's */
    if (str_is_set(put->said.function_name)) {
        mapping->function_name = put->ref.id.name;
        mapping->qualifier = put->ref.qualifier;
    }
    r = event_source_input_apply(&put->said, &put->request->arena, mapping, &asked);
    if (r < 0)
        return err_pass(r);
    mapping->consumer_group = consumer_group; /* is for good */
    put->mapping = *mapping;
    return judge(put, asked);
}

static void update_write(struct put_mapping *put)
{
    int r;

    put->update.id = (struct catalog_resource_id){put->request->principal.account,
                                                  put->request->principal.region, put->id};
    put->update.apply = update_apply;
    put->change.on_done = on_written;
    r = event_source_update(put->service->options.catalog, &put->change, &put->update);
    if (r != CATALOG_STARTED)
        on_written(&put->change, r);
}

/* Another function: whether its queue suits it is asked of the source. */
static void update_function(struct put_mapping *put)
{
    const struct catalog_resource_id id = {put->request->principal.account,
                                           put->request->principal.region, put->id};
    int r =
        event_source_get(put->service->options.catalog, &id, &put->request->arena, &put->mapping);

    if (r != CATALOG_OK) {
        refuse(put, r);
        return;
    }
    put->mapping.function_name = put->ref.id.name;
    put->mapping.qualifier = put->ref.qualifier;
    put->mapping.source_arn = arena_str(&put->request->arena, put->mapping.source_arn);
    ask_source(put);
}

void lambda_update_event_source_mapping(struct api_request *request, void *context)
{
    const struct lambda_update_event_source_mapping_request *input = request->input;
    struct put_mapping *put = put_new(request, context);

    if (!put)
        return;
    event_source_input_of_update(input, &put->said);
    put->id = input->uuid;
    put->write = update_write;
    if (!str_is_set(input->function_name))
        update_write(put);
    else if (name_resolve(request, input->function_name, STR_NONE, NAME_OWN_ACCOUNT, &put->ref))
        update_function(put);
}
