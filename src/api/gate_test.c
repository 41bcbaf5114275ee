/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The whole road of a request through a real server on loopback. The client is a thread with a
 * blocking socket; the loop runs until it has its answer.
 */

#include "api/gate.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/request.h"
#include "api/rest_json.h"
#include "api/service.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/server.h"
#include "model/lambda/faults.h"
#include "model/lambda/operations.h"
#include "model/lambda/shapes.h"

struct fixture {
    uv_loop_t loop;
    uv_async_t client_done;
    struct http_server *server;
    struct api_gate *gate;
    char directory[64];
    uint16_t port;
    const char *request;
    size_t request_len;
    bool hangs_up; /* the client closes when it has sent the request */
    struct buf answer;
    unsigned handled;
};

/* Handlers. */

static void get_function(struct api_request *request, void *context)
{
    const struct lambda_get_function_request *in = request->input;

    ((struct fixture *)context)->handled++;
    api_fault(request, &lambda_fault_resource_not_found,
              "Function not found: arn:aws:lambda:%.*s:%.*s:function:%.*s",
              STR_FMT(request->principal.region), STR_FMT(request->principal.account),
              STR_FMT(in->function_name));
}

static void create_function(struct api_request *request, void *context)
{
    const struct lambda_create_function_request *in = request->input;
    const struct api_blob *blob = in->code->zip_file;
    struct lambda_function_configuration out = {.function_name = in->function_name};
    char digest[DIGEST_BASE64_BYTES];

    ((struct fixture *)context)->handled++;
    if (blob != NULL) {
        out.code_sha256 = str_of(digest_base64(&blob->sha256, digest));
        out.code_size = model_int((int64_t)blob->size);
        if (blob->size <= LIMIT_CODE_ZIPPED_BYTES)
            assert_int_equal(lseek(blob->fd, 0, SEEK_END), blob->size);
        assert_int_equal(access(blob->path, R_OK), 0);
    }
    api_reply(request, &out);
}

static void delete_function(struct api_request *request, void *context)
{
    ((struct fixture *)context)->handled++;
    api_reply(request, NULL);
}

static void invoke(struct api_request *request, void *context)
{
    const struct lambda_invocation_response out = {.executed_version = STR_INIT("$LATEST")};
    size_t len = 0;
    char *payload = api_take_payload(request, &len);

    assert_non_null(payload);
    ((struct fixture *)context)->handled++;
    api_reply_header(request, STR("X-Amzn-Trace-Id"),
                     api_request_header(request, STR("x-amzn-trace-id")));
    api_reply_payload(request, &out, payload, len);
}

static void put_concurrency(struct api_request *request, void *context)
{
    ((struct fixture *)context)->handled++;
    api_fault_send(request, &(struct api_fault){.kind = &lambda_fault_too_many_requests,
                                                .message = STR("Rate Exceeded."),
                                                .reason = STR("CallerRateLimitExceeded")});
}

static void untag(struct api_request *request, void *context)
{
    const struct lambda_untag_resource_request *in = request->input;

    ((struct fixture *)context)->handled++;
    api_fault(request, &lambda_fault_access_denied, in->tag_keys.count == 2 ? NULL : "wrong count");
}

static const api_handler handlers[LAMBDA_OP_COUNT] = {
    [LAMBDA_GET_FUNCTION] = get_function,
    [LAMBDA_CREATE_FUNCTION] = create_function,
    [LAMBDA_UPDATE_FUNCTION_CODE] = delete_function,
    [LAMBDA_DELETE_FUNCTION] = delete_function,
    [LAMBDA_INVOKE] = invoke,
    [LAMBDA_PUT_FUNCTION_CONCURRENCY] = put_concurrency,
    [LAMBDA_UNTAG_RESOURCE] = untag,
};

/* The server. */

static void on_request(void *owner, struct http_request *http)
{
    api_gate_request(((struct fixture *)owner)->gate, http, NULL);
}

