/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include "aws/sign.h"
#include "base/arena.h"
#include "base/cleanup.h"

/* The signatures were computed with an independent implementation (botocore's SigV4Auth). */

#define NOW_MS UINT64_C(1764037614000) /* 20251125T022654Z */
#define GET_SIGNATURE "484835d4a410e40508a1377b0bfb8d8778f12968321884fd84aadd621efa27e2"
#define POST_SIGNATURE "14fda1e2ed23b88d580b69c18089dc42fc5f7bdb9765356613a9f15f0d9879d1"
#define SCOPE "/20251125/us-east-1/lambda/aws4_request"
#define AUTHORIZATION(credential, names, signature)                                                \
    {                                                                                              \
        STR_INIT("Authorization"), STR_INIT("AWS4-HMAC-SHA256 Credential=" credential              \
                                            ", SignedHeaders=" names ", Signature=" signature)     \
    }
#define HOST                                                                                       \
    {                                                                                              \
        STR_INIT("Host"), STR_INIT("id.host")                                                      \
    }
#define DATE                                                                                       \
    {                                                                                              \
        STR_INIT("X-Amz-Date"), STR_INIT("20251125T022654Z")                                       \
    }

static const struct aws_credentials nobody;

struct fixture {
    struct arena arena;
    struct function_url_signed request;
    struct function_url_caller caller;
    struct function_url_refusal refusal;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){
        .request =
            {
                .method = STR("GET"),
                .path = STR("/a/../b%20c//(x)/"),
                .query = STR("b=2&a=1&a=%2F&c"),
                .body = STR(""),
                .region = STR("us-east-1"),
                .time_ms = NOW_MS,
                .own = &nobody,
                .default_account = STR("000000000000"),
            },
    };
    arena_init(&fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    arena_deinit(&fixture->arena);
    return 0;
}

static int authenticate(struct fixture *fixture, const struct http_header *headers, size_t count)
{
    fixture->request.headers = headers;
    fixture->request.header_count = count;
    return function_url_authenticate(&fixture->request, &fixture->arena, &fixture->caller,
                                     &fixture->refusal);
}

static void check_refused(struct fixture *fixture, const struct http_header *headers, size_t count,
                          const char *type)
{
    assert_int_equal(authenticate(fixture, headers, count), FUNCTION_URL_AUTH_REFUSED);
    assert_string_equal(fixture->refusal.type, type);
}

static const struct http_header get_headers[] = {
    HOST, DATE, AUTHORIZATION("test" SCOPE, "host;x-amz-date", GET_SIGNATURE)};

static void check_get(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(authenticate(fixture, get_headers, 3), FUNCTION_URL_AUTH_OK);
    assert_true(str_eq(fixture->caller.account, STR("000000000000")));
    assert_true(str_eq(fixture->caller.access_key, STR("test")));
    assert_true(str_eq(fixture->caller.user_arn, STR("arn:aws:iam::000000000000:root")));
}

static void check_post(void **state)
{
    static const struct http_header headers[] = {
        {STR_INIT("x-amz-meta"), STR_INIT("a   b")},
        HOST,
        DATE,
        AUTHORIZATION("test" SCOPE, "host;x-amz-date;x-amz-meta", POST_SIGNATURE),
    };
    struct fixture *fixture = *state;

    fixture->request.method = STR("POST");
    fixture->request.path = STR("/");
    fixture->request.query = STR_NONE;
    fixture->request.body = STR("{\"x\":1}");
    assert_int_equal(authenticate(fixture, headers, 4), FUNCTION_URL_AUTH_OK);
    fixture->request.body = STR("{\"x\":2}");
    check_refused(fixture, headers, 4, "InvalidSignatureException");
}

static void check_what_is_signed(void **state)
{
    struct fixture *fixture = *state;
    const struct function_url_signed genuine = fixture->request;

    fixture->request.path = STR("/b");
    check_refused(fixture, get_headers, 3, "InvalidSignatureException");
    fixture->request = genuine;
    fixture->request.query = STR("a=1");
    check_refused(fixture, get_headers, 3, "InvalidSignatureException");
    fixture->request = genuine;
    fixture->request.method = STR("PUT");
    check_refused(fixture, get_headers, 3, "InvalidSignatureException");
    fixture->request = genuine;
    fixture->request.region = STR("eu-west-1");
    check_refused(fixture, get_headers, 3, "InvalidSignatureException");
}

