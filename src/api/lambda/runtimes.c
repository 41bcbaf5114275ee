/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/runtimes.h"

#include "base/cleanup.h"

const char runtime_enum_text[] =
    "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, "
    "java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, "
    "java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2]";

struct runtime {
    struct str name;
    bool has_snap_start;
};

/* What is printed, and what came after it was recorded. */
static const struct runtime usable[] = {
    {STR_INIT("nodejs16.x"), false},      {STR_INIT("nodejs18.x"), false},
    {STR_INIT("nodejs20.x"), false},      {STR_INIT("nodejs22.x"), false},
    {STR_INIT("nodejs24.x"), false},      {STR_INIT("nodejs26.x"), false},
    {STR_INIT("python3.8"), false},       {STR_INIT("python3.9"), false},
    {STR_INIT("python3.10"), false},      {STR_INIT("python3.11"), false},
    {STR_INIT("python3.12"), true},       {STR_INIT("python3.13"), true},
    {STR_INIT("python3.14"), true},       {STR_INIT("python3.15"), true},
    {STR_INIT("java8.al2"), false},       {STR_INIT("java8.al2023"), false},
    {STR_INIT("java11"), true},           {STR_INIT("java11.al2023"), true},
    {STR_INIT("java17"), true},           {STR_INIT("java17.al2023"), true},
    {STR_INIT("java21"), true},           {STR_INIT("java25"), true},
    {STR_INIT("dotnet6"), false},         {STR_INIT("dotnet8"), true},
    {STR_INIT("dotnet10"), true},         {STR_INIT("ruby3.2"), false},
    {STR_INIT("ruby3.3"), false},         {STR_INIT("ruby3.4"), false},
    {STR_INIT("ruby4.0"), false},         {STR_INIT("provided.al2"), false},
    {STR_INIT("provided.al2023"), false},
};

static const struct str retired[] = {
    STR_INIT("nodejs"),        STR_INIT("nodejs4.3"),     STR_INIT("nodejs4.3-edge"),
    STR_INIT("nodejs6.10"),    STR_INIT("nodejs8.10"),    STR_INIT("nodejs10.x"),
    STR_INIT("nodejs12.x"),    STR_INIT("nodejs14.x"),    STR_INIT("python2.7"),
    STR_INIT("python3.6"),     STR_INIT("python3.7"),     STR_INIT("dotnetcore1.0"),
    STR_INIT("dotnetcore2.0"), STR_INIT("dotnetcore2.1"), STR_INIT("dotnetcore3.1"),
    STR_INIT("ruby2.5"),       STR_INIT("ruby2.7"),       STR_INIT("java8"),
    STR_INIT("go1.x"),         STR_INIT("provided"),
};

static const struct runtime *runtime_find(struct str name)
{
    for (size_t i = 0; i < array_count(usable); i++)
        if (str_eq(usable[i].name, name))
            return &usable[i];
    return NULL;
}

enum runtime_status runtime_status(struct str runtime)
{
    if (runtime_find(runtime))
        return RUNTIME_USABLE;
    for (size_t i = 0; i < array_count(retired); i++)
        if (str_eq(retired[i], runtime))
            return RUNTIME_RETIRED;
    return RUNTIME_UNKNOWN;
}

bool runtime_has_snap_start(struct str runtime)
{
    const struct runtime *found = runtime_find(runtime);

    return found && found->has_snap_start;
}
