/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/*
 * Any JSON as the body of any operation (the first byte says which): decoded, validated and printed
 * without harm; and what was understood of it can be written and understood again.
 */

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_doc.h"
#include "base/json_writer.h"
#include "base/must.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/lambda/operations.h"
#include "model/model.h"
#include "model/pattern.h"
#include "model/print.h"
#include "model/validate.h"

static const struct api_blob *find_blob(void *owner, struct str placeholder)
{
    return placeholder.len == 1 ? owner : NULL;
}

static int decode(struct arena *arena, const struct model_shape *shape, struct str text,
                  void **ret_input)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct model_decoder decoder = {.arena = arena, .find_blob = find_blob, .owner = arena};
    int r;

    if (json_doc_load(&doc, text, NULL) < 0)
        return MODEL_DECODE_WRONG_TYPE;
    *ret_input = arena_calloc(arena, 1, shape->size);
    must(*ret_input != NULL);
    r = model_decode_structure(&decoder, shape, doc, *ret_input);
    must(r == MODEL_DECODE_OK || decoder.error != NULL);
    return r;
}

static void check_round_trip(struct arena *arena, const struct model_shape *shape,
                             const void *input)
{
    CLEANUP(buf_deinit) struct buf once = {.len = 0};
    CLEANUP(buf_deinit) struct buf twice = {.len = 0};
    struct json_writer writer;
    void *again;

    json_writer_init(&writer, &once);
    model_encode_structure(&writer, shape, input);
    must(decode(arena, shape, buf_str(&once), &again) == MODEL_DECODE_OK);
    json_writer_init(&writer, &twice);
    model_encode_structure(&writer, shape, again);
    must(str_eq(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model_patterns *patterns;
    CLEANUP(arena_deinit) struct arena arena;
    CLEANUP(buf_deinit) struct buf printed = {.len = 0};
    const struct model_shape *shape;
    struct str errors;
    void *input;

    arena_init(&arena);
    if (size == 0)
        return 0;
    if (patterns == NULL)
        patterns = model_patterns_new(&lambda_service);
    must(patterns != NULL);
    shape = lambda_operations[data[0] % LAMBDA_OP_COUNT].input;
    if (decode(&arena, shape, str_make((const char *)data + 1, size - 1), &input) != 0)
        return 0;
    must(model_validate(shape, input, patterns, &arena, &errors) == 0);
    model_print(&printed, shape, input);
    check_round_trip(&arena, shape, input);
    return 0;
}
