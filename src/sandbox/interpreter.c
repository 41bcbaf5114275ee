/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/interpreter.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "jail/interpreter.h"

static void file_close(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

/*
 * node's name does not tell its version, and running it takes 25 ms. Its packages bring a header
 * that does; it is believed when it stands below the same prefix.
 */
static void find_node_version(struct sandbox_interpreter *interpreter)
{
    const char *path = strncmp(interpreter->path, "/usr/local/", 11) == 0
                           ? "/usr/local/include/node/node_version.h"
                           : "/usr/include/node/node_version.h";
    CLEANUP(file_close) FILE *f = fopen(path, "re");
    char line[256];
    unsigned value;

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "#define NODE_MAJOR_VERSION %u", &value) == 1)
            interpreter->major = value;
        else if (sscanf(line, "#define NODE_MINOR_VERSION %u", &value) == 1)
            interpreter->minor = value;
    }
}

bool sandbox_interpreter_find(struct sandbox_interpreter *ret_interpreter,
                              enum sandbox_runtime runtime, uint32_t major, uint32_t minor)
{
    CLEANUP(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct interpreter found;

    if (root_fd < 0 || interpreter_find(&found, root_fd, (enum jail_runtime)runtime, major, minor))
        return false;
    static_assert(sizeof(ret_interpreter->path) == sizeof(found.path), "same size");
    memcpy(ret_interpreter->path, found.path, sizeof(found.path));
    ret_interpreter->major = found.major;
    ret_interpreter->minor = found.minor;
    if (runtime == SANDBOX_RUNTIME_NODE && found.major == 0)
        find_node_version(ret_interpreter);
    return true;
}

bool sandbox_interpreter_is(const struct sandbox_interpreter *interpreter,
                            enum sandbox_runtime runtime, uint32_t major, uint32_t minor)
{
    return interpreter->major == major &&
           (runtime == SANDBOX_RUNTIME_NODE || interpreter->minor == minor);
}

void sandbox_interpreter_missing(struct reason *why, enum sandbox_runtime runtime, uint32_t major,
                                 uint32_t minor)
{
    static const char where[] = "in /usr/bin or /usr/local/bin";

    switch (runtime) {
    case SANDBOX_RUNTIME_PYTHON:
        reason_set(why, "this host has no Python %s for python%u.%u; install the package python3",
                   where, major, minor);
        return;
    case SANDBOX_RUNTIME_NODE:
        reason_set(why, "this host has no Node.js %s for nodejs%u.x; install the package nodejs",
                   where, major);
        return;
    case SANDBOX_RUNTIME_RUBY:
        reason_set(why, "this host has no Ruby %s for ruby%u.%u; install the package ruby", where,
                   major, minor);
        return;
    case SANDBOX_RUNTIME_DOTNET:
        reason_set(why, "this host has no Mono %s for dotnet%u; install the package mono-runtime",
                   where, major);
        return;
    case SANDBOX_RUNTIME_JAVA:
        reason_set(why,
                   "this host has no Java (17 or newer) in /usr/lib/jvm or /usr/bin for java%u; "
                   "install the package default-jre-headless",
                   major);
        return;
    case SANDBOX_RUNTIME_PROVIDED:
        break;
    }
    reason_set(why, "a custom runtime needs no interpreter");
}
