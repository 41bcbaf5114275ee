/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The handlers behind the real gate, over a real catalogue and code store. The store and the
 * unpacker are made up: the one is always content, the other takes what the "zip" says. Answers are
 * compared as JSON texts, faults as "kind: message".
 */

#include "api/lambda/service.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/gate.h"
#include "api/request.h"
#include "api/service.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "code/code_store.h"
#include "code/package_url.h"
#include "model/encode.h"
#include "model/lambda/operations.h"
#include "model/lambda/shapes.h"

struct fixture {
    char directory[64];
    uv_loop_t loop;
    struct store store;
    struct list commits; /* submitted to the store, which answers them from the loop */
    struct list scans;
    uint64_t revision;
    uv_idle_t store_idle;
    struct catalog *catalog;
    struct code_store *code;
    struct lambda_service *lambda;
    struct api_gate *gate;
    struct package_url_key key;
    uv_timer_t unpack_timer;
    code_unpack_done unpack_done;
    void *unpack_owner;
    int unpack_outcome;
    const struct model_operation *operation;
    struct buf answer; /* NUL-terminated */
    unsigned uploads;
};

/* The unpacker: answers on a timer; the folder is made so that the store finds it. */

static void on_unpack_timer(uv_timer_t *timer)
{
    struct fixture *fx = timer->data;

    fx->unpack_done(fx->unpack_owner, fx->unpack_outcome, 4000, NULL);
}

static int unpack(void *context, int zip_fd, const struct digest *digest, uint64_t bytes_max,
                  code_unpack_done done, void *owner)
{
    struct fixture *fx = context;
    char hex[DIGEST_HEX_BYTES], path[160], content[16] = "";

    (void)bytes_max;
    assert_true(pread(zip_fd, content, sizeof(content) - 1, 0) > 0);
    fx->unpack_outcome = CODE_OK;
    if (strcmp(content, "damaged") == 0)
        fx->unpack_outcome = CODE_BAD_ZIP;
    if (strcmp(content, "empty") == 0)
        fx->unpack_outcome = CODE_EMPTY;
    if (strcmp(content, "huge") == 0)
        fx->unpack_outcome = CODE_TOO_LARGE;
    (void)snprintf(path, sizeof(path), "%s/code/%s", fx->directory, digest_hex(digest, hex));
    if (fx->unpack_outcome == CODE_OK)
        assert_int_equal(mkdir(path, 0755), 0);
    fx->unpack_done = done;
    fx->unpack_owner = owner;
    return uv_timer_start(&fx->unpack_timer, on_unpack_timer, 0, 0);
}

static const struct code_unpack_ops unpack_ops = {.unpack = unpack};

/* The store: forgets everything and is always content. What a store refuses is the catalogue's
 * test. */

static void on_store_idle(uv_idle_t *idle)
{
    struct fixture *fx = idle->data;
    struct list *node = list_first(&fx->commits);

    (void)uv_idle_stop(idle);
    if (node) {
        struct store_commit *commit = container_of(node, struct store_commit, node);

        list_remove(node);
        commit->outcome = STORE_OK;
        commit->revision = ++fx->revision;
        commit->on_done(commit);
    }
    node = list_first(&fx->scans);
    if (node) {
        struct store_scan *scan = container_of(node, struct store_scan, node);

        list_remove(node);
        scan->on_done(scan, 0);
    }
    if (!list_is_empty(&fx->commits) || !list_is_empty(&fx->scans))
        (void)uv_idle_start(idle, on_store_idle);
}

static void on_commit(struct store *store, struct store_commit *commit)
{
    struct fixture *fx = container_of(store, struct fixture, store);

    list_push_back(&fx->commits, &commit->node);
    (void)uv_idle_start(&fx->store_idle, on_store_idle);
}

static void on_scan(struct store *store, struct store_scan *scan)
{
    struct fixture *fx = container_of(store, struct fixture, store);

    list_push_back(&fx->scans, &scan->node);
    (void)uv_idle_start(&fx->store_idle, on_store_idle);
}

