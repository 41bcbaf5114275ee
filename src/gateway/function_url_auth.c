/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_auth.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/sign.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "catalog/arn.h"
#include "gateway/percent.h"

enum {
    ACCOUNT_DIGITS = 12,
    TIME_CHARS = 16,
    DATE_CHARS = 8,
    SKEW_S = 5 * 60,
    EXPIRES_S_MAX = 7 * 24 * 3600, /* of what is signed in advance */
};

#define ALGORITHM "AWS4-HMAC-SHA256"

/* The parts of the Authorization header, or of the query; what is missing is absent. */
struct authorization {
    struct str credential;
    struct str signed_headers;
    struct str signature;
    /* of the credential */
    struct str access_key;
    struct str date;
    struct str region;
    struct str service;
    struct str terminator;
};

struct check {
    const struct function_url_signed *request;
    struct arena *arena;
    struct function_url_refusal *refusal;
    struct authorization given;
    struct str time;    /* "20251125T022654Z" */
    struct str token;   /* of temporary credentials */
    bool is_query;      /* signed in advance */
    struct str expires; /* then: for so many seconds */
    time_t lifetime_s;  /* the same as a number; else SKEW_S */
};

static int refuse(struct check *check, const char *type, struct str message)
{
    if (!str_is_set(message))
        return err_new(-ENOMEM);
    *check->refusal = (struct function_url_refusal){type, message};
    return FUNCTION_URL_AUTH_REFUSED;
}

static struct str header(const struct function_url_signed *request, struct str name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (str_eq_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    return STR_NONE;
}

/* ---- what the header or the query says ---- */

static void read_part(struct authorization *given, struct str part)
{
    struct str name, value = str_trim(part);

    (void)str_next(&value, '=', &name);
    if (str_eq(name, STR("Credential")))
        given->credential = value;
    else if (str_eq(name, STR("SignedHeaders")))
        given->signed_headers = value;
    else if (str_eq(name, STR("Signature")))
        given->signature = value;
}

static bool read_credential(struct authorization *given)
{
    struct str rest = given->credential;

    return str_next(&rest, '/', &given->access_key) && str_next(&rest, '/', &given->date) &&
           str_next(&rest, '/', &given->region) && str_next(&rest, '/', &given->service) &&
           str_next(&rest, '/', &given->terminator) && !str_is_set(rest);
}

static int refuse_incomplete(struct check *check, struct str authorization)
{
    const struct authorization *given = &check->given;
    CLEANUP(buf_deinit) struct buf text = {0};

    if (!str_is_set(given->credential))
        (void)buf_append_str(&text, STR("Authorization header requires 'Credential' parameter. "));
    if (!str_is_set(given->signature))
        (void)buf_append_str(&text, STR("Authorization header requires 'Signature' parameter. "));
    if (!str_is_set(given->signed_headers))
        (void)buf_append_str(&text,
                             STR("Authorization header requires 'SignedHeaders' parameter. "));
    if (!str_is_set(check->time))
        (void)buf_append_str(&text, STR("Authorization header requires existence of either a "
                                        "'X-Amz-Date' or a 'Date' header. "));
    (void)buf_printf(&text, "Authorization=%.*s",
                     STR_FMT(str_sub(authorization, 0, str_find(authorization, ' '))));
    return buf_failed(&text) ? err_new(-ENOMEM)
                             : refuse(check, "IncompleteSignatureException",
                                      arena_str(check->arena, buf_str(&text)));
}

static int check_credential(struct check *check)
{
    if (read_credential(&check->given))
        return FUNCTION_URL_AUTH_OK;
    return refuse(check, "IncompleteSignatureException",
                  arena_printf(check->arena,
                               "Credential must have exactly 5 slash-delimited elements, e.g. "
                               "keyid/date/region/service/term, got '%.*s'.",
                               STR_FMT(check->given.credential)));
}

/* FUNCTION_URL_AUTH_OK: all is there. */
static int read_authorization(struct check *check, struct str authorization)
{
    struct authorization *given = &check->given;
    struct str rest = authorization, part;

    (void)str_next(&rest, ' ', &part);
    while (str_next(&rest, ',', &part))
        read_part(given, part);
    if (!str_is_set(given->credential) || !str_is_set(given->signature) ||
        !str_is_set(given->signed_headers) || !str_is_set(check->time))
        return refuse_incomplete(check, authorization);
    return check_credential(check);
}

/* Decoded; absent when it is not there, or without memory. */
static struct str parameter(const struct check *check, struct str wanted)
{
    struct str rest = check->request->query, name, value;

    while (query_next(&rest, &name, &value))
        if (str_eq(name, wanted))
            return percent_decode(check->arena, str_is_set(value) ? value : STR(""), false);
    return STR_NONE;
}

/* The same from the query. */
static int read_query(struct check *check)
{
    struct authorization *given = &check->given;
    const struct {
        struct str name;
        struct str *value;
    } parameters[] = {
        {STR("X-Amz-Credential"), &given->credential},
        {STR("X-Amz-Signature"), &given->signature},
        {STR("X-Amz-SignedHeaders"), &given->signed_headers},
        {STR("X-Amz-Date"), &check->time},
        {STR("X-Amz-Expires"), &check->expires},
    };
    CLEANUP(buf_deinit) struct buf missing = {0};

    check->is_query = true;
    check->token = parameter(check, STR("X-Amz-Security-Token"));
    for (size_t i = 0; i < array_count(parameters); i++) {
        *parameters[i].value = parameter(check, parameters[i].name);
        if (!str_is_set(*parameters[i].value))
            (void)buf_printf(&missing, "AWS query-string parameters must include '%.*s'. ",
                             STR_FMT(parameters[i].name));
    }
    if (missing.len > 0 || buf_failed(&missing)) {
        (void)buf_append_str(&missing, STR("Re-examine the query-string parameters."));
        return buf_failed(&missing) ? err_new(-ENOMEM)
                                    : refuse(check, "IncompleteSignatureException",
                                             arena_str(check->arena, buf_str(&missing)));
    }
    return check_credential(check);
}

/* ---- when and for what ---- */

static struct str time_text(struct arena *arena, time_t seconds)
{
    char text[TIME_CHARS + 1];
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm) == 0)
        return STR_NONE;
    return arena_str(arena, str_of(text));
}

