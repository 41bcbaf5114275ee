/* SPDX-License-Identifier: Apache-2.0 */

#include "api/rest_json.h"

#include <errno.h>

#include "api/body.h"
#include "api/protocol.h"
#include "api/request.h"
#include "api/route.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "base/must.h"
#include "http/server.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/model.h"

enum { STATUS_NO_CONTENT = 204 };

void api_answer_header(struct api_answer *answer, struct str name, struct str value)
{
    must(answer->header_count < API_ANSWER_HEADERS_MAX);
    answer->headers[answer->header_count++] = (struct http_header){.name = name, .value = value};
}

static int rest_route(const struct api_router *router, struct arena *arena,
                      const struct http_request *http, struct api_route *ret_route)
{
    return api_router_find(router, arena, http->method, http->path, http->query, ret_route);
}

/* Decoding. */

static int decode_query(struct model_decoder *decoder, const struct model_member *member,
                        const struct api_route *route, void *input)
{
    struct str values[API_QUERY_PARAMETERS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < route->query_count; i++)
        if (str_eq(route->query[i].name, str_of(member->name)))
            values[count++] = route->query[i].value;
    if (count == 0)
        return 0;
    if (member->shape->kind == MODEL_LIST)
        return model_decode_texts(decoder, member, values, count, input);
    return model_decode_text(decoder, member, values[0], input);
}

static int decode_member(struct model_decoder *decoder, const struct model_member *member,
                         const struct api_route *route, const struct http_request *http,
                         void *input)
{
    struct str text = STR_NONE;

    switch (member->location) {
    case MODEL_IN_QUERY:
        return decode_query(decoder, member, route, input);
    case MODEL_IN_URI:
        text = api_parameter_find(route->path, route->path_count, str_of(member->name));
        break;
    case MODEL_IN_HEADER:
        text = http_request_header(http, str_of(member->name));
        break;
    default:
        return 0;
    }
    return str_is_set(text) ? model_decode_text(decoder, member, text, input) : 0;
}

static int load_document(struct str text, json_t **ret_doc)
{
    int r = json_doc_load(ret_doc, text, NULL);

    return r == -EINVAL ? API_DECODE_WRONG : r;
}

static int decode_document(struct model_decoder *decoder, const struct model_shape *shape,
                           struct str text, void *structure)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    int r = load_document(text, &doc);

    return r != 0 ? r : model_decode_structure(decoder, shape, doc, structure);
}

/* The member that is the whole body: bytes as they are, or a structure of its own. */
static int decode_payload(struct model_decoder *decoder, const struct model_member *payload,
                          struct str text, void *input)
{
    char *place = (char *)input + payload->offset;
    void *inner;
    int r;

    if (payload->shape->kind == MODEL_BLOB) {
        /* Not copied: the body lives as long as the request. */
        *(struct str *)(void *)place = text;
        return 0;
    }
    inner = arena_calloc(decoder->arena, 1, payload->shape->size);
    if (inner == NULL)
        return err_new(-ENOMEM);
    r = decode_document(decoder, payload->shape, text, inner);
    if (r == 0)
        *(const void **)(void *)place = inner;
    return r;
}

static const struct api_blob *find_blob(void *owner, struct str placeholder)
{
    const struct api_body *body = owner;

    return body != NULL ? api_body_find_blob(body, placeholder) : NULL;
}

static int decode_body(struct model_decoder *decoder, const struct model_shape *shape,
                       const struct api_body *body, void *input)
{
    struct str text = body != NULL ? api_body_text(body) : STR("");

    if (text.len == 0)
        return 0;
    if (shape->payload != NULL)
        return decode_payload(decoder, shape->payload, text, input);
    return decode_document(decoder, shape, text, input);
}

