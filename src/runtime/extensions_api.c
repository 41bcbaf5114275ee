/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/extensions_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "base/list.h"
#include "base/must.h"
#include "http/server.h"
#include "runtime/answer.h"

enum { REGISTER_BODY_BYTES_MAX = 65536 };

static const struct str prefix = STR_INIT("/2020-01-01/extension/");

struct extensions_api {
    struct extensions set;
    const struct extensions_function function;
    const struct extensions_api_ops *ops;
    void *owner;
    bool is_launching;
    struct buf event;   /* the JSON text of set.event */
    struct list parked; /* struct next_wait */
    struct list bodies; /* struct register_body */
};

/* A `next` call that waits for an event. */
struct next_wait {
    struct list node;
    struct http_request *req;
    struct extension *extension; /* of the set */
};

/* The body of a `register` call that is being read. */
struct register_body {
    struct list node;
    struct extensions_api *api; /* NULL once the process that sends it is gone */
    struct http_request *req;
    struct buf bytes;
    bool is_complete; /* and waits for the launch to be over */
};

int extensions_api_new(struct extensions_api **ret_api, const struct extensions_function *function,
                       const struct extensions_api_ops *ops, void *owner)
{
    struct extensions_api *api = calloc(1, sizeof(*api));
    const struct extensions_api value = {.function = *function, .ops = ops, .owner = owner};

    if (!api)
        return err_new(-ENOMEM);
    memcpy(api, &value, sizeof(value));
    list_init(&api->parked);
    list_init(&api->bodies);
    *ret_api = api;
    return 0;
}

static void finish_register(struct register_body *body);

static void wait_free(struct next_wait *wait)
{
    list_remove(&wait->node);
    free(wait);
}

static void drop_calls(struct extensions_api *api)
{
    list_for_each_safe (node, &api->parked) {
        struct next_wait *wait = container_of(node, struct next_wait, node);
        struct http_request *req = wait->req;

        wait_free(wait);
        answer_internal_error(req);
    }
    list_for_each_safe (node, &api->bodies) {
        struct register_body *body = container_of(node, struct register_body, node);

        body->api = NULL;
        list_remove(node);
        if (body->is_complete)
            finish_register(body);
    }
}

struct extensions_api *extensions_api_free(struct extensions_api *api)
{
    if (!api)
        return NULL;
    drop_calls(api);
    buf_deinit(&api->event);
    free(api);
    return NULL;
}

struct extensions *extensions_api_set(struct extensions_api *api)
{
    return &api->set;
}

void extensions_api_reset(struct extensions_api *api, bool is_launching)
{
    drop_calls(api);
    api->is_launching = is_launching;
    extensions_reset(&api->set);
}

static void refuse(struct http_request *req, const struct extension_fault *fault)
{
    answer_error(req, 403, fault->type, fault->message);
}

/* ---- next, and the events ---- */

static void answer_event(struct extensions_api *api, struct http_request *req)
{
    char id[UUID_TEXT_BYTES];
    const struct http_header headers[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("Lambda-Extension-Event-Identifier"), str_of(rand_uuid(id))},
    };

    http_respond(req, 200, headers, array_count(headers), buf_str(&api->event));
}

/* Give those that run and have not heard of it their event. */
static void deliver(struct extensions_api *api)
{
    list_for_each_safe (node, &api->parked) {
        struct next_wait *wait = container_of(node, struct next_wait, node);
        struct http_request *req = wait->req;

        if (wait->extension->state != EXTENSION_RUNNING)
            continue;
        wait->extension->has_event = false;
        wait_free(wait);
        answer_event(api, req);
    }
}

/* The client closed its connection while its `next` waited: the answer must still be given, to
 * nobody. */
static void on_wait_closed(void *owner)
{
    struct next_wait *wait = owner;
    struct http_request *req = wait->req;

    wait_free(wait);
    answer_internal_error(req);
}

static void on_next(struct extensions_api *api, struct http_request *req)
{
    struct extension_fault fault;
    struct extension *extension =
        extensions_find(&api->set, http_request_header(req, STR("Lambda-Extension-Identifier")),
                        "Unknown extension ", &fault);
    struct next_wait *wait;

    if (!extension || !extension_next(extension, &fault)) {
        refuse(req, &fault);
        return;
    }
    wait = calloc(1, sizeof(*wait));
    if (!wait) {
        answer_internal_error(req);
        return;
    }
    wait->req = req;
    wait->extension = extension;
    list_push_back(&api->parked, &wait->node);
    http_request_on_closed(req, on_wait_closed, wait);
    deliver(api);
    api->ops->changed(api->owner);
}

