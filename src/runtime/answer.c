/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/answer.h"

#include "base/buf.h"
#include "base/json_writer.h"
#include "http/server.h"

void answer_json(struct http_request *req, unsigned status, struct str body)
{
    const struct http_header type = {STR("Content-Type"), STR("application/json")};

    http_respond(req, status, &type, 1, body);
}

void answer_status_ok(struct http_request *req)
{
    answer_json(req, 202, STR("{\"status\":\"OK\"}\n"));
}

void answer_error(struct http_request *req, unsigned status, const char *type, const char *message)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    struct json_writer json;

    json_writer_init(&json, &text);
    json_write_object_begin(&json);
    json_write_member(&json, STR("errorMessage"), str_of(message));
    json_write_member(&json, STR("errorType"), str_of(type));
    json_write_object_end(&json);
    (void)buf_append_char(&text, '\n');
    answer_json(req, status, buf_str(&text));
}

void answer_internal_error(struct http_request *req)
{
    answer_error(req, 500, "InternalServerError", "Internal Server Error");
}