static bool read_time(struct str text, time_t *ret_seconds)
{
    char cstr[TIME_CHARS + 1];
    struct tm tm = {0};
    const char *end;

    if (text.len != TIME_CHARS || !str_to_cstr(text, cstr, sizeof(cstr)))
        return false;
    end = strptime(cstr, "%Y%m%dT%H%M%SZ", &tm);
    if (!end || *end)
        return false;
    *ret_seconds = timegm(&tm);
    return true;
}

static int check_scope(struct check *check)
{
    const struct authorization *given = &check->given;
    CLEANUP(buf_deinit) struct buf text = {0};

    if (!str_eq(given->region, check->request->region))
        (void)buf_printf(&text, "Credential should be scoped to a valid region, not '%.*s'. ",
                         STR_FMT(given->region));
    if (!str_eq(given->service, STR("lambda")))
        (void)buf_append_str(&text,
                             STR("Credential should be scoped to correct service: 'lambda'. "));
    if (!str_eq(given->terminator, STR("aws4_request")))
        (void)buf_printf(&text,
                         "Credential should be scoped with a valid terminator: 'aws4_request', not "
                         "'%.*s'. ",
                         STR_FMT(given->terminator));
    if (!str_eq(given->date, str_sub(check->time, 0, DATE_CHARS)))
        (void)buf_printf(&text,
                         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                         "of date from HTTP: '%.*s' != '%.*s', from '%.*s'. ",
                         STR_FMT(given->date), STR_FMT(str_sub(check->time, 0, DATE_CHARS)),
                         STR_FMT(check->time));
    if (buf_failed(&text))
        return err_new(-ENOMEM);
    if (text.len == 0)
        return FUNCTION_URL_AUTH_OK;
    return refuse(check, "InvalidSignatureException", arena_str(check->arena, buf_str(&text)));
}