static const struct store_ops store_ops = {.commit = on_commit, .scan = on_scan};

static int code_retain(void *context, const struct digest *code, uint64_t unpacked_bytes)
{
    return code_store_retain(((struct fixture *)context)->code, code, unpacked_bytes);
}

static void code_release(void *context, const struct digest *code)
{
    code_store_release(((struct fixture *)context)->code, code);
}

static const struct catalog_code_ops code_ops = {code_retain, code_release};

static void on_loaded(void *owner, int failure)
{
    (void)owner;
    assert_int_equal(failure, 0);
}

static void start_stores(struct fixture *fx)
{
    struct code_store_options code = {.loop = &fx->loop,
                                      .state_directory = fx->directory,
                                      .unpack = &unpack_ops,
                                      .unpack_context = fx};
    struct catalog_options catalog = {.loop = &fx->loop, .code = &code_ops, .code_context = fx};
    struct reason why = {0};

    fx->store.ops = &store_ops;
    list_init(&fx->commits);
    list_init(&fx->scans);
    assert_int_equal(uv_idle_init(&fx->loop, &fx->store_idle), 0);
    fx->store_idle.data = fx;
    assert_int_equal(code_store_open(&fx->code, &code, &why), 0);
    catalog.store = &fx->store;
    assert_int_equal(catalog_new(&fx->catalog, &catalog), 0);
    catalog_load(fx->catalog, on_loaded, fx);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
}

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));
    struct lambda_service_options lambda = {0};
    struct api_gate_options gate = {.service_count = 1};

    assert_non_null(fx);
    (void)snprintf(fx->directory, sizeof(fx->directory), "/tmp/lambda_test.XXXXXX");
    assert_non_null(mkdtemp(fx->directory));
    assert_int_equal(uv_loop_init(&fx->loop), 0);
    assert_int_equal(uv_timer_init(&fx->loop, &fx->unpack_timer), 0);
    fx->unpack_timer.data = fx;
    package_url_key_make(&fx->key);
    start_stores(fx);
    lambda.catalog = fx->catalog;
    lambda.code = fx->code;
    lambda.package_key = &fx->key;
    assert_int_equal(lambda_service_new(&fx->lambda, &lambda), 0);
    gate.loop = &fx->loop;
    gate.services = lambda_service_api(fx->lambda);
    gate.spool_directory = fx->directory;
    assert_int_equal(api_gate_new(&fx->gate, &gate), 0);
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;
    char command[128];
    FILE *pipe;

    (void)api_gate_free(fx->gate);
    (void)lambda_service_free(fx->lambda);
    catalog_close(fx->catalog, NULL, NULL);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    code_store_close(fx->code, NULL, NULL);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&fx->store_idle, NULL);
    uv_close((uv_handle_t *)&fx->unpack_timer, NULL);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    buf_deinit(&fx->answer);
    (void)snprintf(command, sizeof(command), "rm -r %s", fx->directory);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(pclose(pipe), 0);
    free(fx);
    return 0;
}

/* Calls. */

static void on_reply(void *owner, const void *output, struct str payload)
{
    struct fixture *fx = owner;
    struct json_writer writer;

    (void)payload;
    json_writer_init(&writer, &fx->answer);
    if (fx->operation->output && output)
        model_encode_structure(&writer, fx->operation->output, output);
    (void)buf_append_char(&fx->answer, '\0');
}

static void on_fault(void *owner, const struct api_fault *fault)
{
    struct fixture *fx = owner;

    (void)buf_printf(&fx->answer, "%s: %.*s", fault->kind->name, STR_FMT(fault->message));
    (void)buf_append_char(&fx->answer, '\0');
}

/* Runs until everything is settled; the answer's text stays until the next call. */
static const char *call(struct fixture *fx, enum lambda_op operation, const void *input)
{
    static const struct api_call_ops ops = {.reply = on_reply, .fault = on_fault};
    static const struct api_principal principal = {STR_INIT("123456789012"), STR_INIT("us-east-1"),
                                                   STR_INIT("")};

    buf_clear(&fx->answer);
    fx->operation = &lambda_operations[operation];
    assert_int_equal(
        api_call(fx->gate, &principal, STR("lambda"), str_of(fx->operation->name), input, &ops, fx),
        API_CALL_OK);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_true(fx->answer.len > 0);
    assert_false(buf_failed(&fx->answer));
    return fx->answer.ptr;
}