static int rest_decode(struct api_request *request, const struct api_route *route,
                       const struct api_body *body, const char **ret_error)
{
    const struct model_shape *shape = route->operation->input;
    struct model_decoder decoder = {
        .arena = &request->arena, .find_blob = find_blob, .owner = (void *)(uintptr_t)body};
    void *input = arena_calloc(&request->arena, 1, shape->size);
    int r = 0;

    if (input == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < shape->member_count && r == 0; i++)
        r = decode_member(&decoder, &shape->members[i], route, request->http, input);
    if (r == 0)
        r = decode_body(&decoder, shape, body, input);
    if (r < 0)
        return err_pass(r);
    *ret_error = decoder.error;
    request->input = input;
    return r == 0 ? API_DECODE_OK : API_DECODE_WRONG;
}

/* Encoding. */

static void encode_location(const struct model_member *member, const void *output,
                            struct api_answer *answer)
{
    const void *value = (const char *)output + member->offset;

    if (member->location == MODEL_IN_STATUS && ((const struct model_int *)value)->has)
        answer->status = (unsigned)((const struct model_int *)value)->value;
    /* All headers of the outputs that we send are texts. */
    if (member->location == MODEL_IN_HEADER && member->shape->kind == MODEL_STRING &&
        str_is_set(*(const struct str *)value))
        api_answer_header(answer, str_of(member->name), *(const struct str *)value);
}

static void encode_body(const struct model_shape *shape, const void *output,
                        struct api_answer *answer)
{
    struct json_writer writer;

    json_writer_init(&writer, &answer->body);
    if (shape->payload == NULL)
        model_encode_structure(&writer, shape, output);
    else if (shape->payload->shape->kind == MODEL_BLOB)
        (void)buf_append_str(
            &answer->body,
            *(const struct str *)(const void *)((const char *)output + shape->payload->offset));
}

/* Its messages follow, as they come. */
static bool is_event_stream(const struct model_shape *output)
{
    return output != NULL && output->payload != NULL &&
           output->payload->shape->kind == MODEL_EVENT_STREAM;
}

static void rest_encode(const struct api_request *request, const void *output,
                        struct api_answer *answer)
{
    const struct model_shape *shape = request->operation->output;

    answer->status = (unsigned)request->operation->status;
    for (size_t i = 0; output != NULL && shape != NULL && i < shape->member_count; i++)
        encode_location(&shape->members[i], output, answer);
    if (answer->status == STATUS_NO_CONTENT || is_event_stream(shape))
        return;
    api_answer_header(answer, STR("Content-Type"), STR("application/json"));
    if (output != NULL && shape != NULL)
        encode_body(shape, output, answer);
    else if (shape != NULL)
        (void)buf_append_str(&answer->body, STR("{}"));
}

static void write_type(struct json_writer *writer, const struct api_fault *fault)
{
    if (!fault->kind->has_type || fault->untyped)
        return;
    json_write_key(writer, STR("Type"));
    if (fault->type_is_null)
        json_write_null(writer);
    else
        json_write_str(writer, fault->kind->status < 500 ? STR("User") : STR("Service"));
}

static void rest_encode_fault(const struct api_fault *fault, struct api_answer *answer)
{
    struct json_writer writer;

    answer->status = (unsigned)fault->kind->status;
    api_answer_header(answer, STR("Content-Type"), STR("application/json"));
    api_answer_header(answer, STR("x-amzn-ErrorType"), str_of(fault->kind->name));
    json_writer_init(&writer, &answer->body);
    json_write_object_begin(&writer);
    json_write_member(&writer, STR("Reason"), fault->reason);
    write_type(&writer, fault);
    json_write_key(&writer, str_of(fault->kind->message_member));
    if (str_is_set(fault->message))
        json_write_str(&writer, fault->message);
    else
        json_write_null(&writer);
    json_write_object_end(&writer);
}

const struct api_protocol api_rest_json = {
    .route = rest_route,
    .decode = rest_decode,
    .encode = rest_encode,
    .encode_fault = rest_encode_fault,
};
