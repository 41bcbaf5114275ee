/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the five above first */
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "catalog/function_url.h"
#include "gateway/function_url_address.h"
#include "gateway/function_url_answer.h"
#include "gateway/function_url_cors.h"
#include "gateway/function_url_event.h"
#include "gateway/percent.h"

static void check_str(struct str got, const char *expected)
{
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.ptr, expected, got.len);
}

static int setup(void **state)
{
    static struct arena arena;

    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_deinit(*state);
    return 0;
}

/* ---- text ---- */

static void check_percent(void **state)
{
    static const struct {
        const char *text;
        const char *path;
        const char *query;
    } cases[] = {
        {"", "", ""},           {"a+b", "a+b", "a b"}, {"%2Fa%2f", "/a/", "/a/"},
        {"%", "%", "%"},        {"%4", "%4", "%4"},    {"%4g%g4", "%4g%g4", "%4g%g4"},
        {"%25%32", "%2", "%2"}, {"%2B", "+", "+"},     {"100%", "100%", "100%"},
    };

    for (size_t i = 0; i < array_count(cases); i++) {
        check_str(percent_decode(*state, str_of(cases[i].text), false), cases[i].path);
        check_str(percent_decode(*state, str_of(cases[i].text), true), cases[i].query);
    }
}

static void check_query(void **state)
{
    struct str rest = STR("&a=1&&b&c==2&"), name, value;

    (void)state;
    assert_true(query_next(&rest, &name, &value));
    check_str(name, "a");
    check_str(value, "1");
    assert_true(query_next(&rest, &name, &value));
    check_str(name, "b");
    assert_false(str_is_set(value));
    assert_true(query_next(&rest, &name, &value));
    check_str(name, "c");
    check_str(value, "=2");
    assert_false(query_next(&rest, &name, &value));
}

/* ---- addresses ---- */