static void send_event(struct extensions_api *api, enum extension_event event)
{
    extensions_send(&api->set, event);
    deliver(api);
}

void extensions_api_invoke(struct extensions_api *api, const struct extensions_invoke *invoke)
{
    struct json_writer json;

    if (!api->set.count)
        return; /* the ordinary case, which costs nothing */
    buf_clear(&api->event);
    json_writer_init(&json, &api->event);
    json_write_object_begin(&json);
    json_write_member(&json, STR("eventType"), STR("INVOKE"));
    json_write_key(&json, STR("deadlineMs"));
    json_write_i64(&json, (int64_t)invoke->deadline_real_ms);
    json_write_member(&json, STR("requestId"), invoke->request_id);
    json_write_member(&json, STR("invokedFunctionArn"), invoke->function_arn);
    if (invoke->trace_id.len) {
        json_write_key(&json, STR("tracing"));
        json_write_object_begin(&json);
        json_write_member(&json, STR("type"), STR("X-Amzn-Trace-Id"));
        json_write_member(&json, STR("value"), invoke->trace_id);
        json_write_object_end(&json);
    }
    json_write_object_end(&json);
    send_event(api, EXTENSION_ON_INVOKE);
}

void extensions_api_shutdown(struct extensions_api *api, const char *reason,
                             uint64_t deadline_real_ms)
{
    struct json_writer json;

    buf_clear(&api->event);
    json_writer_init(&json, &api->event);
    json_write_object_begin(&json);
    json_write_member(&json, STR("eventType"), STR("SHUTDOWN"));
    json_write_member(&json, STR("shutdownReason"), str_of(reason));
    json_write_key(&json, STR("deadlineMs"));
    json_write_i64(&json, (int64_t)deadline_real_ms);
    json_write_object_end(&json);
    send_event(api, EXTENSION_ON_SHUTDOWN);
}

/* ---- register ---- */

static void body_free(struct register_body *body)
{
    list_remove(&body->node);
    buf_deinit(&body->bytes);
    free(body);
}

static void answer_registered(const struct extensions_api *api, struct http_request *req,
                              const struct extension *extension)
{
    struct str features = http_request_header(req, STR("Lambda-Extension-Accept-Feature"));
    const struct http_header headers[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("Lambda-Extension-Identifier"), str_of(extension->id)},
    };
    CLEANUP(buf_deinit) struct buf text = {0};
    struct json_writer json;
    struct str feature;

    json_writer_init(&json, &text);
    json_write_object_begin(&json);
    while (str_next(&features, ',', &feature)) {
        if (str_eq(str_trim(feature), STR("accountId"))) {
            json_write_member(&json, STR("accountId"), api->function.account);
            break;
        }
    }
    json_write_member(&json, STR("functionName"), api->function.name);
    json_write_member(&json, STR("functionVersion"), api->function.version);
    json_write_member(&json, STR("handler"), api->function.handler);
    json_write_object_end(&json);
    http_respond(req, 200, headers, array_count(headers), buf_str(&text));
}

/* The events of a body that is right so far; false with the sentence. */
static bool parse_body(struct str bytes, json_t **ret_doc, struct str *events, size_t *ret_count,
                       struct extension_fault *fault)
{
    struct json_doc_error error;
    json_t *list;
    size_t count = 0;

    fault->type = "InvalidRequestFormat";
    (void)str_to_cstr(STR("the body must be a JSON object with an array of events"), fault->message,
                      sizeof(fault->message));
    if (json_doc_load(ret_doc, bytes, &error) < 0) {
        (void)str_to_cstr(str_of(error.text), fault->message, sizeof(fault->message));
        return false;
    }
    if (!json_is_object(*ret_doc))
        return false;
    if (json_array_size(json_doc_array(*ret_doc, "configurationKeys"))) {
        (void)str_to_cstr(
            STR("configurationKeys are deprecated; use environment variables instead"),
            fault->message, sizeof(fault->message));
        return false;
    }
    list = json_object_get(*ret_doc, "events");
    if (list && !json_is_null(list) && !json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list) && count < EXTENSIONS_MAX; i++) {
        events[count] = json_doc_text(json_array_get(list, i));
        if (!str_is_set(events[count++]))
            return false;
    }
    *ret_count = count;
    return true;
}