static void on_client_done(uv_async_t *async)
{
    uv_stop(async->loop);
}

static int setup(void **state)
{
    static const struct http_server_ops ops = {.request = on_request};
    static struct api_service service;
    struct fixture *fx = calloc(1, sizeof(*fx));

    assert_non_null(fx);
    assert_int_equal(uv_loop_init(&fx->loop), 0);
    assert_int_equal(uv_async_init(&fx->loop, &fx->client_done, on_client_done), 0);
    (void)snprintf(fx->directory, sizeof(fx->directory), "/tmp/lambd-gate-test-XXXXXX");
    assert_non_null(mkdtemp(fx->directory));
    service = (struct api_service){&lambda_service, &api_rest_json, handlers, fx};
    assert_int_equal(api_gate_new(&fx->gate,
                                  &(struct api_gate_options){
                                      .loop = &fx->loop,
                                      .services = &service,
                                      .service_count = 1,
                                      .spool_directory = fx->directory,
                                  }),
                     0);
    assert_int_equal(http_server_new(&fx->server,
                                     &(struct http_server_options){
                                         .loop = &fx->loop,
                                         .connections_max = 16,
                                         .header_bytes_max = 65536,
                                         .header_timeout_ms = 10000,
                                         .body_timeout_ms = 10000,
                                         .ops = &ops,
                                         .owner = fx,
                                     }),
                     0);
    assert_int_equal(http_server_listen(fx->server, STR("127.0.0.1:0"), NULL), 0);
    fx->port = http_server_port(fx->server);
    *state = fx;
    return 0;
}

static unsigned files_in(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    fx->server = http_server_free(fx->server);
    uv_close((uv_handle_t *)&fx->client_done, NULL);
    assert_int_equal(uv_run(&fx->loop, UV_RUN_DEFAULT), 0); /* what is under way comes to its end */
    fx->gate = api_gate_free(fx->gate);
    assert_int_equal(uv_run(&fx->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    assert_int_equal(files_in(fx->directory), 0); /* nothing is left behind by uploads */
    assert_int_equal(rmdir(fx->directory), 0);
    buf_deinit(&fx->answer);
    free(fx);
    return 0;
}

/* The client. */

static void *client_thread(void *arg)
{
    struct fixture *fx = arg;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(fx->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char bytes[16384];
    ssize_t n;

    if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0) {
        size_t at = 0;

        while (at < fx->request_len &&
               (n = send(sock, fx->request + at, fx->request_len - at, MSG_NOSIGNAL)) > 0)
            at += (size_t)n;
        while (!fx->hangs_up && (n = recv(sock, bytes, sizeof(bytes), 0)) > 0)
            (void)buf_append(&fx->answer, bytes, (size_t)n);
    }
    close(sock);
    (void)buf_append_char(&fx->answer, '\0');
    uv_async_send(&fx->client_done);
    return NULL;
}

/* Send a request and wait for the end of its answer, which is then text. */
static const char *exchange(struct fixture *fx, const char *request, size_t len)
{
    pthread_t thread;

    buf_clear(&fx->answer);
    fx->request = request;
    fx->request_len = len;
    assert_int_equal(pthread_create(&thread, NULL, client_thread, fx), 0);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return fx->answer.ptr;
}

static const char *ask(struct fixture *fx, const char *method, const char *target,
                       const char *headers, struct str body)
{
    struct buf request = {.len = 0};

    (void)buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s",
                     method, target, headers);
    if (str_is_set(body))
        (void)buf_printf(&request, "Content-Length: %zu\r\n", body.len);
    (void)buf_append_str(&request, STR("\r\n"));
    if (str_is_set(body))
        (void)buf_append_str(&request, body);
    assert_false(buf_failed(&request));
    (void)exchange(fx, request.ptr, request.len);
    buf_deinit(&request);
    return fx->answer.ptr;
}

static const char *body_of(const struct fixture *fx)
{
    const char *end = strstr(fx->answer.ptr, "\r\n\r\n");

    return end != NULL ? end + 4 : "";
}

static void expect(struct fixture *fx, const char *status, const char *type, const char *body)
{
    char header[128];

    if (strncmp(fx->answer.ptr, "HTTP/1.1 ", 9) != 0 || strncmp(fx->answer.ptr + 9, status, 3) != 0)
        fail_msg("want status %s, got %s", status, fx->answer.ptr);
    snprintf(header, sizeof(header), "\r\nx-amzn-ErrorType: %s\r\n", type ? type : "");
    if (type != NULL && strstr(fx->answer.ptr, header) == NULL)
        fail_msg("no %s in %s", type, fx->answer.ptr);
    if (strstr(fx->answer.ptr, "\r\nx-amzn-RequestId: ") == NULL)
        fail_msg("no request id in %s", fx->answer.ptr);
    if (body != NULL)
        assert_string_equal(body_of(fx), body);
}

/* Tests. */

#define AUTH(key, region, service)                                                                 \
    "Authorization: AWS4-HMAC-SHA256 Credential=" key "/20250101/" region "/" service              \
    "/aws4_request, SignedHeaders=host, Signature=00\r\n"

static void test_fault(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "GET", "/2015-03-31/functions/f", "", STR_NONE);
    expect(fx, "404", "ResourceNotFoundException",
           "{\"Type\":\"User\",\"Message\":\"Function not found: "
           "arn:aws:lambda:us-east-1:000000000000:function:f\"}");
    ask(fx, "PUT", "/2017-10-31/functions/f/concurrency", "",
        STR("{\"ReservedConcurrentExecutions\":1}"));
    expect(fx, "429", "TooManyRequestsException",
           "{\"Reason\":\"CallerRateLimitExceeded\",\"Type\":\"User\",\"message\":\"Rate "
           "Exceeded.\"}");
    ask(fx, "DELETE",
        "/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:f?tagKeys=a&tagKeys=b", "",
        STR_NONE);
    expect(fx, "403", "AccessDeniedException", "{\"Message\":null}");
    assert_int_equal(fx->handled, 3);
}