static void check_time(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.time_ms = NOW_MS + 300 * 1000;
    assert_int_equal(authenticate(fixture, get_headers, 3), FUNCTION_URL_AUTH_OK);
    fixture->request.time_ms = NOW_MS + 301 * 1000;
    check_refused(fixture, get_headers, 3, "InvalidSignatureException");
    assert_true(str_eq(fixture->refusal.message,
                       STR("Signature expired: 20251125T022654Z is now earlier than "
                           "20251125T022655Z (20251125T023155Z - 5 min.)")));
    fixture->request.time_ms = NOW_MS - 301 * 1000;
    check_refused(fixture, get_headers, 3, "InvalidSignatureException");
    assert_true(str_eq(fixture->refusal.message,
                       STR("Signature not yet current: 20251125T022654Z is still later than "
                           "20251125T022653Z (20251125T022153Z + 5 min.)")));
}

/* A signature that leaves the host out would be good for every function. */
static void check_host_is_signed(void **state)
{
    static const struct http_header headers[] = {
        HOST, DATE, AUTHORIZATION("test" SCOPE, "x-amz-date", GET_SIGNATURE)};

    check_refused(*state, headers, 3, "InvalidSignatureException");
}

static void check_missing_parts(void **state)
{
    static const struct http_header basic[] = {
        HOST, {STR_INIT("Authorization"), STR_INIT("Basic dGVzdDp0ZXN0")}};
    static const struct http_header partial[] = {
        HOST,
        {STR_INIT("Authorization"), STR_INIT("AWS4-HMAC-SHA256 Credential=a, Signature=")},
    };
    static const struct http_header short_credential[] = {
        HOST, DATE, AUTHORIZATION("test/20251125/us-east-1", "host", "0")};
    static const struct http_header bad_date[] = {
        HOST,
        {STR_INIT("X-Amz-Date"), STR_INIT("20251125")},
        AUTHORIZATION("test" SCOPE, "host", "0"),
    };
    struct fixture *fixture = *state;

    assert_int_equal(authenticate(fixture, basic, 0), FUNCTION_URL_AUTH_UNSIGNED);
    assert_int_equal(authenticate(fixture, basic, 2), FUNCTION_URL_AUTH_UNSIGNED);
    check_refused(fixture, partial, 2, "IncompleteSignatureException");
    assert_true(str_eq(fixture->refusal.message,
                       STR("Authorization header requires 'SignedHeaders' parameter. "
                           "Authorization header requires existence of either a 'X-Amz-Date' or a "
                           "'Date' header. Authorization=AWS4-HMAC-SHA256")));
    check_refused(fixture, short_credential, 3, "IncompleteSignatureException");
    check_refused(fixture, bad_date, 3, "IncompleteSignatureException");
}

static void check_keys(void **state)
{
    static const struct http_header unknown[] = {
        HOST, DATE, AUTHORIZATION("AKID" SCOPE, "host;x-amz-date", GET_SIGNATURE)};
    const struct aws_credentials own = {STR("AKID"), STR("test"), STR_NONE};
    const struct aws_credentials other = {STR("AKID"), STR("other"), STR_NONE};
    const struct aws_credentials temporary = {STR("AKID"), STR("test"), STR("token")};
    struct fixture *fixture = *state;

    check_refused(fixture, unknown, 3, "UnrecognizedClientException");
    fixture->request.own = &own;
    assert_int_equal(authenticate(fixture, unknown, 3), FUNCTION_URL_AUTH_OK);
    fixture->request.own = &other;
    check_refused(fixture, unknown, 3, "InvalidSignatureException");
    fixture->request.own = &temporary;
    check_refused(fixture, unknown, 3, "UnrecognizedClientException");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check_get, setup, teardown),
        cmocka_unit_test_setup_teardown(check_post, setup, teardown),
        cmocka_unit_test_setup_teardown(check_what_is_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(check_time, setup, teardown),
        cmocka_unit_test_setup_teardown(check_host_is_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(check_missing_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(check_keys, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
