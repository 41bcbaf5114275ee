/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/client.h"

/* The signature itself is sign_test.c's. */

static const struct aws_credentials credentials = {
    .access_key = STR_INIT("KEY"),
    .secret_key = STR_INIT("secret"),
    .session_token = STR_INIT("token"),
};

/* The lines with newlines between them; the signature is cut off. */
static void lines_text(struct buf *lines)
{
    char *signature;

    for (size_t i = 0; i + 1 < lines->len; i++)
        if (lines->ptr[i] == '\0')
            lines->ptr[i] = '\n';
    signature = strstr(lines->ptr, ", Signature=");
    assert_non_null(signature);
    memmove(signature, strchr(signature, '\n'), strlen(strchr(signature, '\n')) + 1);
}

static void check(const struct aws_call *call, bool is_s3, const char *url, const char *lines)
{
    CLEANUP(buf_deinit) struct buf made_url = {0};
    CLEANUP(buf_deinit) struct buf made_lines = {0};
    const struct aws_request_options options = {
        .endpoint = STR("http://host:9000/base"),
        .service = is_s3 ? STR("s3") : STR("sqs"),
        .time = STR("20251125T022654Z"),
        .is_s3 = is_s3,
        .credentials = &credentials,
    };

    assert_int_equal(aws_request_make(call, &options, &made_url, &made_lines), 0);
    assert_int_equal(buf_append_char(&made_url, '\0'), 0);
    assert_string_equal(made_url.ptr, url);
    lines_text(&made_lines);
    assert_string_equal(made_lines.ptr, lines);
}

static void test_s3(void **state)
{
    const struct aws_call call = {
        .region = STR("eu-west-1"),
        .method = "GET",
        .path = STR("/bucket/key"),
        .query = STR("versionId=1"),
    };

    (void)state;
    check(&call, true, "http://host:9000/base/bucket/key?versionId=1",
          "host: host:9000\n"
          "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
          "x-amz-date: 20251125T022654Z\n"
          "x-amz-security-token: token\n"
          "authorization: AWS4-HMAC-SHA256 Credential=KEY/20251125/eu-west-1/s3/aws4_request, "
          "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token\n"
          "expect:");
}

/* More headers of the caller's are signed, in order. */
static void test_headers(void **state)
{
    const struct aws_header headers[] = {
        {STR("x-amz-target"), STR("AmazonSQS.SendMessage")},
        {STR("content-type"), STR("application/x-amz-json-1.0")},
    };
    const struct aws_call call = {
        .region = STR("us-east-1"),
        .method = "POST",
        .path = STR("/"),
        .headers = headers,
        .header_count = 2,
        .body = STR("{}"),
    };

    (void)state;
    check(&call, false, "http://host:9000/base/",
          "content-type: application/x-amz-json-1.0\n"
          "host: host:9000\n"
          "x-amz-date: 20251125T022654Z\n"
          "x-amz-security-token: token\n"
          "x-amz-target: AmazonSQS.SendMessage\n"
          "authorization: AWS4-HMAC-SHA256 Credential=KEY/20251125/us-east-1/sqs/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target\n"
          "expect:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s3),
        cmocka_unit_test(test_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
