/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/*
 * The body scanner. Whatever the cuts, it gives the same document and the same blobs; nothing gets
 * lost: document, blobs and quotes together have as many bytes as came in, escapes apart. For a
 * body that is valid JSON the document (with a placeholder for each blob) is valid JSON too.
 */

#include <stdlib.h>
#include <string.h>

#include "api/body_scan.h"
#include "base/buf.h"
#include "base/json_doc.h"
#include "base/must.h"
#include "model/lambda/shapes.h"

struct result {
    struct buf text;
    struct buf blobs;
    size_t blob_count, end_count;
};

static void result_deinit(struct result *result)
{
    buf_deinit(&result->text);
    buf_deinit(&result->blobs);
}

static void take_event(struct result *result, const struct body_scan_event *event)
{
    switch (event->kind) {
    case BODY_SCAN_TEXT:
        must(buf_append_str(&result->text, event->bytes) == 0);
        break;
    case BODY_SCAN_BLOB_BEGIN:
        must(buf_append_str(&result->text, STR("\"blob\"")) == 0);
        result->blob_count++;
        break;
    case BODY_SCAN_BLOB:
        must(buf_append_str(&result->blobs, event->bytes) == 0);
        break;
    case BODY_SCAN_BLOB_END:
        must(buf_append_char(&result->blobs, '\n') == 0);
        result->end_count++;
        break;
    }
}

static void scan_text(const char *text, size_t len, size_t step, struct result *result)
{
    struct body_scan scan;

    body_scan_init(&scan, &lambda_create_function_request_shape);
    for (size_t at = 0; at < len;) {
        struct body_scan_event event;
        size_t piece = len - at < step ? len - at : step;
        size_t taken = body_scan_next(&scan, text + at, piece, &event);

        must(taken > 0);
        must(taken <= piece);
        at += taken;
        take_event(result, &event);
    }
    must(result->blob_count - result->end_count <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(result_deinit) struct result whole = {.blob_count = 0};
    CLEANUP(result_deinit) struct result pieces = {.blob_count = 0};
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    CLEANUP(json_doc_unrefp) json_t *document = NULL;
    const char *text = (const char *)data + 1;

    if (size == 0)
        return 0;
    scan_text(text, size - 1, size, &whole);
    scan_text(text, size - 1, (size_t)data[0] % 64 + 1, &pieces);
    must(whole.blob_count == pieces.blob_count);
    must(str_eq(buf_str(&whole.text), buf_str(&pieces.text)));
    must(str_eq(buf_str(&whole.blobs), buf_str(&pieces.blobs)));
    if (json_doc_load(&doc, str_make(text, size - 1), NULL) == 0) {
        must(json_doc_load(&document, buf_str(&whole.text), NULL) == 0);
        must(whole.blob_count == whole.end_count);
    }
    return 0;
}
