/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/*
 * What strangers and functions send to function URLs. The first byte says which of the two; a
 * stranger's bytes are lines: host, path, query, Authorization header, body.
 */

#include <errno.h>

#include "aws/sign.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json_check.h"
#include "base/must.h"
#include "gateway/function_url_address.h"
#include "gateway/function_url_answer.h"
#include "gateway/function_url_auth.h"
#include "gateway/function_url_event.h"

#define NOW_MS UINT64_C(1764037614000) /* 20251125T022654Z */

static struct json_check json;

static struct str next_line(struct str *rest)
{
    struct str line;

    return str_next(rest, '\n', &line) ? line : STR("");
}

/* The event is JSON whatever came. */
static void check_event(struct arena *arena, const struct function_url_signed *request,
                        const struct function_url_address *address)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    const struct function_url_event event = {
        .method = request->method,
        .path = address->path,
        .query = request->query,
        .protocol = STR("HTTP/1.1"),
        .headers = request->headers,
        .header_count = request->header_count,
        .body = request->body,
        .url_id = address->id,
        .domain = address->domain,
        .source_ip = STR("::1"),
        .port = STR("80"),
        .trace_id = STR("Root=1"),
        .request_id = STR("id"),
        .time_ms = NOW_MS,
    };

    must(function_url_event_write(&out, arena, &event) == 0);
    json_check_init(&json);
    must(json_check_feed(&json, out.ptr, out.len));
    must(json_check_end(&json));
}

/* No text that a machine makes up is a signature. */
static void stranger(struct arena *arena, struct str input)
{
    static const struct aws_credentials nobody;
    struct str host = next_line(&input), path = next_line(&input), query = next_line(&input);
    struct str authorization = next_line(&input);
    const struct http_header headers[] = {
        {STR("Host"), host},   {STR("X-Amz-Date"), STR("20251125T022654Z")}, {STR("Cookie"), query},
        {STR("cookie"), path}, {STR("Authorization"), authorization},
    };
    const struct function_url_signed request = {
        .method = STR("POST"),
        .path = path,
        .query = query,
        .headers = headers,
        .header_count = array_count(headers) - (authorization.len == 0), /* signed in advance */
        .body = str_is_set(input) ? input : STR(""),
        .region = STR("us-east-1"),
        .time_ms = NOW_MS,
        .own = &nobody,
        .default_account = STR("000000000000"),
    };
    struct function_url_refusal refusal;
    struct function_url_caller caller;
    struct function_url_address address;
    int r = function_url_authenticate(&request, arena, &caller, &refusal);

    must(r == FUNCTION_URL_AUTH_UNSIGNED || r == FUNCTION_URL_AUTH_REFUSED);
    if (function_url_address_find(host, path, &address))
        check_event(arena, &request, &address);
}

static void check_answer(const struct function_url_answer *answer, int r)
{
    must(r == 0 || r == -EBADMSG);
    if (r == 0)
        must(answer->status >= 200 && answer->status <= 599 && answer->header_count > 0);
}

static void function(struct arena *arena, struct str input)
{
    struct function_url_prelude prelude = {0};
    struct function_url_answer answer;

    check_answer(&answer, function_url_answer_infer(&answer, arena, input));
    if (function_url_prelude_feed(&prelude, &input) == FUNCTION_URL_PRELUDE_COMPLETE)
        check_answer(&answer, function_url_answer_prelude(&answer, arena, buf_str(&prelude.text)));
    function_url_prelude_deinit(&prelude);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str input = str_make((const char *)data, size);

    if (size == 0)
        return 0;
    arena_init(&arena);
    if (input.ptr[0] == 's')
        stranger(&arena, str_sub(input, 1, size));
    else
        function(&arena, str_sub(input, 1, size));
    arena_deinit(&arena);
    return 0;
}
