/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/policy_access.h"

#include "base/error.h"
#include "catalog/policy.h"

/* "*" is any run of characters, "?" any one. */
static bool glob(struct str pattern, struct str text, bool is_nocase)
{
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

    while (t < text.len) {
        struct str a = str_sub(pattern, p, p + 1), b = str_sub(text, t, t + 1);

        if (str_eq(a, STR("*"))) {
            star = p++;
            from = t;
        } else if (str_eq(a, STR("?")) || (is_nocase ? str_eq_nocase(a, b) : str_eq(a, b))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

/* The six parts of an ARN one by one: no wildcard reaches over a colon of the first five. */
static bool arn_like(struct str pattern, struct str arn)
{
    enum { PARTS_BEFORE_RESOURCE = 5 };

    for (int i = 0; i < PARTS_BEFORE_RESOURCE; i++) {
        struct str a, b;

        if (!str_next(&pattern, ':', &a) || !str_next(&arn, ':', &b) || !glob(a, b, false))
            return false;
    }
    return str_is_set(pattern) && str_is_set(arn) && glob(pattern, arn, false);
}

struct identity {
    struct str service;
    struct str account;
    struct str who; /* "root", "user/alice", "assumed-role/r/session" */
};

static bool identity_parse(struct str arn, struct identity *ret_identity)
{
    struct str part;

    if (!str_next(&arn, ':', &part) || !str_next(&arn, ':', &part) ||
        !str_next(&arn, ':', &ret_identity->service) || !str_next(&arn, ':', &part) ||
        !str_next(&arn, ':', &ret_identity->account))
        return false;
    ret_identity->who = arn;
    return str_is_set(arn);
}

/* The name of a role is the end of its path; a session has the name of the role alone. */
static bool is_session_of(const struct identity *role, const struct identity *session)
{
    struct str rest = role->who, name = STR_NONE, kind, session_role;

    if (!str_eq(role->service, STR("iam")) || !str_starts_with(role->who, STR("role/")) ||
        !str_eq(session->service, STR("sts")))
        return false;
    while (str_next(&rest, '/', &name))
        ;
    rest = session->who;
    return str_next(&rest, '/', &kind) && str_eq(kind, STR("assumed-role")) &&
           str_next(&rest, '/', &session_role) && str_eq(session_role, name);
}

static bool principal_matches(struct str allowed, struct str principal)
{
    struct identity role, caller;

    if (str_eq(allowed, STR("*")))
        return true;
    if (!str_is_set(principal))
        return false;
    if (str_eq(allowed, principal))
        return true;
    if (!identity_parse(allowed, &role) || !identity_parse(principal, &caller) ||
        !str_eq(role.account, caller.account))
        return false;
    return str_eq(role.who, STR("root")) || is_session_of(&role, &caller);
}

/* A condition on what is not known does not hold. */
static bool equals(struct str wanted, struct str value)
{
    return !str_is_set(wanted) || (str_is_set(value) && str_eq(wanted, value));
}

static bool conditions_hold(const struct policy_statement *statement,
                            const struct policy_access *access)
{
    return equals(statement->source_account, access->source_account) &&
           equals(statement->event_source_token, access->event_source_token) &&
           equals(statement->function_url_auth_type, access->function_url_auth_type) &&
           equals(statement->principal_org_id, access->principal_org_id) &&
           (!str_is_set(statement->source_arn) ||
            (str_is_set(access->source_arn) &&
             arn_like(statement->source_arn, access->source_arn))) &&
           (!statement->via_function_url || access->via_function_url);
}

int policy_allows(const struct policy *policy, const struct policy_access *access)
{
    for (size_t i = 0; i < policy->statements.count; i++) {
        struct policy_statement statement;
        int r = policy_statement_decode(policy->statements.ptr[i], &statement);

        if (r < 0)
            return err_pass(r);
        if (principal_matches(statement.principal, access->principal) &&
            glob(statement.action, access->action, true) && conditions_hold(&statement, access))
            return 1;
    }
    return 0;
}
