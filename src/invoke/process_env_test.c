/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/process_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *find(const struct buf *block, const char *name)
{
    size_t len = strlen(name);
    const char *found = NULL;

    for (size_t at = 0; at < block->len; at += strlen(block->ptr + at) + 1) {
        if (strncmp(block->ptr + at, name, len) != 0 || block->ptr[at + len] != '=')
            continue;
        assert_null(found); /* no name twice */
        found = block->ptr + at + len + 1;
    }
    return found;
}

static struct function_version version_of(const char *runtime)
{
    return (struct function_version){
        .name = STR("f"),
        .version = STR("$LATEST"),
        .region = STR("eu-west-1"),
        .runtime = str_of(runtime),
        .handler = STR("index.handler"),
        .memory_mb = 256,
        .log_group = STR("/aws/lambda/f"),
    };
}

static void gives_what_aws_gives(void **state)
{
    struct function_version version = version_of("python3.12");
    struct process_env_options options = {
        .log_stream = STR("stream"), .initialization_type = STR("on-demand"), .endpoint_url = true};
    struct buf block = {0};

    (void)state;
    process_env_build(&block, &version, &options);
    assert_false(buf_failed(&block));
    assert_string_equal(find(&block, "_HANDLER"), "index.handler");
    assert_string_equal(find(&block, "AWS_REGION"), "eu-west-1");
    assert_string_equal(find(&block, "AWS_EXECUTION_ENV"), "AWS_Lambda_python3.12");
    assert_string_equal(find(&block, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "256");
    assert_string_equal(find(&block, "LANG"), "en_US.UTF-8");
    assert_string_equal(find(&block, "TZ"), ":UTC");
    assert_string_equal(find(&block, "AWS_ENDPOINT_URL"), "http://127.0.0.1:9001");
    assert_non_null(find(&block, "AWS_SESSION_TOKEN"));
    assert_null(find(&block, "AWS_LAMBDA_LOG_FORMAT"));
    assert_null(find(&block, "_X_AMZN_TRACE_ID"));
    buf_deinit(&block);
}

static void custom_runtimes_have_no_execution_env(void **state)
{
    struct function_version version = version_of("provided.al2023");
    struct process_env_options options = {STR("stream"), STR("on-demand")};
    struct buf block = {0};

    (void)state;
    process_env_build(&block, &version, &options);
    assert_null(find(&block, "AWS_EXECUTION_ENV"));
    assert_null(find(&block, "AWS_ENDPOINT_URL"));
    assert_string_equal(find(&block, "_LAMBDA_TELEMETRY_LOG_FD"), "62");
    assert_string_equal(find(&block, "AWS_XRAY_DAEMON_ADDRESS"), "169.254.100.1:2000");
    assert_string_equal(find(&block, "PATH"), "/usr/local/bin:/usr/bin/:/bin:/opt/bin");
    assert_null(find(&block, "PWD"));
    buf_deinit(&block);
}

static void the_function_overrides_defaults(void **state)
{
    struct codec_pair vars[] = {
        {STR("TZ"), STR("Europe/Berlin")}, {STR("NODE_PATH"), STR("")}, {STR("MY"), STR("a=b")}};
    struct function_version version = version_of("nodejs22.x");
    struct process_env_options options = {
        .log_stream = STR("stream"), .initialization_type = STR("on-demand"), .endpoint_url = true};
    struct buf block = {0};

    (void)state;
    version.env = vars;
    version.env_count = 3;
    version.log_format = FUNCTION_LOG_JSON;
    version.log_level_application = STR("DEBUG");
    process_env_build(&block, &version, &options);
    assert_string_equal(find(&block, "TZ"), "Europe/Berlin");
    assert_string_equal(find(&block, "NODE_PATH"), "");
    assert_string_equal(find(&block, "MY"), "a=b");
    assert_string_equal(find(&block, "AWS_LAMBDA_LOG_FORMAT"), "JSON");
    assert_string_equal(find(&block, "AWS_LAMBDA_LOG_LEVEL"), "DEBUG");
    buf_deinit(&block);
}

static void the_xray_daemon_is_named(void **state)
{
    struct function_version version = version_of("python3.13");
    struct process_env_options options = {.xray_daemon = STR("[::1]:2001"),
                                          .metadata_token = STR("token")};
    struct buf block = {0};

    (void)state;
    process_env_build(&block, &version, &options);
    assert_string_equal(find(&block, "AWS_XRAY_DAEMON_ADDRESS"), "[::1]:2001");
    assert_string_equal(find(&block, "_AWS_XRAY_DAEMON_ADDRESS"), "[::1]");
    assert_string_equal(find(&block, "_AWS_XRAY_DAEMON_PORT"), "2001");
    assert_string_equal(find(&block, "AWS_LAMBDA_METADATA_TOKEN"), "token");
    assert_string_equal(find(&block, "AWS_XRAY_CONTEXT_MISSING"), "LOG_ERROR");
    buf_deinit(&block);
}

static void ruby_gets_the_folders_of_its_version(void **state)
{
    struct function_version version = version_of("ruby3.4");
    struct process_env_options options = {STR("stream"), STR("on-demand")};
    struct buf block = {0};

    (void)state;
    process_env_build(&block, &version, &options);
    assert_string_equal(find(&block, "GEM_PATH"),
                        "/var/task/vendor/bundle/ruby/3.4.0:/opt/ruby/gems/3.4.0");
    assert_string_equal(find(&block, "RUBYLIB"), "/var/task:/var/runtime/lib:/opt/ruby/lib");
    assert_string_equal(find(&block, "AWS_EXECUTION_ENV"), "AWS_Lambda_ruby3.4");
    buf_deinit(&block);
}

static void extensions_get_less(void **state)
{
    struct function_version version = version_of("python3.12");
    struct buf runtime = {0};
    struct buf extension = {0};

    (void)state;
    process_env_build(&runtime, &version, &(struct process_env_options){.log_stream = STR("s")});
    process_env_build_extension(&extension, buf_str(&runtime));
    assert_false(buf_failed(&extension));
    assert_non_null(find(&runtime, "_HANDLER"));
    assert_null(find(&extension, "_HANDLER"));
    assert_null(find(&extension, "AWS_EXECUTION_ENV"));
    assert_null(find(&extension, "AWS_LAMBDA_LOG_STREAM_NAME"));
    assert_string_equal(find(&extension, "AWS_LAMBDA_FUNCTION_NAME"), "f");
    assert_string_equal(find(&extension, "AWS_SESSION_TOKEN"), find(&runtime, "AWS_SESSION_TOKEN"));
    buf_deinit(&runtime);
    buf_deinit(&extension);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_aws_gives),
        cmocka_unit_test(the_xray_daemon_is_named),
        cmocka_unit_test(ruby_gets_the_folders_of_its_version),
        cmocka_unit_test(custom_runtimes_have_no_execution_env),
        cmocka_unit_test(the_function_overrides_defaults),
        cmocka_unit_test(extensions_get_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