static void test_principal(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "GET", "/2015-03-31/functions/f", AUTH("123456789012", "eu-west-1", "lambda"),
        STR_NONE);
    assert_non_null(strstr(body_of(fx), "lambda:eu-west-1:123456789012:function:f"));
    ask(fx, "GET", "/2015-03-31/functions/f", AUTH("AKIDEXAMPLE", "eu-west-1", "lambda"), STR_NONE);
    assert_non_null(strstr(body_of(fx), "lambda:eu-west-1:000000000000:function:f"));
    ask(fx, "GET",
        "/2015-03-31/functions/"
        "f?X-Amz-Credential=123456789012%2F20250101%2Feu-west-2%2Flambda%2Faws4_request",
        "", STR_NONE);
    assert_non_null(strstr(body_of(fx), "lambda:eu-west-2:123456789012:function:f"));
}

static void test_front_door(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "GET", "/nothing/here", "", STR_NONE);
    expect(fx, "404", "UnknownOperationException", NULL);
    ask(fx, "GET", "/2015-03-31/functions/f", AUTH("AK", "eu-west-1", "s3"), STR_NONE);
    expect(fx, "404", "UnknownOperationException", NULL);
    ask(fx, "POST", "/2015-03-31/functions/f/aliases", "", STR("{}"));
    expect(fx, "400", "ValidationException", NULL); /* told apart from what is missing */
    ask(fx, "POST", "/2015-03-31/functions/f/aliases", "",
        STR("{\"Name\":\"a\",\"FunctionVersion\":\"1\"}"));
    expect(fx, "501", "NotImplementedException", NULL);
    assert_non_null(strstr(body_of(fx), "CreateAlias"));
    assert_int_equal(fx->handled, 0);
}