static void finish_register(struct register_body *body)
{
    struct extensions_api *api = body->api;
    struct http_request *req = body->req;
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct str events[EXTENSIONS_MAX];
    struct extension *extension = NULL;
    struct extension_fault fault;
    size_t count = 0;

    if (!api || buf_failed(&body->bytes)) {
        body_free(body);
        answer_internal_error(req);
        return;
    }
    if (parse_body(buf_str(&body->bytes), &doc, events, &count, &fault))
        extension =
            extensions_register(&api->set, http_request_header(req, STR("Lambda-Extension-Name")),
                                events, count, &fault);
    body_free(body);
    if (!extension) {
        refuse(req, &fault);
        return;
    }
    answer_registered(api, req, extension);
    api->ops->changed(api->owner);
}

static const struct http_body_ops body_ops;

static void on_body_data(void *owner, const char *bytes, size_t len)
{
    struct register_body *body = owner;

    if (len == 0) {
        body->is_complete = true;
        if (!body->api || !body->api->is_launching)
            finish_register(body);
        return;
    }
    (void)buf_append(&body->bytes, bytes, len); /* checked at the end */
    http_request_read(body->req, &body_ops, body);
}

static void on_body_failed(void *owner)
{
    struct register_body *body = owner;
    struct http_request *req = body->req;

    body_free(body);
    answer_error(req, 400, "TruncatedHTTPRequest", "HTTP request detected as truncated");
}

static const struct http_body_ops body_ops = {on_body_data, on_body_failed};

void extensions_api_launched(struct extensions_api *api)
{
    api->is_launching = false;
    list_for_each_safe (node, &api->bodies) {
        struct register_body *body = container_of(node, struct register_body, node);

        if (body->is_complete)
            finish_register(body);
    }
}

static void on_register(struct extensions_api *api, struct http_request *req)
{
    struct register_body *body;

    if (http_request_header(req, STR("Lambda-Extension-Name")).len == 0) {
        answer_error(req, 403, "Extension.InvalidExtensionName", "Empty extension name");
        return;
    }
    body = calloc(1, sizeof(*body));
    if (!body) {
        answer_internal_error(req);
        return;
    }
    body->api = api;
    body->req = req;
    body->bytes.max = REGISTER_BODY_BYTES_MAX;
    list_push_back(&api->bodies, &body->node);
    http_request_read(req, &body_ops, body);
}

/* ---- errors ---- */

static void on_error(struct extensions_api *api, struct http_request *req,
                     enum extension_state state)
{
    struct str type = http_request_header(req, STR("Lambda-Extension-Function-Error-Type"));
    struct extension_fault fault;
    struct extension *extension =
        extensions_find(&api->set, http_request_header(req, STR("Lambda-Extension-Identifier")),
                        "Unknown Lambda-Extension-Identifier", &fault);
    bool is_new;

    if (extension && type.len == 0) {
        answer_error(req, 403, "Extension.MissingHeader",
                     "Lambda-Extension-Function-Error-Type not found");
        return;
    }
    if (!extension || !extension_error(extension, state, type, &is_new, &fault)) {
        refuse(req, &fault);
        return;
    }
    answer_status_ok(req);
    if (is_new)
        api->ops->failed(api->owner, extension);
}

static void on_init_error(struct extensions_api *api, struct http_request *req)
{
    on_error(api, req, EXTENSION_INIT_ERROR);
}

static void on_exit_error(struct extensions_api *api, struct http_request *req)
{
    on_error(api, req, EXTENSION_EXIT_ERROR);
}

/* ---- routes ---- */

static const struct {
    struct str path;
    struct str method;
    void (*handle)(struct extensions_api *api, struct http_request *req);
} routes[] = {
    {STR_INIT("register"), STR_INIT("POST"), on_register},
    {STR_INIT("event/next"), STR_INIT("GET"), on_next},
    {STR_INIT("init/error"), STR_INIT("POST"), on_init_error},
    {STR_INIT("exit/error"), STR_INIT("POST"), on_exit_error},
};

bool extensions_api_request(struct extensions_api *api, struct http_request *req)
{
    struct str path = str_sub(req->path, prefix.len, req->path.len);

    if (!str_starts_with(req->path, prefix))
        return false;
    for (size_t i = 0; i < array_count(routes) && !api->set.is_disabled; i++) {
        if (!str_eq(path, routes[i].path))
            continue;
        if (str_eq(req->method, routes[i].method))
            routes[i].handle(api, req);
        else
            http_respond(req, 405, NULL, 0, STR(""));
        return true;
    }
    http_respond(req, 404, NULL, 0, STR(""));
    return true;
}
