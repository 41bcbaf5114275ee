/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include "base/buf.h"
#include "base/hash.h"

/* Expected values were computed with an independent implementation (botocore's SigV4Auth). */

static const struct aws_credentials credentials = {
    .access_key = STR_INIT("AKIDEXAMPLE"),
    .secret_key = STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};

#define HOST                                                                                       \
    {                                                                                              \
        STR_INIT("host"), STR_INIT("127.0.0.1:4566")                                               \
    }
#define DATE                                                                                       \
    {                                                                                              \
        STR_INIT("x-amz-date"), STR_INIT("20251125T022654Z")                                       \
    }

static void check_signature(struct aws_sign_request *request, const struct aws_header *headers,
                            size_t header_count, const char *body, const char *expected)
{
    CLEANUP(buf_deinit) struct buf out = {0};

    request->region = STR("us-east-1");
    request->time = STR("20251125T022654Z");
    request->headers = headers;
    request->header_count = header_count;
    assert_int_equal(hash_bytes(&request->body, body, strlen(body)), 0);
    assert_int_equal(aws_sign(request, &credentials, &out), 0);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_string_equal(out.ptr, expected);
}

static void check_get(void **state)
{
    static const struct aws_header headers[] = {HOST, DATE};
    struct aws_sign_request request = {
        .method = STR("GET"),
        .path = STR("/2015-03-31/functions/"),
        .query = STR("MaxItems=2"),
        .service = STR("lambda"),
    };

    (void)state;
    check_signature(
        &request, headers, 2, "",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251125/us-east-1/lambda/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=4be2432b5e025395faccc23e27627890a992cff41fe18623ecbdbadf7c02998c");
}

static void check_encoded_path_and_token(void **state)
{
    static const struct aws_header headers[] = {
        HOST, DATE, {STR_INIT("x-amz-security-token"), STR_INIT("TOKEN")}};
    struct aws_sign_request request = {
        .method = STR("POST"),
        .path = STR("/2015-03-31/functions/f%3A1/invocations"),
        .service = STR("lambda"),
    };

    (void)state;
    check_signature(
        &request, headers, 3, "{\"a\":1}",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251125/us-east-1/lambda/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=f4d05cba2ccbf491b1bda4fdfb0fadb659ebfc1035773ae96891d0414d91c5af");
}

static void check_s3(void **state)
{
    static const struct aws_header headers[] = {
        HOST,
        {STR_INIT("x-amz-content-sha256"),
         STR_INIT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")},
        DATE};
    struct aws_sign_request request = {
        .method = STR("GET"),
        .path = STR("/bucket/a%20b/%2Bc"),
        .query = STR("versionId=v%2F1"),
        .service = STR("s3"),
        .is_s3 = true,
    };

    (void)state;
    check_signature(&request, headers, 3, "",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251125/us-east-1/s3/aws4_request, "
                    "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                    "Signature=0c16589489fd26270c56aeb53ade8aaad1f7a79f62ac1511bdcf5f2f7713cbb8");
}

static void check_encoding(void **state)
{
    CLEANUP(buf_deinit) struct buf out = {0};

    (void)state;
    aws_uri_encode(&out, STR("a/b c~+\xc3\xa4"), true);
    aws_uri_encode(&out, STR("|a/b"), false);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_string_equal(out.ptr, "a/b%20c~%2B%C3%A4%7Ca%2Fb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_get),
        cmocka_unit_test(check_encoded_path_and_token),
        cmocka_unit_test(check_s3),
        cmocka_unit_test(check_encoding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