static void check_address(void **state)
{
    static const struct {
        const char *host;
        const char *path;
        const char *id; /* NULL: for something else */
        const char *region;
        const char *seen_path;
    } cases[] = {
        {"Id.Lambda-URL.us-east-1.localhost:4566", "/a", "Id", "us-east-1", "/a"},
        {"id.lambda-url.eu-west-1.on.aws", "", "id", "eu-west-1", "/"},
        {"id.lambda-url.eu-west-1.on.aws", "/_lambd/health", "id", "eu-west-1", "/_lambd/health"},
        {"id.lambda-url.eu-west-1", "/", NULL, NULL, NULL},
        {"lambda-url.eu-west-1.on.aws", "/", NULL, NULL, NULL},
        {"lambda.eu-west-1.amazonaws.com", "/", NULL, NULL, NULL},
        {"localhost:4566", "/_lambd/url/id/a%2Fb", "id", NULL, "/a%2Fb"},
        {"localhost:4566", "/_lambd/url/id", "id", NULL, "/"},
        {"localhost:4566", "/_lambd/url/", "", NULL, "/"},
        {"localhost:4566", "/_lambd/urls", NULL, NULL, NULL},
        {"[::1]:4566", "/2015-03-31/functions/", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_count(cases); i++) {
        struct function_url_address address;
        bool found =
            function_url_address_find(str_of(cases[i].host), str_of(cases[i].path), &address);

        assert_int_equal(found, cases[i].id != NULL);
        if (!found)
            continue;
        check_str(address.id, cases[i].id);
        check_str(address.path, cases[i].seen_path);
        assert_int_equal(str_is_set(address.region), cases[i].region != NULL);
        if (cases[i].region)
            check_str(address.region, cases[i].region);
    }
    check_str(function_url_port(STR("[::1]:4566")), "4566");
    assert_false(str_is_set(function_url_port(STR("localhost"))));
    assert_false(str_is_set(function_url_port(STR("localhost:"))));
}

/* ---- events ---- */

static const struct http_header headers[] = {
    {STR_INIT("Header1"), STR_INIT("value1")},      {STR_INIT("HEADER2"), STR_INIT("value1")},
    {STR_INIT("Connection"), STR_INIT("close")},    {STR_INIT("Cookie"), STR_INIT("a=1; b=2")},
    {STR_INIT("header2"), STR_INIT("value2")},      {STR_INIT("cookie"), STR_INIT("c=3;;")},
    {STR_INIT("Content-Type"), STR_INIT("text/x")}, {STR_INIT("User-Agent"), STR_INIT("agent")},
};

static struct function_url_event an_event(void)
{
    return (struct function_url_event){
        .method = STR("POST"),
        .path = STR("/my%20path"),
        .query = STR("p=1&p=%22&q"),
        .protocol = STR("HTTP/1.1"),
        .headers = headers,
        .header_count = array_count(headers),
        .body = STR("a \"b\""),
        .url_id = STR("id"),
        .domain = STR("id.host"),
        .source_ip = STR("1.2.3.4"),
        .port = STR("80"),
        .trace_id = STR("Root=1-2-3"),
        .request_id = STR("r"),
        .time_ms = 1583348638390,
    };
}

#define CONTEXT_END                                                                                \
    "\"domainName\":\"id.host\",\"domainPrefix\":\"id\",\"http\":{\"method\":\"POST\",\"path\":"   \
    "\"/my%20path\",\"protocol\":\"HTTP/1.1\",\"sourceIp\":\"1.2.3.4\",\"userAgent\":\"agent\"},"  \
    "\"requestId\":\"r\",\"routeKey\":\"$default\",\"stage\":\"$default\",\"time\":"               \
    "\"04/Mar/2020:19:03:58 +0000\",\"timeEpoch\":1583348638390}"

static void check_event(void **state)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    struct function_url_event event = an_event();

    assert_int_equal(function_url_event_write(&out, *state, &event), 0);
    check_str(buf_str(&out),
              "{\"version\":\"2.0\",\"routeKey\":\"$default\",\"rawPath\":\"/my%20path\","
              "\"rawQueryString\":\"p=1&p=%22&q\",\"cookies\":[\"a=1\",\"b=2\",\"c=3\"],"
              "\"headers\":{\"header1\":\"value1\",\"header2\":\"value1,value2\",\"content-type\":"
              "\"text/x\",\"user-agent\":\"agent\",\"x-amzn-trace-id\":\"Root=1-2-3\","
              "\"x-forwarded-proto\":\"http\",\"x-forwarded-port\":\"80\",\"x-forwarded-for\":"
              "\"1.2.3.4\"},\"queryStringParameters\":{\"p\":\"1,\\\"\",\"q\":\"\"},"
              "\"requestContext\":{\"accountId\":\"anonymous\",\"apiId\":\"id\"," CONTEXT_END
              ",\"body\":\"a \\\"b\\\"\",\"isBase64Encoded\":false}");
}

static void check_event_of_a_caller(void **state)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    const struct function_url_caller caller = {STR("111122223333"), STR("AKID"), STR("arn:x")};
    struct function_url_event event = an_event();

    event.caller = &caller;
    event.header_count = 1;
    event.query = STR_NONE;
    event.body = STR("\xff");
    assert_int_equal(function_url_event_write(&out, *state, &event), 0);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_non_null(strstr(out.ptr, "\"rawQueryString\":\"\",\"headers\":{"));
    assert_null(strstr(out.ptr, "queryStringParameters"));
    assert_non_null(
        strstr(out.ptr,
               "\"requestContext\":{\"accountId\":\"111122223333\",\"apiId\":\"id\",\"authorizer\":"
               "{\"iam\":{\"accessKey\":\"AKID\",\"accountId\":\"111122223333\",\"callerId\":"
               "\"111122223333\",\"cognitoIdentity\":null,\"principalOrgId\":null,\"userArn\":"
               "\"arn:x\",\"userId\":\"111122223333\"}},\"domainName\""));
    assert_non_null(strstr(out.ptr, ",\"body\":\"/w==\",\"isBase64Encoded\":true}"));
}

/* ---- answers ---- */

static struct str header_of(const struct function_url_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (str_eq_nocase(answer->headers[i].name, str_of(name)))
            return answer->headers[i].value;
    return STR_NONE;
}