static bool has(const char *answer, const char *part)
{
    assert_non_null(answer);
    return strstr(answer, part) != NULL;
}

static void assert_has(const char *answer, const char *part)
{
    if (!has(answer, part))
        fail_msg("no %s in %.2000s", part, answer);
}

static void assert_has_not(const char *answer, const char *part)
{
    if (has(answer, part))
        fail_msg("%s in %.2000s", part, answer);
}

/* A blob as the gate would have spooled it. The caller closes it. */
static void blob_make(struct fixture *fx, struct api_blob *blob, char path[96], const char *content)
{
    (void)snprintf(path, 96, "%s/upload%u", fx->directory, fx->uploads++);
    blob->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(blob->fd >= 0);
    assert_int_equal(fd_write_full(blob->fd, content, strlen(content)), 0);
    blob->path = path;
    blob->size = strlen(content);
    assert_int_equal(hash_bytes(&blob->sha256, content, strlen(content)), 0);
}

static struct lambda_create_function_request create_input(const char *name)
{
    return (struct lambda_create_function_request){
        .function_name = str_of(name),
        .runtime = STR("python3.12"),
        .role = STR("arn:aws:iam::123456789012:role/r"),
        .handler = STR("app.handler"),
    };
}

static const char *create_with(struct fixture *fx, struct lambda_create_function_request *input,
                               const char *content)
{
    struct lambda_function_code code = {0};
    struct api_blob blob = {.fd = -1};
    const char *answer;
    char path[96];

    if (content) {
        blob_make(fx, &blob, path, content);
        code.zip_file = &blob;
    }
    input->code = &code;
    answer = call(fx, LAMBDA_CREATE_FUNCTION, input);
    close_fdp(&blob.fd);
    return answer;
}

static const char *create(struct fixture *fx, const char *name, const char *content)
{
    struct lambda_create_function_request input = create_input(name);

    return create_with(fx, &input, content);
}

static const char *get(struct fixture *fx, const char *name, const char *qualifier)
{
    const struct lambda_get_function_request input = {str_of(name), str_of(qualifier)};

    return call(fx, LAMBDA_GET_FUNCTION, &input);
}

static const char *update_code(struct fixture *fx, const char *content, bool publish, bool dry_run)
{
    struct lambda_update_function_code_request input = {
        .function_name = STR("f"), .publish = {publish, true}, .dry_run = {dry_run, true}};
    struct api_blob blob = {.fd = -1};
    const char *answer;
    char path[96];

    blob_make(fx, &blob, path, content);
    input.zip_file = &blob;
    answer = call(fx, LAMBDA_UPDATE_FUNCTION_CODE, &input);
    close_fdp(&blob.fd);
    return answer;
}

#define ARN "arn:aws:lambda:us-east-1:123456789012:function:f"

static void test_create_and_get(void **state)
{
    struct fixture *fx = *state;
    const char *answer = create(fx, "f", "zip");

    assert_has(answer, "\"FunctionName\":\"f\",\"FunctionArn\":\"" ARN "\"");
    assert_has(answer, "\"State\":\"Pending\",\"StateReason\":\"The function is being created.\","
                       "\"StateReasonCode\":\"Creating\"");
    assert_has(answer, "\"Description\":\"\",\"Timeout\":3,\"MemorySize\":128,");
    assert_has(answer, "\"Version\":\"$LATEST\"");
    assert_has(answer, "\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":\"/aws/lambda/f\"}");
    assert_has(answer, "\"SnapStart\":{\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"}");
    assert_has_not(answer, "LastUpdateStatus");
    assert_has_not(answer, "Environment");
    answer = get(fx, "f", NULL);
    assert_has(answer, "\"State\":\"Active\",\"LastUpdateStatus\":\"Successful\"");
    assert_has(answer, "\"RepositoryType\":\"S3\",\"Location\":\"http://");
    assert_has_not(answer, "StateReason");
    assert_has_not(answer, "Tags");
    assert_has(get(fx, "f", "$LATEST"), "\"FunctionArn\":\"" ARN ":$LATEST\"");
    assert_string_equal(get(fx, "f", "1"),
                        "ResourceNotFoundException: Function not found: " ARN ":1");
    assert_string_equal(create(fx, "f", "zip"),
                        "ResourceConflictException: Function already exist: f");
}

