/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

enum {
    PYTHON_MINOR_MIN = 6,
    PYTHON_MINOR_MAX = 30,
    NODE_MAJOR_MIN = 12,
    NODE_MAJOR_MAX = 40,
    RUBY_MAJOR_MIN = 3,
    RUBY_MAJOR_MAX = 5,
    RUBY_MINOR_MAX = 9,
    JAVA_MAJOR_MIN = 17, /* our client needs it */
    JAVA_MAJOR_MAX = 40,
};

#ifdef __aarch64__
#define DEBIAN_ARCHITECTURE "arm64"
#else
#define DEBIAN_ARCHITECTURE "amd64"
#endif

static const char *const folders[] = {"usr/bin", "usr/local/bin"};

static bool is_program(int root_fd, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    CLEANUP(close_fdp) int fd = -1;
    char link[32];
    char target[256];
    struct stat st;
    ssize_t n;

    fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IXOTH))
        return false;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, target, sizeof(target) - 1);
    if (n < 0)
        return false;
    target[n] = '\0';
    return strstr(target, "/usr/") != NULL;
}

static bool find_name(struct interpreter *interpreter, int root_fd, const char *name)
{
    for (size_t i = 0; i < array_count(folders); i++) {
        (void)snprintf(interpreter->path, sizeof(interpreter->path), "/%s/%s", folders[i], name);
        if (is_program(root_fd, interpreter->path + 1))
            return true;
    }
    return false;
}

static bool find_python(struct interpreter *interpreter, int root_fd, uint32_t minor)
{
    char name[32];

    interpreter->major = 3;
    interpreter->minor = minor;
    (void)snprintf(name, sizeof(name), "python3.%u", minor);
    if (find_name(interpreter, root_fd, name))
        return true;
    for (interpreter->minor = PYTHON_MINOR_MAX; interpreter->minor >= PYTHON_MINOR_MIN;
         interpreter->minor--) {
        (void)snprintf(name, sizeof(name), "python3.%u", interpreter->minor);
        if (find_name(interpreter, root_fd, name))
            return true;
    }
    return false;
}

static bool find_node(struct interpreter *interpreter, int root_fd, uint32_t major)
{
    static const char *const versioned[] = {"node-", "node", "nodejs"};
    static const char *const plain[] = {"node", "nodejs"};
    char name[32];

    interpreter->major = major;
    interpreter->minor = 0;
    for (size_t i = 0; i < array_count(versioned); i++) {
        (void)snprintf(name, sizeof(name), "%s%u", versioned[i], major);
        if (find_name(interpreter, root_fd, name))
            return true;
    }
    interpreter->major = 0;
    for (size_t i = 0; i < array_count(plain); i++) {
        if (find_name(interpreter, root_fd, plain[i]))
            return true;
    }
    for (interpreter->major = NODE_MAJOR_MAX; interpreter->major >= NODE_MAJOR_MIN;
         interpreter->major--) {
        (void)snprintf(name, sizeof(name), "node-%u", interpreter->major);
        if (find_name(interpreter, root_fd, name))
            return true;
    }
    return false;
}

static bool find_ruby_version(struct interpreter *interpreter, int root_fd, uint32_t major,
                              uint32_t minor)
{
    char name[32];

    interpreter->major = major;
    interpreter->minor = minor;
    (void)snprintf(name, sizeof(name), "ruby%u.%u", major, minor);
    return find_name(interpreter, root_fd, name);
}

static bool find_ruby(struct interpreter *interpreter, int root_fd, uint32_t major, uint32_t minor)
{
    if (find_ruby_version(interpreter, root_fd, major, minor))
        return true;
    for (major = RUBY_MAJOR_MAX; major >= RUBY_MAJOR_MIN; major--) {
        for (minor = RUBY_MINOR_MAX; minor != UINT32_MAX; minor--) {
            if (find_ruby_version(interpreter, root_fd, major, minor))
                return true;
        }
    }
    interpreter->major = 0;
    interpreter->minor = 0;
    return find_name(interpreter, root_fd, "ruby");
}

static bool find_dotnet(struct interpreter *interpreter, int root_fd)
{
    interpreter->major = 0;
    interpreter->minor = 0;
    return find_name(interpreter, root_fd, "mono");
}

/* Several versions stand side by side, each in a folder of its own. */
static bool find_java_version(struct interpreter *interpreter, int root_fd, uint32_t major)
{
    static const struct {
        const char *before, *after; /* the version */
    } homes[] = {
        {"java-", "-openjdk-" DEBIAN_ARCHITECTURE},
        {"temurin-", "-jre-" DEBIAN_ARCHITECTURE},
        {"temurin-", "-jdk-" DEBIAN_ARCHITECTURE},
        {"java-", "-openjdk"},
        {"java-", "-temurin"},
        {"java-", "-amazon-corretto"},
    };

    interpreter->major = major;
    interpreter->minor = 0;
    for (size_t i = 0; i < array_count(homes); i++) {
        (void)snprintf(interpreter->path, sizeof(interpreter->path), "/usr/lib/jvm/%s%u%s/bin/java",
                       homes[i].before, major, homes[i].after);
        if (is_program(root_fd, interpreter->path + 1))
            return true;
    }
    return false;
}

static bool find_java(struct interpreter *interpreter, int root_fd, uint32_t major)
{
    if (major >= JAVA_MAJOR_MIN && find_java_version(interpreter, root_fd, major))
        return true;
    for (major = JAVA_MAJOR_MAX; major >= JAVA_MAJOR_MIN; major--) {
        if (find_java_version(interpreter, root_fd, major))
            return true;
    }
    interpreter->major = 0;
    return find_name(interpreter, root_fd, "java");
}

int interpreter_find(struct interpreter *ret_interpreter, int root_fd, enum jail_runtime runtime,
                     uint32_t major, uint32_t minor)
{
    struct interpreter found;
    bool is_found = false;

    if (runtime == JAIL_RUNTIME_PYTHON)
        is_found = find_python(&found, root_fd, minor);
    else if (runtime == JAIL_RUNTIME_NODE)
        is_found = find_node(&found, root_fd, major);
    else if (runtime == JAIL_RUNTIME_RUBY)
        is_found = find_ruby(&found, root_fd, major, minor);
    else if (runtime == JAIL_RUNTIME_DOTNET)
        is_found = find_dotnet(&found, root_fd);
    else if (runtime == JAIL_RUNTIME_JAVA)
        is_found = find_java(&found, root_fd, major);
    if (!is_found)
        return -ENOENT;
    *ret_interpreter = found;
    return 0;
}
