/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/policy.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_writer.h"

enum { ACCOUNT_DIGITS = 12 };

#define FIELD(tag, kind, member)                                                                   \
    {                                                                                              \
        tag, kind, offsetof(struct policy_statement, member)                                       \
    }

static const struct codec_field statement_fields[] = {
    FIELD(1, CODEC_STR, sid),
    FIELD(2, CODEC_STR, principal),
    FIELD(3, CODEC_STR, action),
    FIELD(4, CODEC_STR, source_account),
    FIELD(5, CODEC_STR, event_source_token),
    FIELD(6, CODEC_STR, function_url_auth_type),
    FIELD(7, CODEC_STR, principal_org_id),
    FIELD(8, CODEC_STR, source_arn),
    FIELD(9, CODEC_BOOL, via_function_url),
};

static const struct codec_field policy_fields[] = {
    {1, CODEC_STR, offsetof(struct policy, revision_id)},
    {2, CODEC_LIST, offsetof(struct policy, statements)},
};

static bool is_account(struct str text)
{
    uint64_t number;

    return text.len == ACCOUNT_DIGITS && str_to_u64(text, &number);
}

/* Host names below those that services have. */
bool policy_principal_is_service(struct str principal)
{
    static const struct str suffixes[] = {
        STR_INIT(".amazonaws.com"),
        STR_INIT(".amazonaws.com.cn"),
        STR_INIT(".amazon.com"),
    };

    for (size_t i = 0; i < principal.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", principal.ptr[i]))
            return false;
    for (size_t i = 0; i < array_count(suffixes); i++)
        if (principal.len > suffixes[i].len && str_ends_with(principal, suffixes[i]))
            return true;
    return false;
}

/* arn:<partition>:iam::<account>:<who>, arn:<partition>:sts::<account>:<who> */
static bool is_identity_arn(struct str text)
{
    struct str rest = text, arn, partition, service, region, account;

    return str_next(&rest, ':', &arn) && str_next(&rest, ':', &partition) &&
           str_next(&rest, ':', &service) && str_next(&rest, ':', &region) &&
           str_next(&rest, ':', &account) && str_eq(arn, STR("arn")) &&
           str_starts_with(partition, STR("aws")) &&
           (str_eq(service, STR("iam")) || str_eq(service, STR("sts"))) && region.len == 0 &&
           is_account(account) && rest.len > 0;
}

int policy_principal(struct arena *arena, struct str partition, struct str text,
                     struct str *ret_principal)
{
    *ret_principal = text;
    if (str_eq(text, STR("*")) || policy_principal_is_service(text) || is_identity_arn(text))
        return 0;
    if (!is_account(text))
        return -EINVAL;
    *ret_principal =
        arena_printf(arena, "arn:%.*s:iam::%.*s:root", STR_FMT(partition), STR_FMT(text));
    return str_is_set(*ret_principal) ? 0 : err_new(-ENOMEM);
}

struct str policy_encode(struct arena *arena, const struct policy *policy)
{
    return codec_encode_in(arena, policy_fields, array_count(policy_fields), policy);
}

int policy_decode(struct str row, struct arena *arena, struct policy *ret_policy)
{
    *ret_policy = (struct policy){0};
    return codec_decode(row, policy_fields, array_count(policy_fields), arena, ret_policy);
}

int policy_statement_decode(struct str row, struct policy_statement *ret_statement)
{
    *ret_statement = (struct policy_statement){0};
    return codec_decode(row, statement_fields, array_count(statement_fields), NULL, ret_statement);
}

/* Its place, the number of statements when there is none, or a failure. */
static ssize_t statement_find(const struct policy *policy, struct str sid)
{
    size_t i;

    for (i = 0; i < policy->statements.count; i++) {
        struct policy_statement statement;
        int r = policy_statement_decode(policy->statements.ptr[i], &statement);

        if (r < 0)
            return err_pass(r);
        if (str_eq(statement.sid, sid))
            break;
    }
    return (ssize_t)i;
}

int policy_add(struct policy *policy, struct arena *arena, const struct policy_statement *statement,
               struct str resource, size_t *ret_bytes)
{
    CLEANUP(buf_deinit) struct buf document = {0};
    size_t count = policy->statements.count;
    struct str *statements = arena_new_array(arena, struct str, count + 1);
    struct policy grown = {policy->revision_id, {statements, count + 1}};
    ssize_t at = statement_find(policy, statement->sid);
    int r;

    if (at < 0)
        return err_pass((int)at);
    if ((size_t)at < count)
        return POLICY_EXISTS;
    if (!statements)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++)
        statements[i] = policy->statements.ptr[i];
    statements[count] =
        codec_encode_in(arena, statement_fields, array_count(statement_fields), statement);
    if (!str_is_set(statements[count]))
        return err_new(-ENOMEM);
    r = policy_write(&document, &grown, resource);
    if (r < 0 || buf_failed(&document))
        return r < 0 ? err_pass(r) : err_new(-ENOMEM);
    *ret_bytes = document.len;
    if (document.len > POLICY_BYTES_MAX)
        return POLICY_TOO_LONG;
    *policy = grown;
    return POLICY_OK;
}