/* What is signed in advance is good for as long as it says. */
static int check_expires(struct check *check)
{
    uint64_t seconds;

    if (!check->is_query)
        return FUNCTION_URL_AUTH_OK;
    if (!str_to_u64(check->expires, &seconds) || seconds < 1 || seconds > EXPIRES_S_MAX)
        return refuse(check, "InvalidSignatureException",
                      arena_printf(check->arena,
                                   "X-Amz-Expires must be between 1 and %d seconds, not '%.*s'",
                                   EXPIRES_S_MAX, STR_FMT(check->expires)));
    check->lifetime_s = (time_t)seconds;
    return FUNCTION_URL_AUTH_OK;
}

static int check_time(struct check *check)
{
    time_t now = (time_t)(check->request->time_ms / 1000), then;
    struct str now_text = time_text(check->arena, now), edge;

    if (!read_time(check->time, &then))
        return refuse(check, "IncompleteSignatureException",
                      arena_printf(check->arena,
                                   "Date must be in ISO-8601 'basic format'. Got '%.*s'.",
                                   STR_FMT(check->time)));
    if (then < now - check->lifetime_s) {
        edge = time_text(check->arena, now - check->lifetime_s);
        return refuse(check, "InvalidSignatureException",
                      arena_printf(check->arena,
                                   "Signature expired: %.*s is now earlier than %.*s (%.*s - %lld "
                                   "%s.)",
                                   STR_FMT(check->time), STR_FMT(edge), STR_FMT(now_text),
                                   (long long)check->lifetime_s / (check->is_query ? 1 : 60),
                                   check->is_query ? "sec" : "min"));
    }
    if (then > now + SKEW_S) {
        edge = time_text(check->arena, now + SKEW_S);
        return refuse(check, "InvalidSignatureException",
                      arena_printf(check->arena,
                                   "Signature not yet current: %.*s is still later than %.*s "
                                   "(%.*s + 5 min.)",
                                   STR_FMT(check->time), STR_FMT(edge), STR_FMT(now_text)));
    }
    return FUNCTION_URL_AUTH_OK;
}

/* ---- who ---- */

static bool is_account(struct str access_key)
{
    uint64_t number;

    return access_key.len == ACCOUNT_DIGITS && str_to_u64(access_key, &number);
}

/* FUNCTION_URL_AUTH_OK: the account and the secret of that key. */
static int find_key(struct check *check, struct str *ret_account,
                    struct aws_credentials *ret_credentials)
{
    const struct function_url_signed *request = check->request;
    struct str key = check->given.access_key;
    struct str token = check->token;

    *ret_account = request->default_account;
    if (str_is_set(request->own->access_key) && str_eq(key, request->own->access_key)) {
        *ret_credentials = *request->own;
        if (!str_is_set(request->own->session_token) ||
            (str_is_set(token) && str_eq(token, request->own->session_token)))
            return FUNCTION_URL_AUTH_OK;
    } else if (str_eq(key, STR("test")) || is_account(key)) {
        *ret_credentials = (struct aws_credentials){.access_key = key, .secret_key = STR("test")};
        if (is_account(key))
            *ret_account = key;
        return FUNCTION_URL_AUTH_OK;
    }
    return refuse(check, "UnrecognizedClientException",
                  STR("The security token included in the request is invalid."));
}

/* ---- the canonical request ---- */

/* Without empty and dot segments, percent-encoded once more. */
static struct str canonical_path(struct arena *arena, struct str path)
{
    CLEANUP(buf_deinit) struct buf plain = {0}, text = {0};
    struct str rest = path, part = STR("");

