/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/answers.h"

#include <errno.h>
#include <stdarg.h>

#include "api/lambda/names.h"
#include "api/request.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "code/code_store.h"
#include "model/lambda/faults.h"

void answer_invalid(struct api_request *request, const char *format, ...)
{
    struct api_fault fault = {.kind = &lambda_fault_invalid_parameter_value};
    va_list args;

    va_start(args, format);
    fault.message = arena_vprintf(&request->arena, format, args);
    va_end(args);
    api_fault_send(request, &fault);
}

void answer_invalid_untyped(struct api_request *request, const char *format, ...)
{
    struct api_fault fault = {.kind = &lambda_fault_invalid_parameter_value, .untyped = true};
    va_list args;

    va_start(args, format);
    fault.message = arena_vprintf(&request->arena, format, args);
    va_end(args);
    api_fault_send(request, &fault);
}

void answer_not_found(struct api_request *request, const struct function_ref *ref)
{
    api_fault(request, &lambda_fault_resource_not_found, "Function not found: %.*s",
              STR_FMT(arn_function(&request->arena, &ref->id, ref->qualifier)));
}

void answer_qualifier_not_found(struct api_request *request, const struct function_ref *ref)
{
    if (!str_is_set(ref->qualifier) || !name_is_alias(ref->qualifier))
        answer_not_found(request, ref);
    else
        api_fault(request, &lambda_fault_resource_not_found, "Cannot find alias arn: %.*s",
                  STR_FMT(arn_function(&request->arena, &ref->id, ref->qualifier)));
}

static void answer_busy(struct api_request *request, const struct function_ref *ref)
{
    api_fault(request, &lambda_fault_resource_conflict,
              "The operation cannot be performed at this time. An update is in progress for "
              "resource: %.*s",
              STR_FMT(arn_function(&request->arena, &ref->id, STR_NONE)));
}

void answer_refused(struct api_request *request, const struct function_ref *ref, int answer)
{
    switch (answer) {
    case CATALOG_NOT_FOUND:
        answer_not_found(request, ref);
        break;
    case CATALOG_EXISTS:
        api_fault(request, &lambda_fault_resource_conflict, "Function already exist: %.*s",
                  STR_FMT(ref->id.name));
        break;
    case CATALOG_PENDING:
        api_fault(request, &lambda_fault_resource_conflict,
                  "The operation cannot be performed at this time. The function is currently in "
                  "the following state: Pending");
        break;
    case CATALOG_IN_PROGRESS:
    case CATALOG_BUSY:
        answer_busy(request, ref);
        break;
    case CATALOG_REVISION:
        api_fault(request, &lambda_fault_precondition_failed,
                  "The Revision Id provided does not match the latest Revision Id. Call the "
                  "GetFunction/GetAlias API to retrieve the latest Revision Id");
        break;
    case CATALOG_CODE_STORAGE:
        api_fault(request, &lambda_fault_code_storage_exceeded, "Code storage limit exceeded.");
        break;
    case CATALOG_TAGS:
        answer_invalid(request, "Number of tags exceeds resource tag limit.");
        break;
    default:
        api_fault_internal(request, err_fold(answer));
        break;
    }
}

void answer_code_refused(struct api_request *request, const struct code_request *code)
{
    switch (code->outcome) {
    case CODE_BAD_ZIP:
    case CODE_TOO_MANY:
        answer_invalid(request, "Could not unzip uploaded file. Please check your file, then try "
                                "to upload again.");
        break;
    case CODE_EMPTY:
        answer_invalid(request, "Uploaded file must be a non-empty zip");
        break;
    case CODE_TOO_LARGE:
        answer_invalid(request, "Unzipped size must be smaller than %d bytes",
                       LIMIT_CODE_UNZIPPED_BYTES);
        break;
    default:
        api_fault_internal(request, err_fold(code->outcome));
        break;
    }
}

void answer_changed(struct api_request *request, struct catalog_change *change, const void *output)
{
    struct arena held = catalog_change_steal(change);

    api_reply(request, output); /* the change, a part of the request, is gone now */
    arena_deinit(&held);
}
