/* SPDX-License-Identifier: Apache-2.0 */

/* Subscribing: the requests of the Telemetry API and the Logs API. */

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/list.h"
#include "http/server.h"
#include "runtime/answer.h"
#include "runtime/telemetry_internal.h"

enum { BODY_BYTES_MAX = 65536 };

/* The body of a request that is being read. */
struct subscribe_body {
    struct list node;
    struct telemetry *telemetry; /* NULL: whoever sends it is gone */
    struct http_request *req;
    enum subscription_api api;
    struct buf bytes;
};

static const char *api_name(enum subscription_api api)
{
    return api == SUBSCRIPTION_LOGS ? "Logs" : "Telemetry";
}

static void refuse(struct http_request *req, unsigned status, enum subscription_api api,
                   const char *type, const char *text)
{
    char full_type[64];
    char message[128];

    (void)snprintf(full_type, sizeof(full_type), "%s.%s", api_name(api), type);
    (void)snprintf(message, sizeof(message), "%s API %s", api_name(api), text);
    answer_error(req, status, full_type, message);
}

/* The extension that asks, if it may. */
static const struct extension *who_asks(struct telemetry *telemetry, struct http_request *req,
                                        enum subscription_api api)
{
    struct extension_fault fault;
    const struct extension *extension = extensions_find(
        telemetry->set, http_request_header(req, STR("Lambda-Extension-Identifier")),
        "Unknown extension ", &fault);

    if (!extension)
        answer_error(req, 403, fault.type, fault.message);
    else if (telemetry->is_closed) {
        refuse(req, 403, api, "SubscriptionClosed", "subscription is closed");
        return NULL;
    }
    return extension;
}

void telemetry_drop_requests(struct telemetry *telemetry)
{
    list_for_each_safe (node, &telemetry->bodies) {
        container_of(node, struct subscribe_body, node)->telemetry = NULL;
        list_remove(node);
    }
}

static void body_free(struct subscribe_body *body)
{
    list_remove(&body->node);
    buf_deinit(&body->bytes);
    free(body);
}

static void finish(struct subscribe_body *body)
{
    struct telemetry *telemetry = body->telemetry;
    struct http_request *req = body->req;
    enum subscription_api api = body->api;
    char complaint[SUBSCRIPTION_COMPLAINT_BYTES];
    const struct extension *extension;
    struct subscription subscription;
    struct subscriber *before;
    bool is_right = telemetry && !buf_failed(&body->bytes) &&
                    subscription_parse(&subscription, api, buf_str(&body->bytes), complaint);
    bool is_failed = !telemetry || buf_failed(&body->bytes);

    body_free(body);
    if (is_failed) {
        answer_internal_error(req);
        return;
    }
    extension = who_asks(telemetry, req, api);
    if (!extension)
        return;
    before = telemetry_find(telemetry, extension);
    if (!is_right) {
        answer_error(req, 400,
                     api == SUBSCRIPTION_LOGS ? "Logs.ValidationError" : "ValidationError",
                     complaint);
        return;
    }
    if (before && before->subscription.api != api) {
        refuse(req, 403, api, "SubscriptionClosed",
               "cannot be used beside the other subscription of this extension");
        return;
    }
    if (before)
        telemetry_unsubscribe(before);
    if (telemetry_subscribe(telemetry, extension, &subscription) < 0)
        answer_internal_error(req);
    else
        answer_json(req, 200, STR("\"OK\""));
}

static const struct http_body_ops body_ops;

static void on_body_data(void *owner, const char *bytes, size_t len)
{
    struct subscribe_body *body = owner;

    if (len == 0) {
        finish(body);
        return;
    }
    (void)buf_append(&body->bytes, bytes, len); /* checked at the end */
    http_request_read(body->req, &body_ops, body);
}

static void on_body_failed(void *owner)
{
    struct subscribe_body *body = owner;
    struct http_request *req = body->req;

    body_free(body);
    answer_error(req, 400, "TruncatedHTTPRequest", "HTTP request detected as truncated");
}

static const struct http_body_ops body_ops = {on_body_data, on_body_failed};

static void on_subscribe(struct telemetry *telemetry, struct http_request *req,
                         enum subscription_api api)
{
    struct subscribe_body *body;

    if (!str_eq(req->method, STR("PUT"))) {
        http_respond(req, 405, NULL, 0, STR(""));
        return;
    }
    if (!who_asks(telemetry, req, api))
        return;
    body = calloc(1, sizeof(*body));
    if (!body) {
        answer_internal_error(req);
        return;
    }
    body->telemetry = telemetry;
    body->req = req;
    body->api = api;
    body->bytes.max = BODY_BYTES_MAX;
    list_push_back(&telemetry->bodies, &body->node);
    http_request_read(req, &body_ops, body);
}

bool telemetry_request(struct telemetry *telemetry, struct http_request *req)
{
    if (str_eq(req->path, STR("/2022-07-01/telemetry")))
        on_subscribe(telemetry, req, SUBSCRIPTION_TELEMETRY);
    else if (str_eq(req->path, STR("/2020-08-15/logs")))
        on_subscribe(telemetry, req, SUBSCRIPTION_LOGS);
    else
        return false;
    return true;
}