static void test_code_is_checked(void **state)
{
    struct fixture *fx = *state;

    assert_string_equal(create(fx, "f", NULL), "InvalidParameterValueException: Please provide a "
                                               "source for function code.");
    assert_string_equal(create(fx, "f", "damaged"),
                        "InvalidParameterValueException: Could not unzip uploaded file. Please "
                        "check your file, then try to upload again.");
    assert_string_equal(create(fx, "f", "empty"),
                        "InvalidParameterValueException: Uploaded file must be a non-empty zip");
    assert_string_equal(create(fx, "f", ""),
                        "InvalidParameterValueException: Uploaded file must be a non-empty zip");
    assert_string_equal(create(fx, "f", "huge"), "InvalidParameterValueException: Unzipped size "
                                                 "must be smaller than 262144000 bytes");
    assert_string_equal(get(fx, "f", NULL), "ResourceNotFoundException: Function not found: " ARN);
}

static void test_settings_are_checked(void **state)
{
    static const struct lambda_environment_variables_entry reserved[] = {
        {STR_INIT("AWS_REGION"), STR_INIT("x")},
        {STR_INIT("MINE"), STR_INIT("x")},
        {STR_INIT("AWS_ACCESS_KEY_ID"), STR_INIT("x")},
    };
    const struct lambda_environment environment = {.variables = {reserved, 3}};
    const struct lambda_logging_config logging = {.application_log_level = STR("INFO")};
    const struct lambda_snap_start snap_start = {STR("PublishedVersions")};
    struct fixture *fx = *state;
    struct lambda_create_function_request input = create_input("f");

    input.environment = &environment;
    assert_string_equal(create_with(fx, &input, "zip"),
                        "InvalidParameterValueException: Lambda was unable to configure your "
                        "environment variables because the environment variables you have provided "
                        "contains reserved keys that are currently not supported for modification. "
                        "Reserved keys used in this request: AWS_REGION, AWS_ACCESS_KEY_ID");
    input = create_input("f");
    input.runtime = STR("java8");
    assert_has(create_with(fx, &input, "zip"), "The runtime parameter of java8 is no longer");
    input.runtime = STR("cobol");
    assert_has(create_with(fx, &input, "zip"), "Value cobol at 'runtime' failed to satisfy");
    input.runtime = STR_NONE;
    assert_has(create_with(fx, &input, "zip"), "Runtime and Handler are mandatory parameters");
    input = create_input("f");
    input.logging_config = &logging;
    assert_has(create_with(fx, &input, "zip"), "LogLevel is not supported when LogFormat is set");
    input = create_input("f");
    input.runtime = STR("nodejs20.x");
    input.snap_start = &snap_start;
    assert_has(create_with(fx, &input, "zip"),
               "nodejs20.x is not supported for SnapStart enabled functions.");
}

/* "exactly 4096 bytes" is measured on the JSON text. */
static void test_environment_limit(void **state)
{
    struct fixture *fx = *state;
    struct lambda_environment_variables_entry entry = {.key = STR("KK")};
    const struct lambda_environment environment = {.variables = {&entry, 1}};
    struct lambda_create_function_request input = create_input("f");
    char value[LIMIT_ENVIRONMENT_BYTES];

    memset(value, 'v', sizeof(value));
    input.environment = &environment;
    entry.value = str_make(value, LIMIT_ENVIRONMENT_BYTES - strlen("{\"KK\":\"\"}") + 1);
    assert_has(create_with(fx, &input, "zip"),
               "exceeded the 4KB limit. String measured: {\"KK\":\"v");
    entry.value.len--;
    assert_has(create_with(fx, &input, "zip"), "\"Environment\":{\"Variables\":{\"KK\":\"vvv");
}

