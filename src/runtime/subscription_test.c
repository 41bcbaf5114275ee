/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct subscription subscription;
static char complaint[SUBSCRIPTION_COMPLAINT_BYTES];

static void good(enum subscription_api api, const char *text)
{
    if (!subscription_parse(&subscription, api, str_of(text), complaint))
        fail_msg("%s: %s", text, complaint);
}

static void bad(enum subscription_api api, const char *text, const char *wanted)
{
    if (subscription_parse(&subscription, api, str_of(text), complaint))
        fail_msg("taken: %s", text);
    assert_string_equal(complaint, wanted);
}

static void test_http(void **state)
{
    (void)state;
    good(
        SUBSCRIPTION_TELEMETRY,
        "{\"schemaVersion\":\"2022-12-13\",\"types\":[\"platform\",\"function\"],"
        "\"buffering\":{\"maxItems\":1000,\"maxBytes\":262144,\"timeoutMs\":25},"
        "\"destination\":{\"protocol\":\"HTTP\",\"URI\":\"http://sandbox.localdomain:8080/a?b\"}}");
    assert_int_equal(subscription.types, SUBSCRIPTION_PLATFORM | SUBSCRIPTION_FUNCTION);
    assert_int_equal(subscription.items_max, 1000);
    assert_int_equal(subscription.timeout_ms, 25);
    assert_true(subscription.is_http);
    assert_true(subscription.has_json_records);
    assert_int_equal(subscription.port, 8080);
    assert_string_equal(subscription.path, "/a?b");
}

static void test_defaults(void **state)
{
    (void)state;
    good(SUBSCRIPTION_TELEMETRY, "{\"schemaVersion\":\"2022-07-01\",\"types\":[\"extension\"],"
                                 "\"destination\":{\"protocol\":\"TCP\",\"port\":4000}}");
    assert_int_equal(subscription.items_max, 10000);
    assert_int_equal(subscription.bytes_max, 262144);
    assert_int_equal(subscription.timeout_ms, 1000);
    assert_false(subscription.is_http);
    assert_false(subscription.has_json_records);
    assert_int_equal(subscription.port, 4000);
    good(SUBSCRIPTION_LOGS,
         "{\"types\":[\"platform\"],\"destination\":{\"protocol\":\"HTTP\",\"method\":\"PUT\","
         "\"URI\":\"http://sandbox:1\"}}");
    assert_true(subscription.is_put);
    assert_false(subscription.has_runtime_done);
    assert_string_equal(subscription.path, "/");
}

static void test_complaints(void **state)
{
    static const char types[] = "\"schemaVersion\":\"2022-07-01\",\"types\":[\"platform\"]";
    static const struct {
        const char *destination;
        const char *wanted;
    } cases[] = {
        {"{\"protocol\":\"UDP\"}", "protocol must be HTTP or TCP"},
        {"{\"protocol\":\"TCP\",\"port\":9001}", "port is not allowed"},
        {"{\"protocol\":\"TCP\",\"port\":65536}", "port is not allowed"},
        {"{\"protocol\":\"TCP\"}", "port is not allowed"},
        {"{\"protocol\":\"HTTP\"}", "URI is not provided"},
        {"{\"protocol\":\"HTTP\",\"URI\":\"https://sandbox:1/\"}", "URI must begin with http://"},
        {"{\"protocol\":\"HTTP\",\"URI\":\"http://sandbox:9001/\"}", "URI port is not allowed"},
        {"{\"protocol\":\"HTTP\",\"URI\":\"http://sandboxes:80/\"}", "URI port is not allowed"},
        {"{\"protocol\":\"HTTP\",\"URI\":\"http://localhost:80/\"}",
         "URI host must be sandbox.localdomain or sandbox"},
        {"{\"protocol\":\"HTTP\",\"URI\":\"http://sandbox:80/a\\r\\nb\"}",
         "URI has a character that is not allowed"},
    };
    char text[512];

    (void)state;
    bad(SUBSCRIPTION_TELEMETRY, "nothing", "the request is not a JSON object");
    bad(SUBSCRIPTION_TELEMETRY,
        "{\"schemaVersion\":\"2022-07-01\",\"types\":[],\"destination\":{\"protocol\":\"HTTP\","
        "\"URI\":\"http://sandbox.localdomain/\"}}",
        "URI port is not provided; types should not be empty");
    bad(SUBSCRIPTION_TELEMETRY,
        "{\"types\":[\"x\"],\"destination\":{\"protocol\":\"TCP\",\"port\":1},"
        "\"buffering\":{\"maxItems\":1,\"maxBytes\":\"x\",\"timeoutMs\":24}}",
        "schemaVersion is not provided; types has a value that is not known; maxItems must be "
        "between 1000 and 10000; maxBytes must be between 262144 and 1048576; timeoutMs must be "
        "between 25 and 30000");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(text, sizeof(text), "{%s,\"destination\":%s}", types, cases[i].destination);
        bad(SUBSCRIPTION_TELEMETRY, text, cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
