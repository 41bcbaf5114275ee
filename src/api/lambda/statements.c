/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/statements.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/policy.h"
#include "model/lambda/faults.h"

int statement_answer(int r)
{
    if (r == POLICY_OK)
        return CATALOG_OK;
    return r < 0 ? err_pass(r) : CATALOG_CALLER + r;
}

void statement_refuse_no_policy(struct api_request *request)
{
    api_fault(request, &lambda_fault_resource_not_found,
              "No policy is associated with the given resource.");
}

void statement_refuse(struct api_request *request, int answer, struct str sid, size_t bytes)
{
    switch (answer - CATALOG_CALLER) {
    case POLICY_EXISTS:
        api_fault(request, &lambda_fault_resource_conflict,
                  "The statement id (%.*s) provided already exists. Please provide a new statement "
                  "id, or remove the existing statement.",
                  STR_FMT(sid));
        break;
    case POLICY_EMPTY:
        statement_refuse_no_policy(request);
        break;
    case POLICY_NO_STATEMENT:
        api_fault(request, &lambda_fault_resource_not_found,
                  "Statement %.*s is not found in resource policy.", STR_FMT(sid));
        break;
    case POLICY_TOO_LONG:
        api_fault(request, &lambda_fault_policy_length_exceeded,
                  "The final policy size (%zu) is bigger than the limit (%d).", bytes,
                  POLICY_BYTES_MAX);
        break;
    default:
        api_fault_internal(request, err_fold(answer));
        break;
    }
}

bool statement_principal(struct api_request *request, struct str text, struct str *ret_principal)
{
    int r = policy_principal(&request->arena, arn_partition(request->principal.region), text,
                             ret_principal);

    if (r == -EINVAL)
        answer_invalid(request, "The provided principal was invalid. Please check the principal "
                                "and try again.");
    else if (r < 0)
        api_fault_internal(request, err_pass(r));
    return r == 0;
}