static void test_update_and_publish(void **state)
{
    struct lambda_update_function_configuration_request config = {.function_name = STR("f"),
                                                                  .description = STR("new")};
    struct lambda_publish_version_request publish = {.function_name = STR("f")};
    struct fixture *fx = *state;
    const char *answer;

    assert_has(update_code(fx, "zip", false, false), "Function not found: " ARN);
    (void)create(fx, "f", "zip");
    answer = call(fx, LAMBDA_UPDATE_FUNCTION_CONFIGURATION, &config);
    assert_has(answer, "\"LastUpdateStatus\":\"InProgress\",\"LastUpdateStatusReason\":\"The "
                       "function is being created.\",\"LastUpdateStatusReasonCode\":\"Creating\"");
    assert_has(answer, "\"Description\":\"new\"");
    answer = update_code(fx, "other", true, false);
    assert_has(answer, "\"FunctionArn\":\"" ARN ":1\"");
    assert_has(answer, "\"State\":\"Pending\"");
    assert_has(get(fx, "f", "1"), "\"State\":\"Active\",\"LastUpdateStatus\":\"Successful\"");
    answer = call(fx, LAMBDA_PUBLISH_VERSION, &publish);
    assert_has(answer, "\"Version\":\"1\"");
    assert_has(update_code(fx, "dry", false, true), "\"CodeSize\":3,");
    assert_has(get(fx, "f", NULL), "\"CodeSize\":5,");
    publish.code_sha256 = STR("zz");
    assert_has(call(fx, LAMBDA_PUBLISH_VERSION, &publish),
               "CodeSHA256 (zz) is different from current CodeSHA256 in $LATEST (");
    config.revision_id = STR("zz");
    assert_has(call(fx, LAMBDA_UPDATE_FUNCTION_CONFIGURATION, &config),
               "PreconditionFailedException: The Revision Id provided does not match");
}

static const char *delete (struct fixture *fx, const char *qualifier)
{
    const struct lambda_delete_function_request input = {STR("f"), str_of(qualifier)};

    return call(fx, LAMBDA_DELETE_FUNCTION, &input);
}

static void test_delete(void **state)
{
    struct fixture *fx = *state;

    assert_string_equal(delete (fx, "live"), "InvalidParameterValueException: Deletion of aliases "
                                             "is not currently supported.");
    assert_string_equal(delete (fx, "$LATEST"),
                        "InvalidParameterValueException: $LATEST version cannot be deleted without "
                        "deleting the function.");
    assert_string_equal(delete (fx, "$latest"),
                        "ResourceNotFoundException: Function not found: " ARN);
    assert_string_equal(delete (fx, "7"), "ResourceNotFoundException: Function not found: " ARN);
    (void)create(fx, "f", "zip");
    assert_string_equal(delete (fx, "7"), "{}");
    assert_string_equal(delete (fx, NULL), "{}");
    assert_has(get(fx, "f", NULL), "Function not found");
}

static void test_tags(void **state)
{
    static const struct lambda_tags_entry entries[] = {{STR_INIT("a"), STR_INIT("1")},
                                                       {STR_INIT("b"), STR_INIT("2")}};
    static const struct str keys[] = {STR_INIT("a"), STR_INIT("zzz")};
    struct lambda_tag_resource_request tag = {STR(ARN), {entries, 2}};
    const struct lambda_untag_resource_request untag = {STR(ARN), {keys, 2}};
    const struct lambda_list_tags_request list = {STR(ARN)};
    struct fixture *fx = *state;

    assert_has(call(fx, LAMBDA_TAG_RESOURCE, &tag), "Function not found: " ARN);
    (void)create(fx, "f", "zip");
    assert_string_equal(call(fx, LAMBDA_LIST_TAGS, &list), "{\"Tags\":{}}");
    assert_string_equal(call(fx, LAMBDA_TAG_RESOURCE, &tag), "");
    assert_string_equal(call(fx, LAMBDA_LIST_TAGS, &list), "{\"Tags\":{\"a\":\"1\",\"b\":\"2\"}}");
    assert_string_equal(call(fx, LAMBDA_UNTAG_RESOURCE, &untag), "");
    assert_has(get(fx, "f", NULL), "\"Tags\":{\"b\":\"2\"}");
    tag.resource = STR(ARN ":1");
    assert_has(call(fx, LAMBDA_TAG_RESOURCE, &tag),
               "Tags on function aliases and versions are not supported.");
    tag.resource = STR(ARN);
    tag.tags.count = 0;
    assert_has(call(fx, LAMBDA_TAG_RESOURCE, &tag),
               "An error occurred and the request cannot be processed.");
}

