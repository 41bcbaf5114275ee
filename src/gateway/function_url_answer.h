/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a function gave back, as an HTTP answer. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/header.h"

struct arena;

struct function_url_answer {
    unsigned status;
    struct http_header *headers; /* in the arena; the cookies among them */
    size_t header_count;
    struct str body; /* in the arena, or a view of what the function gave */
};

/*
 * From the whole output: an object with a statusCode describes the answer, anything else is its
 * body. 0, -EBADMSG (it is no answer) or -ENOMEM.
 */
int function_url_answer_infer(struct function_url_answer *ret_answer, struct arena *arena,
                              struct str output);
/* From the head of a streamed answer, a JSON object with statusCode, headers and cookies, which all
 * may be missing. 0, -EBADMSG or -ENOMEM. */
int function_url_answer_prelude(struct function_url_answer *ret_answer, struct arena *arena,
                                struct str prelude);
/* A body as it is. 0 or -ENOMEM. */
int function_url_answer_plain(struct function_url_answer *ret_answer, struct arena *arena,
                              struct str content_type, struct str body);

/* ---- the head of a streamed answer ---- */

/* The type of an output that begins with such a head, followed by eight zero bytes. */
#define FUNCTION_URL_PRELUDE_TYPE "application/vnd.awslambda.http-integration-response"

struct function_url_prelude {
    struct buf text;
    size_t zeros; /* at the end of what came so far */
};

enum { FUNCTION_URL_PRELUDE_MORE, FUNCTION_URL_PRELUDE_COMPLETE };

/* MORE; COMPLETE: text is all of it, and *bytes what follows; -EMSGSIZE: it is too long; -ENOMEM.
 */
int function_url_prelude_feed(struct function_url_prelude *prelude, struct str *bytes);
void function_url_prelude_deinit(struct function_url_prelude *prelude);
