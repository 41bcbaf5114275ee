/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/process_env.h"

#include <stdio.h>

#include "base/rand.h"
#include "invoke/runtime_name.h"
#include "sandbox/sandbox.h"

/* Inside every sandbox; the listener that the session serves. */
#define RUNTIME_API_ADDRESS "127.0.0.1:9001"

static void put(struct buf *buf, struct str name, struct str value)
{
    (void)buf_append_str(buf, name);
    (void)buf_append_char(buf, '=');
    (void)buf_append_str(buf, value);
    (void)buf_append_char(buf, '\0');
}

static void put_number(struct buf *buf, struct str name, uint32_t value)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", value);
    put(buf, name, str_of(text));
}

static bool is_set_by_user(const struct function_version *version, struct str name)
{
    for (size_t i = 0; i < version->env_count; i++)
        if (str_eq(version->env[i].name, name))
            return true;
    return false;
}

static void put_default(struct buf *buf, const struct function_version *version, struct str name,
                        struct str value)
{
    if (!is_set_by_user(version, name))
        put(buf, name, value);
}

/*
 * Placeholders: calls that reach the daemon through the sandbox's listener act as this function
 * whatever keys they carry, and nothing else is reachable with them. They only have to look like
 * credentials to an SDK.
 */
static void put_credentials(struct buf *buf)
{
    char key[4 + 16 + 1] = "ASIA";
    char secret[41];
    char token[129];

    (void)rand_hex(key + 4, 8);
    for (char *c = key; *c; c++)
        if (*c >= 'a' && *c <= 'f')
            *c = (char)(*c - 'a' + 'A');
    put(buf, STR("AWS_ACCESS_KEY_ID"), str_of(key));
    put(buf, STR("AWS_SECRET_ACCESS_KEY"), str_of(rand_hex(secret, 20)));
    put(buf, STR("AWS_SESSION_TOKEN"), str_of(rand_hex(token, 64)));
}

