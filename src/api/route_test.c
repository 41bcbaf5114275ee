/* SPDX-License-Identifier: Apache-2.0 */

#include "api/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/lambda/operations.h"
#include "model/model.h"

static struct api_router *router;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    router = api_router_new(&lambda_service);
    return router == NULL;
}

static int teardown(void **state)
{
    (void)state;
    router = api_router_free(router);
    arena_deinit(&arena);
    return 0;
}

static struct api_route find(const char *method, const char *path, const char *query)
{
    struct api_route route = {.operation = NULL};

    (void)api_router_find(router, &arena, str_of(method), str_of(path), str_of(query), &route);
    return route;
}

static void expect(const char *method, const char *path, const char *query, const char *operation)
{
    struct api_route route = find(method, path, query);
    const char *got = route.operation != NULL ? route.operation->name : "none";

    if (strcmp(got, operation) != 0)
        fail_msg("%s %s?%s: got %s, want %s", method, path, query ? query : "", got, operation);
}

/* Every template, filled in, leads to its own operation. */
static void test_every_operation(void **state)
{
    (void)state;
    for (size_t i = 0; i < lambda_service.operation_count; i++) {
        const struct model_operation *operation = &lambda_operations[i];
        char path[256];
        size_t len = 0;

        for (const char *p = operation->uri; *p != '\0'; p++) {
            path[len++] = *p == '{' ? 'x' : *p;
            if (*p == '{')
                p = strchr(p, '}');
        }
        path[len] = '\0';
        expect(operation->method, path, operation->uri_query, operation->name);
    }
}

static void test_query_decides(void **state)
{
    (void)state;
    expect("GET", "/2018-10-31/layers", NULL, "ListLayers");
    expect("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x", "GetLayerVersionByArn");
    expect("GET", "/2018-10-31/layers", "find=Other", "ListLayers");
    expect("GET", "/2019-09-30/functions/f/provisioned-concurrency", "List=ALL",
           "ListProvisionedConcurrencyConfigs");
    expect("GET", "/2019-09-30/functions/f/provisioned-concurrency", "Qualifier=1",
           "GetProvisionedConcurrencyConfig");
}

static void test_slashes(void **state)
{
    (void)state;
    expect("POST", "/2014-11-13/functions/f/invoke-async", NULL, "InvokeAsync");
    expect("POST", "/2014-11-13/functions/f/invoke-async/", NULL, "InvokeAsync");
    expect("GET", "/2015-03-31/functions/", NULL, "ListFunctions");
    expect("GET", "/2015-03-31/functions//", NULL, "none");
    expect("POST", "/2015-03-31/functions//invocations", NULL, "none");
    expect("GET", "/", NULL, "none");
    expect("GET", "", NULL, "none");
    expect("GET", "*", NULL, "none");
    expect("PUT", "/2015-03-31/functions", NULL, "none");
    expect("GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", NULL, "none");
}

static void test_decoding(void **state)
{
    struct api_route route = find(
        "GET", "/2015-03-31/functions/arn%3Aaws%3alambda:us-east-1:123456789012:function:f%2541%zz",
        "Qualifier=a%20b+c&empty=&alone&x=1&x=2&");

    (void)state;
    assert_string_equal(route.operation->name, "GetFunction");
    assert_true(str_eq(route.path[0].name, STR("FunctionName")));
    assert_true(
        str_eq(route.path[0].value, STR("arn:aws:lambda:us-east-1:123456789012:function:f%41%zz")));
    assert_true(
        str_eq(api_parameter_find(route.query, route.query_count, STR("Qualifier")), STR("a b c")));
    assert_int_equal(api_parameter_find(route.query, route.query_count, STR("empty")).len, 0);
    assert_false(str_is_set(api_parameter_find(route.query, route.query_count, STR("none"))));
    assert_int_equal(route.query_count, 5);
    assert_true(
        str_eq(api_query_find(&arena, STR("a=1&X-Amz-Credential=AK%2F2"), STR("X-Amz-Credential")),
               STR("AK/2")));
}

static void test_many_parameters(void **state)
{
    char query[4 * (API_QUERY_PARAMETERS_MAX + 10) + 1];
    size_t len = 0;

    (void)state;
    for (int i = 0; i < API_QUERY_PARAMETERS_MAX + 10; i++)
        len += (size_t)snprintf(query + len, sizeof(query) - len, "a=1&");
    assert_int_equal(find("GET", "/2015-03-31/functions", query).query_count,
                     API_QUERY_PARAMETERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation), cmocka_unit_test(test_query_decides),
        cmocka_unit_test(test_slashes),         cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_many_parameters),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
