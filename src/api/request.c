/* SPDX-License-Identifier: Apache-2.0 */

#include "api/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/front_faults.h"
#include "base/must.h"
#include "http/server.h"
#include "model/model.h"

struct str api_request_header(const struct api_request *request, struct str name)
{
    return request->http != NULL ? http_request_header(request->http, name) : STR_NONE;
}

void api_reply_header(struct api_request *request, struct str name, struct str value)
{
    must(request->extra_count < API_EXTRA_HEADERS_MAX);
    request->extra[request->extra_count++] = (struct http_header){.name = name, .value = value};
}

char *api_take_payload(struct api_request *request, size_t *ret_len)
{
    return request->ops->take_payload(request, ret_len);
}

void api_reply(struct api_request *request, const void *output)
{
    request->ops->reply(request, output, NULL, 0);
}

void api_reply_payload(struct api_request *request, const void *output, char *payload, size_t len)
{
    must(payload != NULL);
    request->ops->reply(request, output, payload, len);
}

void api_reply_start(struct api_request *request, const void *output)
{
    request->ops->start(request, output);
}

size_t api_reply_piece(struct api_request *request, struct str bytes)
{
    return request->ops->piece(request, bytes);
}

void api_reply_on_writable(struct api_request *request, void (*writable)(void *owner), void *owner)
{
    request->ops->on_writable(request, writable, owner);
}

void api_reply_end(struct api_request *request)
{
    request->ops->end(request);
}

void api_fault_send(struct api_request *request, const struct api_fault *fault)
{
    request->ops->fault(request, fault);
}

void api_fault(struct api_request *request, const struct model_fault *kind, const char *format, ...)
{
    struct api_fault fault = {.kind = kind, .message = STR_NONE, .reason = STR_NONE};
    va_list args;

    if (format != NULL) {
        va_start(args, format);
        fault.message = arena_vprintf(&request->arena, format, args);
        va_end(args);
    }
    api_fault_send(request, &fault);
}

void api_fault_internal(struct api_request *request, int error)
{
    (void)fprintf(stderr, "%s (request %s) failed: %s\n", request->operation->name, request->id,
                  strerror(error < 0 ? -error : error));
    api_fault(request, &api_fault_service, "An internal error occurred.");
}
