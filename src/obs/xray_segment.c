/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/xray_segment.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "base/rand.h"
#include "base/utf8.h"

enum {
    TEXT_BYTES_MAX = 1024, /* of one message, type, path or label of a cause */
    TIME_BYTES = 32,
    HTTP_OK = 200,
    HTTP_TOO_MANY_REQUESTS = 429,
};

static const struct str datagram_header = STR_INIT("{\"format\":\"json\",\"version\":1}\n");

/* ---- parts of a document ---- */

/* Seconds with microseconds, which X-Ray wants as a number; not through floating point. */
static void put_time(struct json_writer *json, struct str key, uint64_t real_us)
{
    char text[TIME_BYTES];

    (void)snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(real_us / 1000000),
                   (unsigned long long)(real_us % 1000000));
    json_write_key(json, key);
    json_write_raw(json, str_of(text));
}

static void put_span(struct json_writer *json, uint64_t start_us, uint64_t end_us)
{
    put_time(json, STR("start_time"), start_us);
    put_time(json, STR("end_time"), end_us > start_us ? end_us : start_us);
}

static void put_flag(struct json_writer *json, struct str key)
{
    json_write_key(json, key);
    json_write_bool(json, true);
}

static void put_status(struct json_writer *json, int64_t status)
{
    json_write_key(json, STR("http"));
    json_write_object_begin(json);
    json_write_key(json, STR("response"));
    json_write_object_begin(json);
    json_write_key(json, STR("status"));
    json_write_i64(json, status);
    json_write_object_end(json);
    json_write_object_end(json);
}

static void put_aws(struct json_writer *json, const struct invocation_record *record)
{
    json_write_key(json, STR("aws"));
    json_write_object_begin(json);
    json_write_member(json, STR("function_arn"), record->function_arn);
    json_write_key(json, STR("resource_names"));
    json_write_array_begin(json);
    json_write_str(json, record->function_name);
    json_write_array_end(json);
    json_write_member(json, STR("request_id"), record->request_id);
    json_write_object_end(json);
}

struct segment {
    struct str origin;
    struct str id;
    struct str parent; /* may be absent */
    uint64_t start_us;
    uint64_t end_us;
};

/* What all segments have; the object stays open. */
static void open_segment(struct json_writer *json, const struct invocation_record *record,
                         const struct segment *segment)
{
    json_write_object_begin(json);
    json_write_member(json, STR("name"), record->function_name);
    json_write_member(json, STR("id"), segment->id);
    json_write_member(json, STR("trace_id"), record->segments->root);
    json_write_member(json, STR("parent_id"), segment->parent);
    put_span(json, segment->start_us, segment->end_us);
    json_write_member(json, STR("origin"), segment->origin);
    json_write_member(json, STR("resource_arn"), record->function_arn);
    put_aws(json, record);
}

static bool is_fault(const struct invocation_record *record)
{
    return record->function_error || record->status != REPORT_SUCCESS;
}

static uint64_t end_us(const struct invocation_record *record)
{
    return record->begun_real_us + record->duration_ns / 1000;
}

/* The clock may have been set back meanwhile. */
static uint64_t service_start_us(const struct invocation_record *record)
{
    return record->received_real_us < record->begun_real_us ? record->received_real_us
                                                            : record->begun_real_us;
}

/* ---- the cause of an error, as the runtime tells it ---- */

/* Text of a stranger, cut between characters. */
static struct str cut_text(struct str text)
{
    size_t len = 0;
    size_t bytes;

    while ((bytes = utf8_char_bytes(str_sub(text, len, text.len))) && len + bytes <= TEXT_BYTES_MAX)
        len += bytes;
    return str_sub(text, 0, len);
}

static void put_text(struct json_writer *json, struct str key, struct str text)
{
    if (text.len)
        json_write_member(json, key, cut_text(text));
}

static void put_path(struct json_writer *json, const json_t *path)
{
    json_write_str(json, cut_text(json_doc_text(path)));
}

static void put_frame(struct json_writer *json, const json_t *frame)
{
    int64_t line;

    json_write_object_begin(json);
    put_text(json, STR("path"), json_doc_str(frame, "path"));
    if (json_doc_i64(frame, "line", &line)) {
        json_write_key(json, STR("line"));
        json_write_i64(json, line);
    }
    put_text(json, STR("label"), json_doc_str(frame, "label"));
    json_write_object_end(json);
}

/* As much of a list as there is room for: all, or its first half, or the half of that … */
static void put_list(struct json_writer *json, struct str key, const json_t *list, size_t room,
                     void (*put)(struct json_writer *json, const json_t *value))
{
    CLEANUP(buf_deinit) struct buf text = {.max = room};
    size_t count = json_array_size(list);
    struct json_writer part;

    do {
        buf_clear(&text);
        json_writer_init(&part, &text);
        json_write_array_begin(&part);
        for (size_t i = 0; i < count; i++)
            put(&part, json_array_get(list, i));
        json_write_array_end(&part);
        count /= 2;
    } while (buf_failed(&text) && count);
    if (buf_failed(&text) || !json_array_size(list))
        return;
    json_write_key(json, key);
    json_write_raw(json, buf_str(&text));
}