static void check_inference(void **state)
{
    static const struct {
        const char *output;
        unsigned status; /* 0: no answer */
        const char *type;
        const char *body;
    } cases[] = {
        {"{\"hello\":\"world\"}", 200, "application/json", "{\"hello\":\"world\"}"},
        {"{\"a\":{\"statusCode\":1}}", 200, "application/json", "{\"a\":{\"statusCode\":1}}"},
        {" \"he\\u006clo\\\"\"", 200, "application/json", "hello\""},
        {"[1,\"statusCode\"]", 200, "application/json", "[1,\"statusCode\"]"},
        {"null", 200, "application/json", "null"},
        {"{\"a b\" : [ 1,\n\"\\\" :\"] }\n", 200, "application/json", "{\"a b\":[1,\"\\\" :\"]}"},
        {" { \"a\" : { \"statusCode\" : 1 } }", 200, "application/json",
         "{\"a\":{\"statusCode\":1}}"},
        {"{\"statusCode\":201}", 201, "application/json", ""},
        {"{\"statusCode\":\"418\",\"body\":\"x\"}", 418, "application/json", "x"},
        {"{\"statusCode\":200,\"headers\":{\"content-type\":\"t\"},\"body\":5}", 200, "t", "5"},
        {"{\"statusCode\":200,\"body\":\"aGk=\",\"isBase64Encoded\":true}", 200, "application/json",
         "hi"},
        {"{\"statusCode\":200,\"body\":\"aGk=\",\"isBase64Encoded\":false}", 200,
         "application/json", "aGk="},
        {"", 0, NULL, NULL},
        {"hello", 0, NULL, NULL},
        {"{\"statusCode\":200", 0, NULL, NULL},
        {"{\"statusCode\":\"x\"}", 0, NULL, NULL},
        {"{\"statusCode\":null}", 0, NULL, NULL},
        {"{\"statusCode\":199}", 0, NULL, NULL},
        {"{\"statusCode\":600}", 0, NULL, NULL},
        {"{\"statusCode\":200,\"headers\":\"x\"}", 0, NULL, NULL},
        {"{\"statusCode\":200,\"headers\":{\"a\":{}}}", 0, NULL, NULL},
        {"{\"statusCode\":200,\"cookies\":{}}", 0, NULL, NULL},
        {"{\"statusCode\":200,\"body\":\"aGk\",\"isBase64Encoded\":true}", 0, NULL, NULL},
    };

    for (size_t i = 0; i < array_count(cases); i++) {
        struct function_url_answer answer;
        int r = function_url_answer_infer(&answer, *state, str_of(cases[i].output));

        assert_int_equal(r, cases[i].status ? 0 : -EBADMSG);
        if (r < 0)
            continue;
        assert_int_equal(answer.status, cases[i].status);
        check_str(header_of(&answer, "content-type"), cases[i].type);
        check_str(answer.body, cases[i].body);
    }
}

static void check_headers_and_cookies(void **state)
{
    struct function_url_answer answer;

    assert_int_equal(
        function_url_answer_infer(&answer, *state,
                                  STR("{\"statusCode\":200,\"headers\":{\"A\":\"x\",\"B\":1.5,"
                                      "\"C\":true,\"D\":null},\"cookies\":[\"a=1\",\"b=2\"]}")),
        0);
    assert_int_equal(answer.header_count, 6);
    check_str(header_of(&answer, "a"), "x");
    check_str(header_of(&answer, "b"), "1.5");
    check_str(header_of(&answer, "c"), "true");
    assert_false(str_is_set(header_of(&answer, "d")));
    check_str(answer.headers[3].name, "Set-Cookie");
    check_str(answer.headers[3].value, "a=1");
    check_str(answer.headers[4].value, "b=2");
}

/* However the bytes are cut. */
static void check_prelude(void **state)
{
    static const char stream[] = "{\"statusCode\":201,\"headers\":{\"x\":\"\0"
                                 "y\"}}\0\0\0\0\0\0\0\0body";
    static const char text[] = "{\"statusCode\":201,\"headers\":{\"x\":\"\0"
                               "y\"}}";

    (void)state;
    for (size_t cut = 0; cut < sizeof(stream); cut++) {
        struct function_url_prelude prelude = {0};
        struct str rest = str_make(stream, cut);
        struct str unread = str_make(stream + cut, sizeof(stream) - 1 - cut);
        int r = function_url_prelude_feed(&prelude, &rest);

        if (r == FUNCTION_URL_PRELUDE_MORE) {
            rest = unread;
            unread = STR("");
            r = function_url_prelude_feed(&prelude, &rest);
        }
        assert_int_equal(r, FUNCTION_URL_PRELUDE_COMPLETE);
        assert_int_equal(prelude.text.len, sizeof(text) - 1);
        assert_memory_equal(prelude.text.ptr, text, sizeof(text) - 1);
        assert_true(str_starts_with(STR("body"), rest));
        assert_int_equal(rest.len + unread.len, 4);
        function_url_prelude_deinit(&prelude);
    }
}