/* A page of another site cannot use the daemon; a signed request is not a page's. */
static void test_foreign_page(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "DELETE", "/2015-03-31/functions/f", "Origin: https://evil.example\r\n", STR_NONE);
    expect(fx, "403", "MissingAuthenticationTokenException",
           "{\"message\":\"Missing Authentication Token\"}");
    assert_int_equal(fx->handled, 0);
    ask(fx, "DELETE", "/2015-03-31/functions/f",
        "Origin: https://evil.example\r\n" AUTH("AK", "eu-west-1", "lambda"), STR_NONE);
    expect(fx, "204", NULL, "");
    ask(fx, "DELETE", "/2015-03-31/functions/f", "Origin: http://localhost\r\n", STR_NONE);
    expect(fx, "204", NULL, "");
}

static void test_validation(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "GET", "/2015-03-31/functions/f?Qualifier=a%20b", "", STR_NONE);
    expect(fx, "400", "ValidationException",
           "{\"message\":\"1 validation error detected: Value 'a b' at 'qualifier' failed to "
           "satisfy constraint: Member must satisfy regular expression pattern: "
           "\\\\$(LATEST(\\\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+\"}");
    ask(fx, "POST", "/2015-03-31/functions", "", STR("{\"Timeout\":\"5\"}"));
    expect(fx, "400", "SerializationException",
           "{\"message\":\"STRING_VALUE can not be converted to an Integer\"}");
    ask(fx, "POST", "/2015-03-31/functions", "", STR("{\"Timeout\":"));
    expect(fx, "400", "SerializationException", "{\"message\":null}");
    assert_int_equal(fx->handled, 0);
}

static void test_no_content(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "DELETE", "/2015-03-31/functions/f", "", STR_NONE);
    expect(fx, "204", NULL, "");
}

static void test_invoke(void **state)
{
    struct fixture *fx = *state;

    ask(fx, "POST", "/2015-03-31/functions/f/invocations", "X-Amzn-Trace-Id: Root=1\r\n",
        STR(" {\"a\" : 1}\n"));
    expect(fx, "200", NULL, " {\"a\" : 1}\n");
    assert_non_null(strstr(fx->answer.ptr, "\r\nX-Amz-Executed-Version: $LATEST\r\n"));
    assert_non_null(strstr(fx->answer.ptr, "\r\nX-Amzn-Trace-Id: Root=1\r\n"));
    ask(fx, "POST", "/2015-03-31/functions/f/invocations", "", STR_NONE);
    expect(fx, "200", NULL, "");
    ask(fx, "POST", "/2015-03-31/functions/f/invocations", "", STR("\x99"));
    expect(fx, "400", "InvalidRequestContentException",
           "{\"Type\":\"User\",\"message\":\"Could not parse request body into json: Could not "
           "parse payload into json: Unexpected character ((CTRL-CHAR, code 153)): expected a "
           "valid value (JSON String, Number, Array, Object or token 'null', 'true' or "
           "'false')\\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` "
           "disabled); line: 1, column: 1]\"}");
    ask(fx, "POST", "/2015-03-31/functions/bad!/invocations", "", STR("{"));
    expect(fx, "400", "ValidationException", NULL);
    assert_int_equal(fx->handled, 2);
}

