/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/runtime_name.h"

#include <stdio.h>

/* "12" of "12.x"; stops at the first character that is no digit. */
static uint32_t number(struct str *text)
{
    uint32_t value = 0;

    while (text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9' && value < 100000) {
        value = value * 10 + (uint32_t)(text->ptr[0] - '0');
        *text = str_sub(*text, 1, text->len);
    }
    return value;
}

static bool skip(struct str *text, struct str prefix)
{
    if (!str_starts_with(*text, prefix))
        return false;
    *text = str_sub(*text, prefix.len, text->len);
    return true;
}

void runtime_name_parse(struct runtime_name *ret_name, struct str identifier)
{
    struct runtime_name name = {.family = RUNTIME_OTHER};
    struct str rest = identifier;

    (void)snprintf(name.label, sizeof(name.label), "%.*s", STR_FMT(identifier));
    if (skip(&rest, STR("python"))) {
        name.family = RUNTIME_PYTHON;
        name.sandbox = SANDBOX_RUNTIME_PYTHON;
        name.major = number(&rest);
        if (skip(&rest, STR(".")))
            name.minor = number(&rest);
        (void)snprintf(name.label, sizeof(name.label), "python:%u.%u", name.major, name.minor);
    } else if (skip(&rest, STR("nodejs"))) {
        name.family = RUNTIME_NODE;
        name.sandbox = SANDBOX_RUNTIME_NODE;
        name.major = number(&rest);
        (void)snprintf(name.label, sizeof(name.label), "nodejs:%u", name.major);
    } else if (skip(&rest, STR("ruby"))) {
        name.family = RUNTIME_RUBY;
        name.sandbox = SANDBOX_RUNTIME_RUBY;
        name.major = number(&rest);
        if (skip(&rest, STR(".")))
            name.minor = number(&rest);
        (void)snprintf(name.label, sizeof(name.label), "ruby:%u.%u", name.major, name.minor);
    } else if (!str_starts_with(rest, STR("dotnetcore")) && skip(&rest, STR("dotnet"))) {
        name.family = RUNTIME_DOTNET;
        name.sandbox = SANDBOX_RUNTIME_DOTNET;
        name.major = number(&rest);
        (void)snprintf(name.label, sizeof(name.label), "dotnet:%u", name.major);
    } else if (skip(&rest, STR("java"))) {
        name.family = RUNTIME_JAVA;
        name.sandbox = SANDBOX_RUNTIME_JAVA;
        name.major = number(&rest);
        (void)snprintf(name.label, sizeof(name.label), "java:%u", name.major);
    } else if (skip(&rest, STR("provided"))) {
        name.family = RUNTIME_PROVIDED;
        name.sandbox = SANDBOX_RUNTIME_PROVIDED;
        (void)skip(&rest, STR("."));
        (void)snprintf(name.label, sizeof(name.label), "provided:%.*s", STR_FMT(rest));
    }
    *ret_name = name;
}