    while (str_next(&rest, '/', &part)) {
        if (str_eq(part, STR(".."))) {
            while (plain.len > 0 && plain.ptr[--plain.len] != '/')
                ;
        } else if (part.len && !str_eq(part, STR("."))) {
            (void)buf_append_char(&plain, '/');
            (void)buf_append_str(&plain, part);
        }
    }
    if (plain.len == 0 || str_ends_with(path, STR("/")))
        (void)buf_append_char(&plain, '/');
    aws_uri_encode(&text, buf_str(&plain), true);
    return buf_failed(&plain) || buf_failed(&text) ? STR_NONE : arena_str(arena, buf_str(&text));
}

static int compare_pairs(const void *a, const void *b)
{
    const struct http_header *x = a, *y = b;
    int order = str_cmp(x->name, y->name);

    return order ? order : str_cmp(x->value, y->value);
}

static struct str encode_again(struct arena *arena, struct str text)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    struct str decoded = percent_decode(arena, text, false);

    aws_uri_encode(&out, decoded, false);
    return buf_failed(&out) || !str_is_set(decoded) ? STR_NONE : arena_str(arena, buf_str(&out));
}

static struct str join_query(struct arena *arena, const struct http_header *pairs, size_t count)
{
    CLEANUP(buf_deinit) struct buf out = {0};

    for (size_t i = 0; i < count; i++)
        (void)buf_printf(&out, "%s%.*s=%.*s", i ? "&" : "", STR_FMT(pairs[i].name),
                         STR_FMT(pairs[i].value));
    return buf_failed(&out) ? STR_NONE : arena_str(arena, buf_str(&out));
}

/* Every "name=value" encoded in one way, sorted; but for the signature itself. */
static struct str canonical_query(const struct check *check)
{
    struct arena *arena = check->arena;
    struct str query = check->request->query;
    struct str rest = query, name, value;
    struct http_header *pairs;
    size_t count = 0, i = 0;

    while (query_next(&rest, &name, &value))
        count++;
    pairs = arena_new_array(arena, struct http_header, count + 1);
    if (!pairs)
        return STR_NONE;
    rest = query;
    while (query_next(&rest, &name, &value)) {
        if (check->is_query && str_eq(name, STR("X-Amz-Signature")))
            continue;
        pairs[i].name = encode_again(arena, name);
        pairs[i].value = encode_again(arena, value);
        if (!str_is_set(pairs[i].name) || !str_is_set(pairs[i].value))
            return STR_NONE;
        i++;
    }
    qsort(pairs, i, sizeof(*pairs), compare_pairs);
    return join_query(arena, pairs, i);
}

/* The values of all headers of that name, joined with commas; runs of blanks are one. Absent: there
 * is none, or no memory. */
static struct str canonical_value(const struct check *check, struct str name)
{
    const struct function_url_signed *request = check->request;
    CLEANUP(buf_deinit) struct buf out = {0};
    size_t found = 0;

    for (size_t i = 0; i < request->header_count; i++) {
        struct str value = str_trim(request->headers[i].value);

        if (!str_eq_nocase(request->headers[i].name, name))
            continue;
        if (found++)
            (void)buf_append_char(&out, ',');
        for (size_t j = 0; j < value.len; j++)
            if (value.ptr[j] != ' ' || value.ptr[j - 1] != ' ')
                (void)buf_append_char(&out, value.ptr[j]);
    }
    return !found || buf_failed(&out) ? STR_NONE : arena_str(check->arena, buf_str(&out));
}

/* The signed headers in the order in which they are named. NULL: one is not there, or no memory. */
static struct aws_header *signed_headers(const struct check *check, size_t *ret_count)
{
    struct str rest = check->given.signed_headers, name;
    struct aws_header *headers =
        arena_new_array(check->arena, struct aws_header, check->request->header_count + 1);
    size_t count = 0;

    if (!headers)
        return NULL;
    while (str_next(&rest, ';', &name)) {
        struct str value = canonical_value(check, name);

        if (!str_is_set(value) || count == check->request->header_count)
            return NULL;
        headers[count++] = (struct aws_header){name, value};
    }
    *ret_count = count;
    return headers;
}