static void test_invoke_too_large(void **state)
{
    static const char too_large[] = "{\"Message\":\"Request must be smaller than 6291456 bytes for "
                                    "the InvokeFunction operation\"}";
    struct fixture *fx = *state;
    struct buf chunked = {.len = 0};
    size_t len = LIMIT_PAYLOAD_SYNC_BYTES;
    char *payload = malloc(len + 1);

    memset(payload, 'a', len + 1);
    payload[0] = payload[len - 1] = '"';
    ask(fx, "POST", "/2015-03-31/functions/f/invocations", "", str_make(payload, len));
    expect(fx, "200", NULL, NULL);
    assert_int_equal(strlen(body_of(fx)), len);
    ask(fx, "POST", "/2015-03-31/functions/f/invocations", "", str_make(payload, len + 1));
    expect(fx, "413", "RequestEntityTooLargeException", too_large);
    (void)buf_printf(&chunked,
                     "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: h\r\n"
                     "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                     len + 1);
    (void)buf_append(&chunked, payload, len + 1);
    (void)buf_append_str(&chunked, STR("\r\n0\r\n\r\n"));
    (void)exchange(fx, chunked.ptr, chunked.len);
    expect(fx, "413", "RequestEntityTooLargeException", too_large);
    assert_int_equal(fx->handled, 1);
    buf_deinit(&chunked);
    free(payload);
}

static void create(struct fixture *fx, const char *zip_text)
{
    struct buf body = {.len = 0};

    (void)buf_append_str(&body, STR("{\"Code\":{\"ZipFile\":\""));
    (void)buf_append_str(&body, str_of(zip_text));
    (void)buf_append_str(&body, STR("\"},\"FunctionName\":\"f\",\"Role\":"
                                    "\"arn:aws:iam::123456789012:role/r\"}"));
    assert_false(buf_failed(&body));
    ask(fx, "POST", "/2015-03-31/functions", "", buf_str(&body));
    buf_deinit(&body);
}

static void test_upload(void **state)
{
    struct fixture *fx = *state;
    size_t len = 3 * 1024 * 1024 + 1;
    char *bytes = malloc(len);
    char *text = malloc(BASE64_TEXT_BYTES(len) + 1);
    char wanted[256], base64[DIGEST_BASE64_BYTES];
    struct digest digest;

    rand_bytes(bytes, len);
    (void)base64_encode(text, bytes, len);
    assert_int_equal(hash_bytes(&digest, bytes, len), 0);
    create(fx, text);
    snprintf(wanted, sizeof(wanted),
             "{\"FunctionName\":\"f\",\"CodeSize\":%zu,\"CodeSha256\":\"%s\"}", len,
             digest_base64(&digest, base64));
    expect(fx, "201", NULL, wanted);
    free(bytes);
    free(text);
}

static void test_small_uploads(void **state)
{
    struct fixture *fx = *state;

    create(fx, "");
    expect(fx, "201", NULL,
           "{\"FunctionName\":\"f\",\"CodeSize\":0,\"CodeSha256\":"
           "\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"}");
    create(fx, "YWJj");
    expect(fx, "201", NULL,
           "{\"FunctionName\":\"f\",\"CodeSize\":3,\"CodeSha256\":"
           "\"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\"}");
    create(fx, "YW=J");
    expect(fx, "400", "SerializationException", NULL);
    create(fx, "YWJ");
    expect(fx, "400", "SerializationException", NULL);
    assert_int_equal(fx->handled, 2);
}

/* Far too large a package still reaches the handler, which words the error; its bytes are not kept.
 */
static void test_large_upload(void **state)
{
    struct fixture *fx = *state;
    size_t len = (LIMIT_CODE_ZIPPED_BYTES + 3) / 3 * 4;
    char *text = malloc(len + 1);

    memset(text, 'A', len);
    text[len] = '\0';
    create(fx, text);
    expect(fx, "201", NULL, NULL);
    assert_non_null(strstr(body_of(fx), "\"CodeSize\":52428801,"));
    free(text);
}

/* The file goes (teardown looks), and no handler sees half a package. */
static void test_client_hangs_up(void **state)
{
    struct fixture *fx = *state;
    size_t len = 2 * 1024 * 1024;
    struct buf request = {.len = 0};
    char *text = malloc(len);

    memset(text, 'A', len);
    (void)buf_printf(&request,
                     "PUT /2015-03-31/functions/f/code HTTP/1.1\r\nHost: h\r\n"
                     "Content-Length: %zu\r\n\r\n{\"ZipFile\":\"",
                     2 * len);
    (void)buf_append(&request, text, len);
    fx->hangs_up = true;
    (void)exchange(fx, request.ptr, request.len);
    assert_int_equal(fx->handled, 0);
    buf_deinit(&request);
    free(text);
}

static void test_no_upload_folder(void **state)
{
    struct fixture *fx = *state;
    char *name = fx->directory + strlen(fx->directory) - 1;
    char last = *name;

    *name = '/'; /* a folder that is not there; the gate borrows the text */
    create(fx, "YWJj");
    *name = last;
    expect(fx, "500", NULL, "{\"Type\":\"Service\",\"Message\":\"An internal error occurred.\"}");
    assert_int_equal(fx->handled, 0);
}

static void test_large_document(void **state)
{
    struct fixture *fx = *state;
    char *text = malloc(LIMIT_API_BODY_BYTES + 1);

    memset(text, ' ', LIMIT_API_BODY_BYTES + 1);
    ask(fx, "PUT", "/2017-10-31/functions/f/concurrency", "",
        str_make(text, LIMIT_API_BODY_BYTES + 1));
    expect(fx, "413", "RequestEntityTooLargeException", NULL);
    ask(fx, "POST", "/2015-03-31/functions", "", str_make(text, LIMIT_API_BODY_BYTES + 1));
    expect(fx, "413", "RequestEntityTooLargeException", NULL); /* without the package */
    assert_int_equal(fx->handled, 0);
    free(text);
}

struct outcome {
    struct fixture *fx;
    unsigned replies, faults;
    char text[128];
};

static void on_reply(void *owner, const void *output, struct str payload)
{
    struct outcome *outcome = owner;

    (void)output;
    outcome->replies++;
    snprintf(outcome->text, sizeof(outcome->text), "%.*s", STR_FMT(payload));
    uv_stop(&outcome->fx->loop);
}

static void on_fault(void *owner, const struct api_fault *fault)
{
    struct outcome *outcome = owner;

    outcome->faults++;
    snprintf(outcome->text, sizeof(outcome->text), "%s", fault->kind->name);
    uv_stop(&outcome->fx->loop);
}

static void test_internal_call(void **state)
{
    static const struct api_call_ops ops = {.reply = on_reply, .fault = on_fault};
    struct fixture *fx = *state;
    struct outcome outcome = {.fx = fx};
    const struct api_principal principal = {STR_INIT("111111111111"), STR_INIT("us-west-2"), {0}};
    struct lambda_invocation_request in = {.function_name = STR_INIT("f"),
                                           .payload = STR_INIT("{\"x\":1}")};

    assert_int_equal(
        api_call(fx->gate, &principal, STR("lambda"), STR("Invoke"), &in, &ops, &outcome),
        API_CALL_OK);
    assert_int_equal(outcome.replies + outcome.faults, 0); /* not from inside the call */
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.replies, 1);
    assert_string_equal(outcome.text, "{\"x\":1}");
    in.function_name = STR("*");
    assert_int_equal(
        api_call(fx->gate, &principal, STR("lambda"), STR("Invoke"), &in, &ops, &outcome),
        API_CALL_OK);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.faults, 1);
    assert_string_equal(outcome.text, "ValidationException");
    assert_int_equal(
        api_call(fx->gate, &principal, STR("lambda"), STR("Nothing"), &in, &ops, &outcome),
        API_CALL_UNKNOWN);
    assert_int_equal(api_call(fx->gate, &principal, STR("sqs"), STR("Invoke"), &in, &ops, &outcome),
                     API_CALL_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fault),
        TEST(test_principal),
        TEST(test_front_door),
        TEST(test_foreign_page),
        TEST(test_validation),
        TEST(test_no_content),
        TEST(test_invoke),
        TEST(test_invoke_too_large),
        TEST(test_upload),
        TEST(test_small_uploads),
        TEST(test_large_upload),
        TEST(test_client_hangs_up),
        TEST(test_no_upload_folder),
        TEST(test_large_document),
        TEST(test_internal_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