static void put_exception(struct json_writer *json, const json_t *exception)
{
    char id[TRACE_SEGMENT_ID_BYTES];

    json_write_object_begin(json);
    json_write_member(json, STR("id"), str_of(rand_hex(id, 8)));
    put_text(json, STR("type"), json_doc_str(exception, "type"));
    put_text(json, STR("message"), json_doc_str(exception, "message"));
    put_list(json, STR("stack"), json_doc_array(exception, "stack"), XRAY_CAUSE_BYTES_MAX / 4,
             put_frame);
    json_write_object_end(json);
}

static void put_cause(struct json_writer *json, struct str cause)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;

    if (!cause.len || json_doc_load(&doc, cause, NULL) < 0 || !json_is_object(doc))
        return;
    json_write_key(json, STR("cause"));
    json_write_object_begin(json);
    put_text(json, STR("working_directory"), json_doc_str(doc, "working_directory"));
    put_text(json, STR("message"), json_doc_str(doc, "message"));
    put_list(json, STR("paths"), json_doc_array(doc, "paths"), XRAY_CAUSE_BYTES_MAX / 4, put_path);
    put_list(json, STR("exceptions"), json_doc_array(doc, "exceptions"), XRAY_CAUSE_BYTES_MAX / 2,
             put_exception);
    json_write_object_end(json);
}

/* ---- subsegments ---- */

static void put_subsegment(struct json_writer *json, const char *name, uint64_t start_us,
                           uint64_t end)
{
    char id[TRACE_SEGMENT_ID_BYTES];

    json_write_object_begin(json);
    json_write_member(json, STR("id"), str_of(rand_hex(id, 8)));
    json_write_member(json, STR("name"), str_of(name));
    put_span(json, start_us, end);
    json_write_object_end(json);
}

/* The init may have been long ago, and lies before the segment then. */
static void put_subsegments(struct json_writer *json, const struct invocation_record *record)
{
    uint64_t begin = record->begun_real_us;
    uint64_t response = begin + record->response_ns / 1000;

    json_write_key(json, STR("subsegments"));
    json_write_array_begin(json);
    if (record->init_ns)
        put_subsegment(json, "Initialization", record->init_real_us,
                       record->init_real_us + record->init_ns / 1000);
    put_subsegment(json, "Invocation", begin, record->response_ns ? response : end_us(record));
    if (record->response_ns)
        put_subsegment(json, "Overhead", response, end_us(record));
    json_write_array_end(json);
}

/* ---- segments ---- */

void xray_service_segment(struct buf *buf, const struct invocation_record *record)
{
    const struct segment segment = {
        .origin = STR("AWS::Lambda"),
        .id = str_of(record->segments->service),
        .parent = record->segments->parent,
        .start_us = service_start_us(record),
        .end_us = end_us(record),
    };
    struct json_writer json;

    (void)buf_append_str(buf, datagram_header);
    json_writer_init(&json, buf);
    open_segment(&json, record, &segment);
    put_status(&json, HTTP_OK);
    if (is_fault(record))
        put_flag(&json, STR("fault"));
    json_write_object_end(&json);
}

void xray_function_segment(struct buf *buf, const struct invocation_record *record)
{
    const struct segment segment = {
        .origin = STR("AWS::Lambda::Function"),
        .id = str_of(record->segments->function),
        .parent = str_of(record->segments->service),
        .start_us = record->begun_real_us,
        .end_us = end_us(record),
    };
    struct json_writer json;

    (void)buf_append_str(buf, datagram_header);
    json_writer_init(&json, buf);
    open_segment(&json, record, &segment);
    if (is_fault(record)) {
        put_flag(&json, STR("fault"));
        put_cause(&json, record->error_cause);
    }
    put_subsegments(&json, record);
    json_write_object_end(&json);
}

void xray_throttle_segment(struct buf *buf, const struct invocation_record *record)
{
    const struct segment segment = {
        .origin = STR("AWS::Lambda"),
        .id = str_of(record->segments->service),
        .parent = record->segments->parent,
        .start_us = record->received_real_us,
        .end_us = record->begun_real_us,
    };
    struct json_writer json;

    (void)buf_append_str(buf, datagram_header);
    json_writer_init(&json, buf);
    open_segment(&json, record, &segment);
    put_status(&json, HTTP_TOO_MANY_REQUESTS);
    put_flag(&json, STR("error"));
    put_flag(&json, STR("throttle"));
    json_write_object_end(&json);
}
