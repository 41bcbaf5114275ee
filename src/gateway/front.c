/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front.h"

#include <stdlib.h>

#include "base/clock.h"
#include "code/code_store.h"
#include "gateway/download.h"
#include "http/server.h"

enum { PACKAGE_PATH_BYTES = 4096 };

struct front {
    struct front_options options;
};

struct front *front_new(const struct front_options *options)
{
    struct front *front = calloc(1, sizeof(*front));

    if (front)
        front->options = *options;
    return front;
}

struct front *front_free(struct front *front)
{
    free(front);
    return NULL;
}

static const struct http_header json_type = {STR_INIT("Content-Type"),
                                             STR_INIT("application/json")};

static void not_found(struct http_request *req)
{
    http_respond(req, 404, &json_type, 1,
                 STR("{\"message\":\"lambd has no such page; see /_lambd/health\"}\n"));
}

static void health(struct front *front, struct http_request *req)
{
    struct buf json = {0};

    (void)buf_append_char(&json, '{');
    front->options.ops->health(front->options.owner, &json);
    (void)buf_append_str(&json, STR("}\n"));
    if (buf_failed(&json))
        http_respond(req, 500, NULL, 0, STR(""));
    else
        http_respond(req, 200, &json_type, 1, buf_str(&json));
    buf_deinit(&json);
}

static void package(struct front *front, struct http_request *req)
{
    struct digest digest;
    char path[PACKAGE_PATH_BYTES];

    if (!package_url_verify(front->options.key, req->path, req->query, clock_real_ms(), &digest)) {
        http_respond(
            req, 403, &json_type, 1,
            STR("{\"message\":\"this link has expired or is not genuine; ask GetFunction for "
                "a new one\"}\n"));
        return;
    }
    if (!code_store_package_path(front->options.code, &digest, path, sizeof(path)))
        http_respond(req, 500, NULL, 0, STR(""));
    else
        download_start(front->options.loop, req, path, STR("application/zip"));
}

static void own_page(struct front *front, struct http_request *req)
{
    bool reads = str_eq(req->method, STR("GET")) || str_eq(req->method, STR("HEAD"));

    if (!reads)
        http_respond(req, 405, NULL, 0, STR(""));
    else if (str_eq(req->path, STR("/_lambd/health")))
        health(front, req);
    else if (str_starts_with(req->path, STR(PACKAGE_URL_PATH)))
        package(front, req);
    else
        not_found(req);
}

void front_request(struct front *front, struct http_request *req)
{
    if (function_url_door_take(&front->options.urls, req))
        return;
    if (str_starts_with(req->path, STR("/_lambd/")))
        own_page(front, req);
    else
        front->options.ops->api(front->options.owner, req);
}
