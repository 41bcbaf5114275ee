/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/s3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Requests and answers of GetObject are the API tests'; here is the parser of the error document.
 */

static void check(const char *document, const char *code, const char *message)
{
    struct s3_error error;

    s3_error_parse(str_of(document), 418, &error);
    assert_string_equal(error.code, code);
    assert_string_equal(error.message, message);
}

static void test_documents(void **state)
{
    const char *nothing = "The store answered with HTTP status 418";

    (void)state;
    check(
        "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>It is not there.</Message>"
        "<Key>x</Key></Error>",
        "NoSuchKey", "It is not there.");
    check("<Error><Message>a &lt;b&gt; &amp;amp; &quot;c&quot; &apos;d&apos; &#65;</Message>"
          "<Code>X</Code>",
          "X", "a <b> &amp; \"c\" 'd' &#65;");
    check("<Error><Code>A</Code><Code>B</Code><Message>line\nbreak</Message>", "A", "line break");
    check("", "418", nothing);
    check("<html>no</html>", "418", nothing);
    check("<Error><Code></Code><Message></Message>", "418", nothing);
    check("<Error><Code>cut", "418", nothing);
    check("<Error><Code>X</Code><Message>cut", "X", nothing);
}

/* What is too long is cut, and an entity at the border does not reach over it. */
static void test_long_texts(void **state)
{
    char document[4096];
    struct s3_error error;
    size_t len = 0;

    (void)state;
    len += (size_t)snprintf(document, sizeof(document), "<Code>");
    memset(document + len, 'c', 1000);
    len += 1000;
    len += (size_t)snprintf(document + len, sizeof(document) - len, "</Code><Message>");
    memset(document + len, 'm', S3_ERROR_MESSAGE_BYTES - 2);
    len += S3_ERROR_MESSAGE_BYTES - 2;
    (void)snprintf(document + len, sizeof(document) - len, "&lt;&lt;</Message>");
    s3_error_parse(str_of(document), 500, &error);
    assert_int_equal(strlen(error.code), S3_ERROR_CODE_BYTES - 1);
    assert_int_equal(strlen(error.message), S3_ERROR_MESSAGE_BYTES - 1);
    assert_int_equal(error.message[S3_ERROR_MESSAGE_BYTES - 2], '<');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_long_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
