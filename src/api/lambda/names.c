/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The accepted form is the service's regular expression
 *   (arn:(aws…)?:lambda:)? (<region>:)? (<account>:)? (function:)? <name> (:<qualifier>)?
 * whose optional parts are ambiguous ("function:f" is the function f, "function" a function of that
 * name). It is read as a regular expression engine does: each part is taken where possible, the
 * last ones given back first.
 */

#include "api/lambda/names.h"

#include <errno.h>
#include <string.h>

#include "api/lambda/access.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/function_policy.h"
#include "model/lambda/faults.h"
#include "model/model.h"

enum { ACCOUNT_DIGITS = 12, NAME_CHARACTERS_MAX = 64 };

/* In the order in which an engine would give them back. */
enum {
    TAKE_FUNCTION = 1 << 0,
    TAKE_ACCOUNT = 1 << 1,
    TAKE_REGION = 1 << 2,
    TAKE_ALL = (1 << 3) - 1
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_word(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static bool all(struct str s, bool (*is_one)(char c))
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_one(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool is_name_character(char c)
{
    return is_word(c) || c == '.'; /* dots are for functions of AWS's own; nobody can make one */
}

static bool skip(struct str *s, struct str prefix)
{
    if (!str_starts_with(*s, prefix))
        return false;
    *s = str_make(s->ptr + prefix.len, s->len - prefix.len);
    return true;
}

/* "us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1" */
static bool is_region(struct str s)
{
    struct str area = STR_NONE, last = STR_NONE, part;
    size_t parts = 0;

    (void)skip(&s, STR("eusc-"));
    while (str_next(&s, '-', &part)) {
        bool is_government = parts == 1 && (str_eq(part, STR("gov")) ||
                                            (str_starts_with(part, STR("iso")) && part.len <= 4));

        if (parts == 0 && (part.len != 2 || !all(part, is_lower)))
            return false;
        if (is_government && str_is_set(s) && str_find(s, '-') < s.len)
            continue;
        area = last;
        last = part;
        parts++;
    }
    return parts == 3 && all(area, is_lower) && last.len == 1 && is_digit(last.ptr[0]);
}

static bool is_account(struct str s)
{
    return s.len == ACCOUNT_DIGITS && all(s, is_digit);
}

static bool is_qualifier(struct str s)
{
    return str_eq(s, STR("$LATEST")) || str_eq(s, STR("$LATEST.PUBLISHED")) || all(s, is_word);
}

/* Cuts off what stands before the next colon when it is of that kind. */
static bool take(struct str *rest, bool (*is_kind)(struct str s), struct str *ret_part)
{
    size_t at = str_find(*rest, ':');

    if (at == rest->len || !is_kind(str_sub(*rest, 0, at)))
        return false;
    *ret_part = str_sub(*rest, 0, at);
    *rest = str_sub(*rest, at + 1, rest->len);
    return true;
}

static bool parse_taking(struct str rest, unsigned parts, struct name_parts *ret_parts)
{
    struct name_parts found = {0};

    if ((parts & TAKE_REGION) && !take(&rest, is_region, &found.region))
        return false;
    if ((parts & TAKE_ACCOUNT) && !take(&rest, is_account, &found.account))
        return false;
    if ((parts & TAKE_FUNCTION) && !skip(&rest, STR("function:")))
        return false;
    (void)str_next(&rest, ':', &found.name);
    found.qualifier = rest;
    if (!all(found.name, is_name_character) ||
        (str_is_set(found.qualifier) && !is_qualifier(found.qualifier)))
        return false;
    *ret_parts = found;
    return true;
}

/* "arn:aws:lambda:" or the like; true also when there is none. */
static bool prefix_skip(struct str *text)
{
    struct str partition;

    if (!skip(text, STR("arn:")))
        return true;
    return str_next(text, ':', &partition) &&
           (partition.len == 0 || str_starts_with(partition, STR("aws"))) &&
           skip(text, STR("lambda:"));
}

bool name_parse(struct str text, struct name_parts *ret_parts)
{
    if (!prefix_skip(&text))
        return false;
    for (unsigned parts = TAKE_ALL + 1; parts-- > 0;)
        if (parse_taking(text, parts, ret_parts))
            return true;
    return false;
}

/* As IAM knows the operation. Absent when out of memory. */
static struct str action_of(struct api_request *request)
{
    const char *name = request->operation->name;
    bool is_invoke = str_eq(str_of(name), STR("InvokeWithResponseStream")) ||
                     str_eq(str_of(name), STR("Invoke"));

    return arena_printf(&request->arena, "lambda:%s", is_invoke ? "InvokeFunction" : name);
}

/* 1, 0 (also when there is no such function) or a failure. */
static int is_allowed(struct api_request *request, const struct function_ref *ref,
                      struct str action)
{
    const struct lambda_service *service = request->service->context;
    struct function_settings settings;
    struct policy policy;
    int r = catalog_get_settings(service->options.catalog, &ref->id, &request->arena, &settings);

    if (r == CATALOG_NOT_FOUND)
        return 0;
    if (r == CATALOG_OK)
        r = function_policy_get(&settings, &request->arena, ref->qualifier, &policy);
    if (r < 0)
        return err_pass(r);
    return access_by_policy(&request->arena, &request->principal, &policy, action);
}

static bool check_policy(struct api_request *request, const struct function_ref *ref)
{
    struct arena *arena = &request->arena;
    struct str action = action_of(request);
    int r = str_is_set(action) ? is_allowed(request, ref, action) : err_new(-ENOMEM);

    if (r < 0) {
        api_fault_internal(request, err_pass(r));
    } else if (r == 0) {
        const struct api_fault fault = {
            .kind = &lambda_fault_access_denied,
            .message = access_denied_text(arena, &request->principal, action,
                                          arn_function(arena, &ref->id, ref->qualifier)),
        };

        api_fault_send(request, &fault);
    }
    return r == 1;
}

static bool check_account(struct api_request *request, enum name_access access,
                          const struct function_ref *name)
{
    if (str_eq(name->id.account, request->principal.account))
        return true;
    if (access == NAME_BY_POLICY)
        return check_policy(request, name);
    api_fault(request, &lambda_fault_access_denied, NULL);
    return false;
}

static bool check_place(struct api_request *request, const struct name_parts *parts,
                        enum name_access access, const struct function_ref *name)
{
    if (!check_account(request, access, name))
        return false;
    if (str_is_set(parts->region) && !str_eq(parts->region, request->principal.region)) {
        api_fault(request, &lambda_fault_resource_not_found,
                  "Functions from '%.*s' are not reachable in this region ('%.*s')",
                  STR_FMT(parts->region), STR_FMT(request->principal.region));
        return false;
    }
    return true;
}

bool name_resolve(struct api_request *request, struct str function_name, struct str qualifier,
                  enum name_access access, struct function_ref *ret_ref)
{
    struct name_parts parts = {.name = function_name};

    (void)name_parse(function_name, &parts); /* else a name that nobody has */
    ret_ref->id.account = str_is_set(parts.account) ? parts.account : request->principal.account;
    ret_ref->id.region = str_is_set(parts.region) ? parts.region : request->principal.region;
    ret_ref->id.name = parts.name;
    ret_ref->qualifier = str_is_set(qualifier) ? qualifier : parts.qualifier;
    if (!check_place(request, &parts, access, ret_ref))
        return false;
    if (str_is_set(parts.qualifier) && str_is_set(qualifier) &&
        !str_eq(parts.qualifier, qualifier)) {
        api_fault(request, &lambda_fault_invalid_parameter_value,
                  "The derived qualifier from the function name does not match the specified "
                  "qualifier.");
        return false;
    }
    return true;
}

bool name_resolve_unqualified(struct api_request *request, struct str function_name,
                              enum name_access access, struct function_ref *ret_ref)
{
    if (!name_resolve(request, function_name, STR_NONE, access, ret_ref))
        return false;
    if (str_is_set(ret_ref->qualifier) && !str_eq(ret_ref->qualifier, STR("$LATEST"))) {
        api_fault(request, &lambda_fault_invalid_parameter_value,
                  "This operation is permitted on Lambda functions only. Aliases and versions do "
                  "not support this operation. Please specify either a function name or an "
                  "unqualified function ARN.");
        return false;
    }
    ret_ref->qualifier = STR_NONE;
    return true;
}

/* The length of a name alone is no matter of the pattern, and its error is of another kind. */
bool name_resolve_new(struct api_request *request, struct str function_name,
                      struct function_ref *ret_ref)
{
    if (!name_resolve_unqualified(request, function_name, NAME_OWN_ACCOUNT, ret_ref))
        return false;
    if (ret_ref->id.name.len > NAME_CHARACTERS_MAX) {
        api_fault(request, &lambda_fault_invalid_parameter_value,
                  "1 validation error detected: Value '%.*s' at 'functionName' failed to satisfy "
                  "constraint: Member must have length less than or equal to %d",
                  STR_FMT(function_name), NAME_CHARACTERS_MAX);
        return false;
    }
    return true;
}

bool name_is_alias(struct str qualifier)
{
    return all(qualifier, is_word) && !all(qualifier, is_digit);
}
