/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/layer_ref.h"

#include <errno.h>

#include "api/lambda/access.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "catalog/layer.h"
#include "catalog/policy.h"
#include "model/lambda/faults.h"
#include "model/model.h"

static bool next_is(struct str *rest, struct str wanted)
{
    struct str part;

    return str_next(rest, ':', &part) && str_eq(part, wanted);
}

bool layer_ref_parse(struct str arn, struct layer_ref *ret_ref)
{
    struct layer_ref ref = {0};
    struct str rest = arn, partition;
    uint64_t number = 0;

    if (!next_is(&rest, STR("arn")) || !str_next(&rest, ':', &partition) ||
        !next_is(&rest, STR("lambda")) || !str_next(&rest, ':', &ref.layer.region) ||
        !str_next(&rest, ':', &ref.layer.account) || !next_is(&rest, STR("layer")) ||
        !str_next(&rest, ':', &ref.layer.name))
        return false;
    if (str_is_set(rest) && (!str_to_u64(rest, &number) || number > INT64_MAX))
        return false;
    ref.number = (int64_t)number;
    *ret_ref = ref;
    return true;
}

struct layer_ref layer_ref_of(const struct api_request *request, struct str layer_name,
                              int64_t number)
{
    struct layer_ref ref;

    if (!layer_ref_parse(layer_name, &ref))
        ref.layer = (struct catalog_resource_id){request->principal.account,
                                                 request->principal.region, layer_name};
    ref.number = number;
    return ref;
}

struct str layer_ref_denied_text(struct arena *arena, const struct api_principal *principal,
                                 struct str action, const struct layer_ref *ref)
{
    struct str arn = ref->number == 0 ? arn_layer(arena, &ref->layer)
                                      : arn_layer_version(arena, &ref->layer, ref->number);

    return access_denied_text(arena, principal, action, arn);
}

void layer_ref_answer_denied(struct api_request *request, struct str action,
                             const struct layer_ref *ref)
{
    const struct api_fault fault = {
        .kind = &lambda_fault_access_denied,
        .message = layer_ref_denied_text(&request->arena, &request->principal, action, ref),
    };

    api_fault_send(request, &fault);
}

void layer_ref_answer_missing(struct api_request *request)
{
    api_fault(request, &lambda_fault_resource_not_found,
              "The resource you requested does not exist.");
}

bool layer_ref_resolve(struct api_request *request, struct str layer_name, int64_t number,
                       struct layer_ref *ret_ref)
{
    *ret_ref = layer_ref_of(request, layer_name, number);
    if (!str_eq(ret_ref->layer.account, request->principal.account)) {
        layer_ref_answer_denied(
            request, arena_printf(&request->arena, "lambda:%s", request->operation->name), ret_ref);
        return false;
    }
    if (!str_eq(ret_ref->layer.region, request->principal.region)) {
        layer_ref_answer_missing(request);
        return false;
    }
    return true;
}

/* 1, 0 or a failure. */
static int is_shared(const struct api_principal *principal, const struct layer_version *version,
                     struct arena *arena)
{
    struct policy policy;
    int r = policy_decode(version->policy, arena, &policy);

    return r < 0 ? err_pass(r) : access_by_policy(arena, principal, &policy, LAYER_REF_GET);
}

/* Of a layer of another account nobody learns whether it is there. */
int layer_ref_get(struct catalog *catalog, const struct api_principal *principal,
                  const struct layer_ref *ref, struct arena *arena,
                  struct layer_version *ret_version)
{
    bool is_own = str_eq(ref->layer.account, principal->account);
    int r = str_eq(ref->layer.region, principal->region) && ref->number > 0
                ? catalog_get_layer_version(catalog, &ref->layer, (uint64_t)ref->number, arena,
                                            ret_version)
                : CATALOG_NOT_FOUND;

    if (r == CATALOG_NOT_FOUND)
        return is_own ? LAYER_REF_MISSING : LAYER_REF_DENIED;
    if (r < 0)
        return err_pass(r);
    r = is_own ? 1 : is_shared(principal, ret_version, arena);
    if (r < 0)
        return err_pass(r);
    return r == 1 ? LAYER_REF_OK : LAYER_REF_DENIED;
}
