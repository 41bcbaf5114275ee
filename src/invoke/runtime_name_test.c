/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/runtime_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void reads_identifiers(void **state)
{
    static const struct {
        const char *identifier;
        enum runtime_family family;
        uint32_t major, minor;
        const char *label;
    } cases[] = {
        {"python3.12", RUNTIME_PYTHON, 3, 12, "python:3.12"},
        {"nodejs20.x", RUNTIME_NODE, 20, 0, "nodejs:20"},
        {"ruby3.4", RUNTIME_RUBY, 3, 4, "ruby:3.4"},
        {"dotnet8", RUNTIME_DOTNET, 8, 0, "dotnet:8"},
        {"dotnetcore3.1", RUNTIME_OTHER, 0, 0, "dotnetcore3.1"},
        {"provided.al2023", RUNTIME_PROVIDED, 0, 0, "provided:al2023"},
        {"provided.al2", RUNTIME_PROVIDED, 0, 0, "provided:al2"},
        {"java21", RUNTIME_JAVA, 21, 0, "java:21"},
        {"java8.al2", RUNTIME_JAVA, 8, 0, "java:8"},
        {"java11.al2023", RUNTIME_JAVA, 11, 0, "java:11"},
        {"go1.x", RUNTIME_OTHER, 0, 0, "go1.x"},
    };
    struct runtime_name name;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        runtime_name_parse(&name, str_of(cases[i].identifier));
        assert_int_equal(name.family, cases[i].family);
        assert_int_equal(name.major, cases[i].major);
        assert_int_equal(name.minor, cases[i].minor);
        assert_string_equal(name.label, cases[i].label);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_identifiers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
