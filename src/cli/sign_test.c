/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include "base/buf.h"
#include "base/hash.h"
#include "cli/target.h"

/* Expected values were computed with an independent implementation (botocore's SigV4Auth). */

static struct target target_of(const char *token)
{
    return (struct target){
        .endpoint = "http://127.0.0.1:4566",
        .region = "us-east-1",
        .access_key = "AKIDEXAMPLE",
        .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        .session_token = token,
    };
}

static void check_signature(const struct sign_request *request, const char *token,
                            const char *expected)
{
    CLEANUP(buf_deinit) struct buf out = {0};
    struct target target = target_of(token);

    assert_int_equal(sign_authorization(request, &target, &out), 0);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_string_equal(out.ptr, expected);
}

static void check_get(void **state)
{
    struct sign_request request = {
        .method = "GET",
        .path = STR("/2015-03-31/functions/"),
        .query = STR("MaxItems=2"),
        .host = "127.0.0.1:4566",
        .time = "20251125T022654Z",
    };

    (void)state;
    assert_int_equal(hash_bytes(&request.body, "", 0), 0);
    check_signature(
        &request, NULL,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251125/us-east-1/lambda/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=4be2432b5e025395faccc23e27627890a992cff41fe18623ecbdbadf7c02998c");
}

static void check_encoded_path_and_token(void **state)
{
    struct sign_request request = {
        .method = "POST",
        .path = STR("/2015-03-31/functions/f%3A1/invocations"),
        .host = "127.0.0.1:4566",
        .time = "20251125T022654Z",
    };

    (void)state;
    assert_int_equal(hash_bytes(&request.body, "{\"a\":1}", 7), 0);
    check_signature(
        &request, "TOKEN",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251125/us-east-1/lambda/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=f4d05cba2ccbf491b1bda4fdfb0fadb659ebfc1035773ae96891d0414d91c5af");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_get),
        cmocka_unit_test(check_encoded_path_and_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