static void put_reserved(struct buf *buf, const struct function_version *version,
                         const struct process_env_options *options)
{
    put(buf, STR("_HANDLER"), version->handler);
    put(buf, STR("AWS_REGION"), version->region);
    put(buf, STR("AWS_DEFAULT_REGION"), version->region);
    put(buf, STR("AWS_LAMBDA_FUNCTION_NAME"), version->name);
    put(buf, STR("AWS_LAMBDA_FUNCTION_VERSION"), version->version);
    put_number(buf, STR("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), version->memory_mb);
    put(buf, STR("AWS_LAMBDA_INITIALIZATION_TYPE"), options->initialization_type);
    put(buf, STR("AWS_LAMBDA_LOG_GROUP_NAME"), version->log_group);
    put(buf, STR("AWS_LAMBDA_LOG_STREAM_NAME"), options->log_stream);
    put(buf, STR("AWS_LAMBDA_RUNTIME_API"), STR(RUNTIME_API_ADDRESS));
    put_default(buf, version, STR("AWS_LAMBDA_METADATA_API"), STR(RUNTIME_API_ADDRESS));
    put_default(buf, version, STR("AWS_LAMBDA_METADATA_TOKEN"), options->metadata_token);
    put(buf, STR("LAMBDA_TASK_ROOT"), STR("/var/task"));
    put(buf, STR("LAMBDA_RUNTIME_DIR"), STR("/var/runtime"));
    put_credentials(buf);
}

static void put_execution_env(struct buf *buf, const struct function_version *version)
{
    (void)buf_append_str(buf, STR("AWS_EXECUTION_ENV=AWS_Lambda_"));
    (void)buf_append_str(buf, version->runtime);
    (void)buf_append_char(buf, '\0');
}

static void put_language(struct buf *buf, const struct function_version *version,
                         const struct runtime_name *name)
{
    char path[256];

    if (name->family == RUNTIME_NODE) {
        (void)snprintf(path, sizeof(path),
                       "/opt/nodejs/node%u/node_modules:/opt/nodejs/node_modules:"
                       "/var/runtime/node_modules:/var/runtime:/var/task",
                       name->major);
        put_default(buf, version, STR("NODE_PATH"), str_of(path));
    } else if (name->family == RUNTIME_PYTHON) {
        put_default(buf, version, STR("PYTHONPATH"), STR("/var/runtime"));
    } else if (name->family == RUNTIME_RUBY) {
        (void)snprintf(path, sizeof(path),
                       "/var/task/vendor/bundle/ruby/%u.%u.0:/opt/ruby/gems/%u.%u.0", name->major,
                       name->minor, name->major, name->minor);
        put_default(buf, version, STR("GEM_PATH"), str_of(path));
        put_default(buf, version, STR("RUBYLIB"), STR("/var/task:/var/runtime/lib:/opt/ruby/lib"));
    }
}

/* As a shell leaves them that starts the runtime, which it does on AWS. */
static void put_shell(struct buf *buf, const struct function_version *version,
                      const struct runtime_name *name)
{
    switch (name->family) {
    case RUNTIME_PYTHON:
    case RUNTIME_NODE:
    case RUNTIME_RUBY:
    case RUNTIME_DOTNET:
        put_default(buf, version, STR("PWD"), STR("/var/task"));
        put_default(buf, version, STR("SHLVL"), STR("0"));
        break;
    default:
        break;
    }
}

static void put_defaults(struct buf *buf, const struct function_version *version,
                         const struct runtime_name *name)
{
    bool provided = name->family == RUNTIME_PROVIDED;

    put_default(buf, version, STR("LANG"), STR("en_US.UTF-8"));
    put_default(buf, version, STR("TZ"), STR(":UTC"));
    put_default(buf, version, STR("PATH"),
                provided ? STR("/usr/local/bin:/usr/bin/:/bin:/opt/bin")
                         : STR("/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"));
    put_default(buf, version, STR("LD_LIBRARY_PATH"),
                provided ? STR("/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:"
                               "/var/task/lib:/opt/lib")
                         : STR("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:"
                               "/var/task:/var/task/lib:/opt/lib"));
    put_shell(buf, version, name);
}

/* Where an SDK inside the function sends its subsegments. */
static void put_xray(struct buf *buf, const struct function_version *version, struct str daemon)
{
    struct str address = str_is_set(daemon) ? daemon : STR("169.254.100.1:2000");
    size_t colon = address.len;

    while (colon && address.ptr[colon - 1] != ':')
        colon--;
    put_default(buf, version, STR("AWS_XRAY_CONTEXT_MISSING"), STR("LOG_ERROR"));
    put_default(buf, version, STR("AWS_XRAY_DAEMON_ADDRESS"), address);
    put(buf, STR("_AWS_XRAY_DAEMON_ADDRESS"), str_sub(address, 0, colon ? colon - 1 : 0));
    put(buf, STR("_AWS_XRAY_DAEMON_PORT"), str_sub(address, colon, address.len));
}

static bool is_of_the_runtime_only(struct str name)
{
    static const struct str names[] = {
        STR_INIT("AWS_EXECUTION_ENV"),          STR_INIT("AWS_LAMBDA_LOG_GROUP_NAME"),
        STR_INIT("AWS_LAMBDA_LOG_STREAM_NAME"), STR_INIT("AWS_XRAY_CONTEXT_MISSING"),
        STR_INIT("AWS_XRAY_DAEMON_ADDRESS"),    STR_INIT("LAMBDA_RUNTIME_DIR"),
        STR_INIT("LAMBDA_TASK_ROOT"),
    };

    for (size_t i = 0; i < array_count(names); i++)
        if (str_eq(name, names[i]))
            return true;
    return str_starts_with(name, STR("_"));
}

void process_env_build_extension(struct buf *buf, struct str runtime_env)
{
    struct str entry;

    while (runtime_env.len && str_next(&runtime_env, '\0', &entry)) {
        if (is_of_the_runtime_only(str_sub(entry, 0, str_find(entry, '='))))
            continue;
        (void)buf_append_str(buf, entry);
        (void)buf_append_char(buf, '\0');
    }
}

void process_env_build(struct buf *buf, const struct function_version *version,
                       const struct process_env_options *options)
{
    struct runtime_name name;

    runtime_name_parse(&name, version->runtime);
    put_reserved(buf, version, options);
    if (name.family == RUNTIME_PROVIDED)
        put_number(buf, STR("_LAMBDA_TELEMETRY_LOG_FD"), SANDBOX_LOG_RECORDS_FD);
    else
        put_execution_env(buf, version);
    put_language(buf, version, &name);
    put_defaults(buf, version, &name);
    put_xray(buf, version, options->xray_daemon);
    if (options->endpoint_url)
        put_default(buf, version, STR("AWS_ENDPOINT_URL"), STR("http://" RUNTIME_API_ADDRESS));
    if (version->log_format == FUNCTION_LOG_JSON) {
        put(buf, STR("AWS_LAMBDA_LOG_FORMAT"), STR("JSON"));
        put(buf, STR("AWS_LAMBDA_LOG_LEVEL"), version->log_level_application);
    }
    for (size_t i = 0; i < version->env_count; i++)
        put(buf, version->env[i].name, version->env[i].value);
}

/* Names, or with a star their beginnings. What a library reads that the function itself loads is
 * not among them: by then the variable is there. */
static bool acts_at_start(struct str name)
{
    static const struct str names[] = {
        STR_INIT("AWS_LAMBDA_EXEC_WRAPPER"),
        STR_INIT("LANG"),
        STR_INIT("LANGUAGE"),
        STR_INIT("TZ"),
        STR_INIT("PATH"),
        STR_INIT("LD_*"),
        STR_INIT("LC_*"),
        STR_INIT("MALLOC_*"),
        STR_INIT("GLIBC_*"),
        STR_INIT("PYTHON*"),
        STR_INIT("NODE_*"),
        STR_INIT("UV_*"),
        STR_INIT("RUBY*"),
        STR_INIT("GEM_*"),
        STR_INIT("BUNDLE_*"),
        STR_INIT("JAVA_*"),
        STR_INIT("_JAVA_*"),
        STR_INIT("JDK_*"),
        STR_INIT("MONO_*"),
        STR_INIT("DOTNET_*"),
        STR_INIT("COMPlus_*"),
        STR_INIT("OPENSSL_*"),
        STR_INIT("SSL_*"),
        STR_INIT("ICU_*"),
    };

    for (size_t i = 0; i < array_count(names); i++) {
        size_t star = str_find(names[i], '*');

        if (star == names[i].len ? str_eq(name, names[i])
                                 : str_starts_with(name, str_sub(names[i], 0, star)))
            return true;
    }
    return false;
}

void process_env_build_stem(struct buf *buf, const struct function_version *version)
{
    struct runtime_name name;

    runtime_name_parse(&name, version->runtime);
    if (name.family == RUNTIME_PROVIDED || name.family == RUNTIME_OTHER)
        return;
    for (size_t i = 0; i < version->env_count; i++)
        if (acts_at_start(version->env[i].name))
            return;
    put_language(buf, version, &name);
    put_defaults(buf, version, &name);
}
