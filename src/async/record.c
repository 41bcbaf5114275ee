/* SPDX-License-Identifier: Apache-2.0 */

#include "async/record.h"

#include "async/event.h"
#include "base/clock.h"
#include "base/json_check.h"
#include "base/json_writer.h"

static bool is_json(struct str text)
{
    struct json_check check;

    json_check_init(&check);
    return text.len > 0 && json_check_feed(&check, text.ptr, text.len) && json_check_end(&check);
}

/* A custom runtime may answer anything. */
static void write_value(struct json_writer *writer, struct str text)
{
    if (text.len == 0)
        json_write_null(writer);
    else if (is_json(text))
        json_write_raw(writer, text);
    else
        json_write_str(writer, text);
}

static void write_request(struct json_writer *writer, const struct async_event *event,
                          struct str function_arn, const struct async_result *result)
{
    json_write_key(writer, STR("requestContext"));
    json_write_object_begin(writer);
    json_write_member(writer, STR("requestId"), event->request_id);
    json_write_member(writer, STR("functionArn"), function_arn);
    json_write_member(writer, STR("condition"), str_of(result->condition));
    json_write_key(writer, STR("approximateInvokeCount"));
    json_write_i64(writer, result->invoke_count);
    json_write_object_end(writer);
    json_write_key(writer, STR("requestPayload"));
    write_value(writer, event->payload);
}

static void write_response(struct json_writer *writer, const struct async_result *result)
{
    json_write_key(writer, STR("responseContext"));
    json_write_object_begin(writer);
    json_write_key(writer, STR("statusCode"));
    json_write_i64(writer, 200);
    json_write_member(writer, STR("executedVersion"), result->executed_version);
    if (result->is_error)
        json_write_member(writer, STR("functionError"), STR("Unhandled"));
    json_write_object_end(writer);
    json_write_key(writer, STR("responsePayload"));
    write_value(writer, result->response);
}

void async_record_write(struct buf *out, const struct async_event *event, struct str function_arn,
                        uint64_t now_ms, const struct async_result *result)
{
    struct json_writer writer;
    char time[CLOCK_TEXT_BYTES];

    json_writer_init(&writer, out);
    json_write_object_begin(&writer);
    json_write_member(&writer, STR("version"), STR("1.0"));
    json_write_member(&writer, STR("timestamp"), str_of(clock_format_z(time, now_ms)));
    write_request(&writer, event, function_arn, result);
    if (result->has_response)
        write_response(&writer, result);
    json_write_object_end(&writer);
}