/* Pages of two over f1…f5 with a published version each. */
static void test_lists(void **state)
{
    struct lambda_list_functions_request input = {.max_items = model_int(2)};
    struct fixture *fx = *state;
    const char *answer;
    char marker[64];
    char name[3] = "f1";

    for (char i = '1'; i <= '5'; i++) {
        struct lambda_create_function_request function;

        name[1] = i;
        function = create_input(name);
        function.publish = model_bool(true);
        (void)create_with(fx, &function, "zip");
    }
    answer = call(fx, LAMBDA_LIST_FUNCTIONS, &input);
    assert_has(answer, "\"FunctionName\":\"f1\"");
    assert_has(answer, "\"FunctionName\":\"f2\"");
    assert_has_not(answer, "\"FunctionName\":\"f3\"");
    assert_has_not(answer, "\"State\"");
    assert_has_not(answer, "RuntimeVersionConfig");
    assert_int_equal(
        sscanf(strstr(answer, "\"NextMarker\":\""), "\"NextMarker\":\"%63[^\"]", marker), 1);
    input.marker = str_of(marker);
    answer = call(fx, LAMBDA_LIST_FUNCTIONS, &input);
    assert_has(answer, "\"FunctionName\":\"f3\"");
    assert_has_not(answer, "\"FunctionName\":\"f2\"");
    input = (struct lambda_list_functions_request){.function_version = STR("ALL"),
                                                   .max_items = model_int(3)};
    answer = call(fx, LAMBDA_LIST_FUNCTIONS, &input);
    assert_has(answer, "function:f1:$LATEST\"");
    assert_has(answer, "function:f1:1\"");
    assert_has(answer, "function:f2:$LATEST\"");
    assert_has_not(answer, "function:f2:1\"");
    assert_int_equal(
        sscanf(strstr(answer, "\"NextMarker\":\""), "\"NextMarker\":\"%63[^\"]", marker), 1);
    input.marker = str_of(marker);
    answer = call(fx, LAMBDA_LIST_FUNCTIONS, &input);
    assert_has(answer, "function:f2:1\"");
    assert_has_not(answer, "function:f2:$LATEST\"");
    input.marker = STR("!");
    assert_has(call(fx, LAMBDA_LIST_FUNCTIONS, &input), "InvalidParameterValueException");
}

static void test_account_settings(void **state)
{
    const struct lambda_get_account_settings_request input = {0};
    struct fixture *fx = *state;

    (void)create(fx, "f", "zip");
    assert_string_equal(
        call(fx, LAMBDA_GET_ACCOUNT_SETTINGS, &input),
        "{\"AccountLimit\":{\"TotalCodeSize\":80530636800,\"CodeSizeUnzipped\":262144000,"
        "\"CodeSizeZipped\":52428800,\"ConcurrentExecutions\":1000,"
        "\"UnreservedConcurrentExecutions\":1000},\"AccountUsage\":{\"TotalCodeSize\":3,"
        "\"FunctionCount\":1}}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create_and_get),
        TEST(test_code_is_checked),
        TEST(test_settings_are_checked),
        TEST(test_environment_limit),
        TEST(test_update_and_publish),
        TEST(test_delete),
        TEST(test_tags),
        TEST(test_lists),
        TEST(test_account_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