int policy_remove(struct policy *policy, struct arena *arena, struct str sid)
{
    size_t count = policy->statements.count;
    struct str *statements = arena_new_array(arena, struct str, count);
    ssize_t at = statement_find(policy, sid);

    if (at < 0)
        return err_pass((int)at);
    if ((size_t)at == count)
        return count == 0 ? POLICY_EMPTY : POLICY_NO_STATEMENT;
    if (!statements)
        return err_new(-ENOMEM);
    for (size_t i = 0, to = 0; i < count; i++)
        if (i != (size_t)at)
            statements[to++] = policy->statements.ptr[i];
    policy->statements = (struct codec_list){statements, count - 1};
    return POLICY_OK;
}

static void write_principal(struct json_writer *writer, struct str principal)
{
    bool is_service = policy_principal_is_service(principal);

    json_write_key(writer, STR("Principal"));
    if (str_eq(principal, STR("*"))) {
        json_write_str(writer, principal);
        return;
    }
    json_write_object_begin(writer);
    json_write_member(writer, is_service ? STR("Service") : STR("AWS"), principal);
    json_write_object_end(writer);
}

static void write_condition(struct json_writer *writer, const struct policy_statement *statement)
{
    bool has_equals =
        str_is_set(statement->source_account) || str_is_set(statement->event_source_token) ||
        str_is_set(statement->function_url_auth_type) || str_is_set(statement->principal_org_id);

    if (!has_equals && !str_is_set(statement->source_arn) && !statement->via_function_url)
        return;
    json_write_key(writer, STR("Condition"));
    json_write_object_begin(writer);
    if (has_equals) {
        json_write_key(writer, STR("StringEquals"));
        json_write_object_begin(writer);
        json_write_member(writer, STR("AWS:SourceAccount"), statement->source_account);
        json_write_member(writer, STR("lambda:EventSourceToken"), statement->event_source_token);
        json_write_member(writer, STR("lambda:FunctionUrlAuthType"),
                          statement->function_url_auth_type);
        json_write_member(writer, STR("aws:PrincipalOrgID"), statement->principal_org_id);
        json_write_object_end(writer);
    }
    if (str_is_set(statement->source_arn)) {
        json_write_key(writer, STR("ArnLike"));
        json_write_object_begin(writer);
        json_write_member(writer, STR("AWS:SourceArn"), statement->source_arn);
        json_write_object_end(writer);
    }
    if (statement->via_function_url) {
        json_write_key(writer, STR("Bool"));
        json_write_object_begin(writer);
        json_write_member(writer, STR("lambda:InvokedViaFunctionUrl"), STR("true"));
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

static void statement_write(struct json_writer *writer, const struct policy_statement *statement,
                            struct str resource)
{
    json_write_object_begin(writer);
    json_write_member(writer, STR("Sid"), statement->sid);
    json_write_member(writer, STR("Effect"), STR("Allow"));
    write_principal(writer, statement->principal);
    json_write_member(writer, STR("Action"), statement->action);
    json_write_member(writer, STR("Resource"), resource);
    write_condition(writer, statement);
    json_write_object_end(writer);
}

void policy_statement_write(struct buf *out, const struct policy_statement *statement,
                            struct str resource)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    statement_write(&writer, statement, resource);
}

int policy_write(struct buf *out, const struct policy *policy, struct str resource)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_write_object_begin(&writer);
    json_write_member(&writer, STR("Version"), STR("2012-10-17"));
    json_write_member(&writer, STR("Id"), STR("default"));
    json_write_key(&writer, STR("Statement"));
    json_write_array_begin(&writer);
    for (size_t i = 0; i < policy->statements.count; i++) {
        struct policy_statement statement;
        int r = policy_statement_decode(policy->statements.ptr[i], &statement);

        if (r < 0)
            return err_pass(r);
        statement_write(&writer, &statement, resource);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    return 0;
}