/* ---- the signature ---- */

/* Which headers were signed is the client's choice, but for the host: else the request could be
 * sent to another function. */
static bool signs_host(const struct aws_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(headers[i].name, STR("host")))
            return true;
    return false;
}

/* 1, 0 or -ENOMEM */
static int is_genuine(const struct check *check, const struct aws_credentials *credentials)
{
    const struct function_url_signed *request = check->request;
    CLEANUP(buf_deinit) struct buf out = {0};
    struct aws_sign_request sign = {
        .method = request->method,
        .path = canonical_path(check->arena, request->path),
        .query = canonical_query(check),
        .region = check->given.region,
        .service = check->given.service,
        .time = check->time,
        .is_s3 = true, /* the path is encoded already */
    };
    struct str expected;
    int r;

    if (!str_is_set(sign.path) || !str_is_set(sign.query))
        return err_new(-ENOMEM);
    sign.headers = signed_headers(check, &sign.header_count);
    if (!sign.headers || !signs_host(sign.headers, sign.header_count))
        return 0;
    r = hash_bytes(&sign.body, request->body.ptr ? request->body.ptr : "", request->body.len);
    if (r == 0)
        r = aws_sign(&sign, credentials, &out);
    if (r < 0)
        return err_pass(r);
    expected = str_sub(buf_str(&out), out.len - 2 * DIGEST_BYTES, out.len);
    return check->given.signature.len == expected.len &&
           CRYPTO_memcmp(check->given.signature.ptr, expected.ptr, expected.len) == 0;
}

static int check_signature(struct check *check, struct function_url_caller *ret_caller)
{
    struct aws_credentials credentials;
    struct str account, arn;
    int r = find_key(check, &account, &credentials);

    if (r != FUNCTION_URL_AUTH_OK)
        return r;
    r = is_genuine(check, &credentials);
    if (r < 0)
        return err_pass(r);
    if (r == 0)
        return refuse(check, "InvalidSignatureException",
                      STR("The request signature we calculated does not match the signature you "
                          "provided. Check your AWS Secret Access Key and signing method. Consult "
                          "the service documentation for details."));
    arn = arena_printf(check->arena, "arn:%.*s:iam::%.*s:root",
                       STR_FMT(arn_partition(check->request->region)), STR_FMT(account));
    if (!str_is_set(arn))
        return err_new(-ENOMEM);
    *ret_caller = (struct function_url_caller){account, check->given.access_key, arn};
    return FUNCTION_URL_AUTH_OK;
}

int function_url_authenticate(const struct function_url_signed *request, struct arena *arena,
                              struct function_url_caller *ret_caller,
                              struct function_url_refusal *ret_refusal)
{
    struct str authorization = header(request, STR("authorization"));
    struct check check = {
        .request = request,
        .arena = arena,
        .refusal = ret_refusal,
        .time = header(request, STR("x-amz-date")),
        .token = header(request, STR("x-amz-security-token")),
        .lifetime_s = SKEW_S,
    };
    struct str algorithm = parameter(&check, STR("X-Amz-Algorithm"));
    int r;

    if (str_is_set(authorization) && str_starts_with(authorization, STR(ALGORITHM " ")))
        r = read_authorization(&check, authorization);
    else if (!str_is_set(authorization) && str_is_set(algorithm) &&
             str_eq(algorithm, STR(ALGORITHM)))
        r = read_query(&check);
    else
        return FUNCTION_URL_AUTH_UNSIGNED;
    if (r == FUNCTION_URL_AUTH_OK)
        r = check_expires(&check);
    if (r == FUNCTION_URL_AUTH_OK)
        r = check_scope(&check);
    if (r == FUNCTION_URL_AUTH_OK)
        r = check_time(&check);
    if (r == FUNCTION_URL_AUTH_OK)
        r = check_signature(&check, ret_caller);
    return r < 0 ? err_pass(r) : r;
}