static void check_prelude_bounds(void **state)
{
    static char much[100000];
    struct function_url_prelude prelude = {0};
    struct str bytes = str_make(much, sizeof(much));

    (void)state;
    for (size_t i = 0; i < sizeof(much); i++)
        much[i] = 'x';
    assert_int_equal(function_url_prelude_feed(&prelude, &bytes), -EMSGSIZE);
    function_url_prelude_deinit(&prelude);
}

static void check_prelude_answer(void **state)
{
    struct function_url_answer answer;

    assert_int_equal(function_url_answer_prelude(&answer, *state, STR("{}")), 0);
    assert_int_equal(answer.status, 200);
    check_str(header_of(&answer, "content-type"), "application/octet-stream");
    assert_int_equal(function_url_answer_prelude(&answer, *state, STR("[]")), -EBADMSG);
    assert_int_equal(function_url_answer_prelude(&answer, *state, STR("{")), -EBADMSG);
}

/* ---- CORS ---- */

static void check_cors(void **state)
{
    static const struct str origins[] = {STR_INIT("https://*.example.com"), STR_INIT("http://b")};
    static const struct str methods[] = {STR_INIT("GET"), STR_INIT("PUT")};
    static const struct {
        const char *origin;
        bool matches;
    } cases[] = {
        {"https://a.example.com", true},
        {"HTTPS://A.Example.com", true},
        {"https://a.b.example.com", true},
        {"http://b", true},
        {"https://.example.com", false},
        {"https://example.com", false},
        {"https://a.example.com.org", false},
        {"http://bb", false},
        {NULL, false},
    };
    const struct function_url_cors cors = {
        .allow_origins = {origins, 2}, .allow_methods = {methods, 2}, .max_age_s = 60};
    struct function_url_cors_headers got;

    for (size_t i = 0; i < array_count(cases); i++) {
        struct str origin = str_of(cases[i].origin);

        assert_int_equal(function_url_cors_make(&got, *state, &cors, origin, false), 0);
        assert_int_equal(got.count, cases[i].matches ? 2 : 0);
        if (cases[i].matches)
            check_str(got.ptr[0].value, cases[i].origin);
    }
    assert_int_equal(function_url_cors_make(&got, *state, &cors, STR("http://b"), true), 0);
    assert_int_equal(got.count, 4);
    check_str(got.ptr[2].value, "GET,PUT");
    check_str(got.ptr[3].value, "60");
    assert_true(function_url_cors_owns(STR("access-control-allow-origin")));
    assert_false(function_url_cors_owns(STR("x-access-control-allow-origin")));
}

static void check_cors_for_everybody(void **state)
{
    static const struct str all[] = {STR_INIT("*")};
    struct function_url_cors cors = {.allow_origins = {all, 1}};
    struct function_url_cors_headers got;

    assert_int_equal(function_url_cors_make(&got, *state, &cors, STR("http://b"), false), 0);
    assert_int_equal(got.count, 1);
    check_str(got.ptr[0].value, "*");
    cors.allow_credentials = true; /* browsers refuse "*" then */
    assert_int_equal(function_url_cors_make(&got, *state, &cors, STR("http://b"), false), 0);
    assert_int_equal(got.count, 3);
    check_str(got.ptr[0].value, "http://b");
    check_str(got.ptr[2].value, "true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check_percent, setup, teardown),
        cmocka_unit_test(check_query),
        cmocka_unit_test(check_address),
        cmocka_unit_test_setup_teardown(check_event, setup, teardown),
        cmocka_unit_test_setup_teardown(check_event_of_a_caller, setup, teardown),
        cmocka_unit_test_setup_teardown(check_inference, setup, teardown),
        cmocka_unit_test_setup_teardown(check_headers_and_cookies, setup, teardown),
        cmocka_unit_test(check_prelude),
        cmocka_unit_test(check_prelude_bounds),
        cmocka_unit_test_setup_teardown(check_prelude_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(check_cors, setup, teardown),
        cmocka_unit_test_setup_teardown(check_cors_for_everybody, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
